//! What OpenSSL, and so libpq, takes of a server's certificate and webpki does not: a name that stands in its subject
//! alone, and one that is trusted as it is though it may sign others (`openssl req -x509` makes both, as the manual has it:
//! <https://www.postgresql.org/docs/current/ssl-tcp.html#SSL-CERTIFICATE-CREATION>).

use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::asn1::{PrintableStringRef, Utf8StringRef};
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// `commonName` (RFC 4519).
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Whether a certificate is in force.
pub fn is_in_force(end: &CertificateDer<'_>, now: UnixTime) -> bool {
    let Ok(certificate) = Certificate::from_der(end) else { return false };
    let validity = certificate.tbs_certificate.validity;
    let (from, until) = (validity.not_before.to_unix_duration(), validity.not_after.to_unix_duration());
    (from.as_secs()..=until.as_secs()).contains(&now.as_secs())
}

/// Whether a certificate is made out to a host: by its alternative names, or where it has none by its subject
/// (`pq_verify_peer_name_matches_certificate_name` in fe-secure-common.c).
pub fn is_made_out_to(end: &CertificateDer<'_>, host: &ServerName<'_>) -> bool {
    let by_names =
        ParsedCertificate::try_from(end).is_ok_and(|parsed| verify_server_name(&parsed, host).is_ok());
    by_names || is_named(end, &host.to_str())
}

fn is_named(end: &CertificateDer<'_>, host: &str) -> bool {
    let Ok(certificate) = Certificate::from_der(end) else { return false };
    let about = &certificate.tbs_certificate;
    let is_name = |name: &GeneralName| matches!(name, GeneralName::DnsName(_) | GeneralName::IpAddress(_));
    match about.get::<SubjectAltName>() {
        Ok(Some((_, names))) if names.0.iter().any(is_name) => return false,
        Ok(_) => {}
        Err(_) => return false,
    }
    let parts = about.subject.0.iter().flat_map(|part| part.0.iter());
    let mut names = parts.filter(|part| part.oid == COMMON_NAME).filter_map(|part| {
        let utf8 = part.value.decode_as::<Utf8StringRef<'_>>().map(|text| text.as_str().to_owned());
        utf8.or_else(|_| {
            part.value.decode_as::<PrintableStringRef<'_>>().map(|text| text.as_str().to_owned())
        })
        .ok()
    });
    names.any(|name| fits(&name, host))
}

/// Whether a name, which may begin with `*.`, is that of a host: the star stands for one part of it.
fn fits(name: &str, host: &str) -> bool {
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    match name.strip_prefix("*.") {
        Some(rest) => {
            host.split_once('.').is_some_and(|(first, behind)| !first.is_empty() && same(rest, behind))
        }
        None => same(name, host),
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_one_part() {
        for (name, host, expected) in [
            ("db.example", "DB.example", true),
            ("*.example", "db.example", true),
            ("*.example", "a.db.example", false),
            ("*.example", "example", false),
            ("*", "db", false),
            ("db.example", "db.example.org", false),
        ] {
            assert_eq!(fits(name, host), expected, "{name} {host}");
        }
    }
}
