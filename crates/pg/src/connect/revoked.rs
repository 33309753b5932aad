//! Lists of certificates that their signers have called back: where they lie, and what they hold.
//!
//! As for libpq they are held against the certificate of a server wherever its signer is checked, each link of the chain
//! wants a list, and one whose time is up counts for none
//! (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-SSLCRL>, `initialize_SSL` in
//! src/interfaces/libpq/fe-secure-openssl.c). Unlike there, a list that is named and can't be read is an error.

use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use std::path::{Path, PathBuf};

/// Where lists lie.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists {
    /// A file of them.
    pub file: Option<PathBuf>,
    /// A folder of such files, as `openssl rehash` names them.
    pub folder: Option<PathBuf>,
}

impl Lists {
    /// The same; where none is named, that of the user's folder, if it is there.
    pub fn or_of(self, folder: Option<&Path>) -> Lists {
        if self != Lists::default() {
            return self;
        }
        let usual = folder.map(|folder| folder.join("root.crl"));
        Lists { file: usual.filter(|usual| usual.exists()), folder: None }
    }

    /// What they hold; nothing where there are none. The error says which file can't be read.
    #[expect(clippy::disallowed_methods, reason = "an edge crate: libpq reads these files, and so does this")]
    pub fn read(&self) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
        let mut files: Vec<PathBuf> = self.file.iter().cloned().collect();
        if let Some(folder) = &self.folder {
            let bad = |error| format!("the folder {} can't be read: {error}", folder.display());
            for entry in std::fs::read_dir(folder).map_err(bad)? {
                let path = entry.map_err(bad)?.path();
                let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
                let number = kind.strip_prefix('r').unwrap_or_default();
                if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
                    files.push(path);
                }
            }
            if files.is_empty() {
                return Err(format!("there is no list in {}: openssl rehash names them", folder.display()));
            }
        }
        let mut lists = Vec::new();
        for file in &files {
            let read = CertificateRevocationListDer::pem_file_iter(file)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let read = read.map_err(|error| format!("the list {} can't be read: {error}", file.display()))?;
            if read.is_empty() {
                return Err(format!("there is no list of certificates in {}", file.display()));
            }
            lists.extend(read);
        }
        Ok(lists)
    }
}
