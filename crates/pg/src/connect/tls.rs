//! Encryption, and opening what is to be encrypted or not. Certificates of servers are checked as
//! far as the URL asks for it, and ours is sent where there is one and the server asks for it.

use super::certificate::{is_in_force, is_made_out_to};
use super::connection::{Connection, spawned};
use super::failure;
use super::target::{Check, Mode, Target};
use crate::Error;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::Arc;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Opens a connection, encrypted or not, and sets it going. As for libpq, `prefer` and `allow` try the other way where
/// the server does not let us in by the first.
pub async fn open(target: &Target) -> Result<Connection, Error> {
    match target.mode {
        Mode::Disable => plain(target).await,
        Mode::Require => encrypted(target, SslMode::Require).await,
        Mode::Prefer => match encrypted(target, SslMode::Prefer).await {
            Err(first) if is_of_encryption(&first) => plain(target).await.or(Err(first)),
            opened => opened,
        },
        Mode::Allow => match plain(target).await {
            Err(first) if is_of_encryption(&first) => {
                encrypted(target, SslMode::Require).await.or(Err(first))
            }
            opened => opened,
        },
    }
}

/// Whether another way might let us in.
fn is_of_encryption(error: &Error) -> bool {
    match error {
        Error::Tls { .. } => true,
        Error::Auth { why, .. } => why.contains("pg_hba.conf"),
        _ => false,
    }
}

async fn plain(target: &Target) -> Result<Connection, Error> {
    let opened = with_mode(target, SslMode::Disable).connect(NoTls).await;
    let (client, connection) = opened.map_err(|error| failure::to_connect(target, &error))?;
    Ok(spawned(target, client, connection))
}

async fn encrypted(target: &Target, mode: SslMode) -> Result<Connection, Error> {
    let tls = MakeRustlsConnect::new(config(target)?);
    let opened = with_mode(target, mode).connect(tls).await;
    let (client, connection) = opened.map_err(|error| failure::to_connect(target, &error))?;
    Ok(spawned(target, client, connection))
}

fn with_mode(target: &Target, mode: SslMode) -> Config {
    let mut config = target.config.clone();
    config.ssl_mode(mode);
    config
}

fn config(target: &Target) -> Result<ClientConfig, Error> {
    let tls = |why: String, cure: String| Error::Tls { host: target.host(), why, cure };
    let bad = |why: String| tls(why, "name the certificate of the signer: sslrootcert=FILE".to_owned());
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| bad(error.to_string()))?;
    let mut trusted = Vec::new();
    let signers = match target.check {
        Check::Nothing => None,
        Check::Signer | Check::Host => {
            trusted = signed_by(target.roots.as_deref()).map_err(bad)?;
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(trusted.iter().cloned());
            let mut verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone());
            let lists = target.revoked.read();
            let lists =
                lists.map_err(|why| tls(why, "sslcrl=FILE or sslcrldir=DIR names others".to_owned()))?;
            if !lists.is_empty() {
                verifier = verifier.with_crls(lists).enforce_revocation_expiration();
            }
            Some(verifier.build().map_err(|error| bad(error.to_string()))?)
        }
    };
    let any_host = target.check != Check::Host;
    let verifier = Arc::new(AsAsked { signers, trusted, any_host, provider });
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = match &target.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (chain, key) = identity.read().map_err(|(why, cure)| tls(why, cure))?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                let (certificate, key) = (identity.certificate.display(), identity.key.display());
                let why = format!("the certificate {certificate} and the key {key} can't be used: {error}");
                tls(why, "sslcert=FILE and sslkey=FILE name two that belong together".to_owned())
            })?
        }
    };
    // Without it a server that is spoken to at once (sslnegotiation=direct) hangs up.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(config)
}

/// The certificates to trust: those of a file, or those of this system.
fn signed_by(file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, String> {
    let from = file.map_or("the certificates of this system".to_owned(), |file| file.display().to_string());
    let found = match file {
        Some(file) => {
            let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            read.map_err(|error| format!("{from} can't be read: {error}"))?
        }
        None => rustls_native_certs::load_native_certs().certs,
    };
    if found.is_empty() { Err(format!("there is no certificate in {from}")) } else { Ok(found) }
}

/// Checks of a certificate what the URL asks for; signatures of the handshake wherever the certificate can be read.
#[derive(Debug)]
struct AsAsked {
    signers: Option<Arc<WebPkiServerVerifier>>,
    /// What the signers' names stand for.
    trusted: Vec<CertificateDer<'static>>,
    any_host: bool,
    provider: Arc<CryptoProvider>,
}

impl AsAsked {
    /// Where nothing is asked of the certificate, one that can't be read (of X.509 version 1) proves no less than another:
    /// whoever stands in between could show one of his own.
    fn unless_unread(
        &self,
        result: Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match result {
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(_))) if self.signers.is_none() => {
                Ok(HandshakeSignatureValid::assertion())
            }
            other => other,
        }
    }
}

impl ServerCertVerifier for AsAsked {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(signers) = &self.signers else { return Ok(ServerCertVerified::assertion()) };
        match signers.verify_server_cert(end, between, name, ocsp, now) {
            // The name is checked after the signature, so all else is right by then.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.any_host || is_made_out_to(end, name) => Ok(ServerCertVerified::assertion()),
            // It may sign others, and is trusted itself.
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(_)))
                if self.trusted.contains(end) && is_in_force(end, now) =>
            {
                match self.any_host || is_made_out_to(end, name) {
                    true => Ok(ServerCertVerified::assertion()),
                    false => Err(CertificateError::NotValidForName.into()),
                }
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        end: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        self.unless_unread(verify_tls12_signature(message, end, signed, known))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        end: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        self.unless_unread(verify_tls13_signature(message, end, signed, known))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
