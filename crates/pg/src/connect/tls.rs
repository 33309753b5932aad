//! Encryption, and opening what is to be encrypted or not. Certificates of servers are checked as
//! far as the URL asks for it; clients have none.

use super::connection::{Connection, spawned};
use super::failure;
use super::target::{Check, Target};
use crate::Error;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::Arc;
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Opens a connection, encrypted or not, and sets it going.
pub async fn open(target: &Target) -> Result<Connection, Error> {
    let failed = |error| failure::to_connect(target, &error);
    if target.config.get_ssl_mode() == SslMode::Disable {
        let (client, connection) = target.config.connect(NoTls).await.map_err(failed)?;
        return Ok(spawned(target, client, connection));
    }
    let tls = MakeRustlsConnect::new(config(target)?);
    let (client, connection) = target.config.connect(tls).await.map_err(failed)?;
    Ok(spawned(target, client, connection))
}

fn config(target: &Target) -> Result<ClientConfig, Error> {
    let bad = |why: String| Error::Tls {
        host: target.host(),
        why,
        cure: "name the certificate of the signer: sslrootcert=FILE in the database URL".to_owned(),
    };
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| bad(error.to_string()))?;
    let signers = match target.check {
        Check::Nothing => None,
        Check::Signer | Check::Host => {
            let roots = Arc::new(roots(target.roots.as_deref()).map_err(bad)?);
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
            Some(verifier.map_err(|error| bad(error.to_string()))?)
        }
    };
    let any_host = target.check != Check::Host;
    let verifier = Arc::new(AsAsked { signers, any_host, provider });
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// The signers to trust: those of a file, or those of this system.
fn roots(file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    let from = file.map_or("the certificates of this system".to_owned(), |file| file.display().to_string());
    match file {
        Some(file) => {
            let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let read = read.map_err(|error| format!("{from} can't be read: {error}"))?;
            store.add_parsable_certificates(read);
        }
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if store.is_empty() { Err(format!("there is no certificate in {from}")) } else { Ok(store) }
}

/// Checks of a certificate what the URL asks for; signatures of the handshake always.
#[derive(Debug)]
struct AsAsked {
    signers: Option<Arc<WebPkiServerVerifier>>,
    any_host: bool,
    provider: Arc<CryptoProvider>,
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
            )) if self.any_host => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        end: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, end, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        end: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, end, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
