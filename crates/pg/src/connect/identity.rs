//! The certificate by which a client proves who it is, and its key: where they lie, and whether the key may be used.
//!
//! <https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-CLIENTCERT>. Keys with a passphrase can't be read.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};

/// The files of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its certificate, and those between it and a signer that the server knows.
    pub certificate: PathBuf,
    /// The key that goes with it.
    pub key: PathBuf,
}

/// The files that are named, or else those of the user's folder, where there are any.
pub fn identity(
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    folder: Option<&Path>,
) -> Option<Identity> {
    let usual = |name: &str| folder.map(|folder| folder.join(name));
    let certificate =
        certificate.or_else(|| usual("postgresql.crt").filter(|certificate| certificate.exists()))?;
    let key = key.or_else(|| usual("postgresql.key"));
    Some(Identity { key: key.unwrap_or_else(|| certificate.with_extension("key")), certificate })
}

impl Identity {
    /// What the files hold. The error says which of them is wrong, and what to do.
    pub fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), (String, String)> {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        let bad = |why: String, cure: &str| (why, cure.to_owned());
        let read =
            CertificateDer::pem_file_iter(&self.certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain = read.map_err(|error| {
            bad(
                format!("the certificate {certificate} can't be read: {error}"),
                "sslcert=FILE names another one",
            )
        })?;
        if chain.is_empty() {
            return Err(bad(
                format!("there is no certificate in {certificate}"),
                "sslcert=FILE names another one",
            ));
        }
        if let Some(why) = open_to_others(&self.key) {
            let cure = format!("chmod 600 {key}");
            return Err((format!("the key {key} is not used: {why}"), cure));
        }
        let read = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| match error {
            rustls::pki_types::pem::Error::NoItemsFound => bad(
                format!("there is no key in {key} that can be read"),
                "a key with a passphrase can't be: openssl pkey writes it without one",
            ),
            error => bad(format!("the key {key} can't be read: {error}"), "sslkey=FILE names another one"),
        })?;
        Ok((chain, read))
    }
}

/// Why a key is open to others than its owner, as libpq sees it: one of root's may be read by a group.
#[cfg(unix)]
fn open_to_others(key: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let about = key.metadata().ok()?;
    let limit = if about.uid() == 0 { 0o037 } else { 0o077 };
    (about.mode() & limit != 0).then(|| format!("others may read it (mode {:o})", about.mode() & 0o777))
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> Option<String> {
    None
}
