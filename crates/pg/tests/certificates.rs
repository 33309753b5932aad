//! Certificates of clients, password files, and which connections are encrypted, on servers that insist on one or the
//! other.

#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests write the files of servers")]

#[path = "../../../tests/servers/servers.rs"]
mod servers;

use pg::{Error, Server, Setup, connect, target_in};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationListParams, DnType, IsCa, Issuer,
    KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber, date_time_ymd,
};
use servers::{binaries, setup, wait};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Who gets in, and by what: a certificate alone, one beside a password, a password, only unencrypted, only encrypted.
const HBA: &str = "local all all trust\n\
                   hostssl all app 127.0.0.1/32 cert\n\
                   hostssl all both 127.0.0.1/32 scram-sha-256 clientcert=verify-full\n\
                   host all word 127.0.0.1/32 scram-sha-256\n\
                   hostnossl all open 127.0.0.1/32 trust\n\
                   hostssl all hidden 127.0.0.1/32 trust\n";

/// A server that encrypts, and the folder of a user with certificates by their owner's name.
struct Place {
    server: Server,
    port: u16,
    dir: tempfile::TempDir,
}

/// Somebody who signs.
struct Signer(Issuer<'static, KeyPair>, Certificate);

fn signer(name: &str) -> Signer {
    let mut about = CertificateParams::new(Vec::new()).expect("no names");
    about.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    about.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key");
    let certificate = about.self_signed(&key).expect("a certificate");
    Signer(Issuer::new(about, key), certificate)
}

impl Signer {
    /// A certificate and its key, in a folder.
    fn writes(&self, dir: &Path, file: &str, name: &str) {
        let mut about = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        about.distinguished_name = rcgen::DistinguishedName::new();
        about.distinguished_name.push(DnType::CommonName, name);
        about.serial_number = Some(serial(file));
        let key = KeyPair::generate().expect("a key");
        let certificate = about.signed_by(&key, &self.0).expect("a certificate");
        std::fs::write(dir.join(format!("{file}.crt")), certificate.pem()).expect("a file");
        write(&dir.join(format!("{file}.key")), &key.serialize_pem(), 0o600);
    }
}

fn serial(file: &str) -> SerialNumber {
    SerialNumber::from_slice(file.as_bytes())
}

impl Signer {
    /// A list of certificates that are called back, which is in force until the end of a year.
    fn lists(&self, file: &Path, called_back: &[&str], year: i32) {
        let revoked = |file: &&str| RevokedCertParams {
            serial_number: serial(file),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(year, 12, 31),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: called_back.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&self.0).expect("a list").pem().expect("a text");
        std::fs::write(file, list).expect("a file");
    }
}

fn write(file: &Path, text: &str, mode: u32) {
    std::fs::write(file, text).expect("a file");
    std::fs::set_permissions(file, PermissionsExt::from_mode(mode)).expect("it is ours");
}

fn place(major: u16) -> Place {
    let dir =
        tempfile::Builder::new().permissions(PermissionsExt::from_mode(0o755)).tempdir().expect("a folder");
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let port = port.expect("a free port").port();
    let file = |name: &str| dir.path().join(name);
    let (ours, other) = (signer("ours"), signer("another"));
    std::fs::write(file("hba"), HBA).expect("a file");
    std::fs::write(file("root.pem"), ours.1.pem()).expect("a file");
    ours.writes(dir.path(), "server", "localhost");
    let settings = [
        ("listen_addresses", "127.0.0.1"),
        ("port", &port.to_string()),
        ("hba_file", &file("hba").display().to_string()),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let server = Server::start_with(&binaries(major), &Setup { settings, ..setup() }).expect("a server");
    let owner = std::fs::metadata(server.dir().join("data")).expect("a folder");
    chown(file("server.key"), Some(owner.uid()), Some(owner.gid())).expect("it is ours");
    for name in ["app", "both", "stranger"] {
        ours.writes(dir.path(), name, name);
    }
    other.writes(dir.path(), "other", "app");
    for (name, called_back, year) in
        [("app.crl", "app", 2999), ("server.crl", "server", 2999), ("old.crl", "app", 2021)]
    {
        ours.lists(&file(name), &[called_back], year);
    }
    other.lists(&file("other.crl"), &[], 2999);
    wait(async {
        let connection = server.connect().await.expect("a connection");
        let roles = "SET password_encryption = 'scram-sha-256'; CREATE ROLE app LOGIN; CREATE ROLE open LOGIN; \
                     CREATE ROLE hidden LOGIN; CREATE ROLE \"both\" LOGIN PASSWORD 's3cret'; CREATE ROLE word LOGIN PASSWORD 's3:cret'";
        connection.batch(roles).await.expect("roles");
        for (name, value) in
            [("ssl_cert_file", "server.crt"), ("ssl_key_file", "server.key"), ("ssl_ca_file", "root.pem")]
        {
            let set = format!("ALTER SYSTEM SET {name} = '{}'", file(value).display());
            connection.batch(&set).await.expect("a setting");
        }
        connection.batch("ALTER SYSTEM SET ssl = on").await.expect("a setting");
        connection.batch("SELECT pg_reload_conf()").await.expect("a reload");
        let until = Instant::now() + Duration::from_secs(10);
        while server.connect().await.expect("one").value("SHOW ssl").await.expect("on").as_deref()
            != Some("on")
        {
            assert!(Instant::now() < until, "{}", server.log(20));
        }
    });
    Place { server, port, dir }
}

impl Place {
    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Whether the connection is encrypted, and by whose certificate.
    fn by(&self, user: &str, query: &str, env: &[(&str, &str)]) -> Result<String, Error> {
        let url = format!("postgres://{user}@localhost:{}/postgres?{query}", self.port);
        let set =
            |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let target = target_in(&url, &set)?;
        wait(async {
            let sql =
                "SELECT ssl || ' ' || coalesce(client_dn, '') FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            Ok(connect(&target).await?.value(sql).await?.unwrap_or_default())
        })
    }

    /// The parameters that name a certificate and its key.
    fn files(&self, certificate: &str, key: &str) -> String {
        let path = |name: &str| self.at(name).display().to_string();
        format!("sslmode=require&sslcert={}&sslkey={}", path(certificate), path(key))
    }

    #[track_caller]
    fn refuses(&self, user: &str, query: &str, env: &[(&str, &str)], pieces: &[&str]) {
        let said = self.by(user, query, env).expect_err("it is refused").to_string();
        for piece in pieces {
            assert!(said.contains(piece), "no {piece:?} in {said}");
        }
        assert!(!said.contains("cret") && !said.contains("BEGIN"), "{said}");
    }
}

impl Place {
    /// The server shows another certificate from now on, signed by itself and with no name but that of its subject, as
    /// `openssl req -x509` makes them.
    fn shows_its_own(&self, name: &str) {
        let own = signer(name);
        let owner = std::fs::metadata(self.at("server.key")).expect("a file");
        std::fs::write(self.at("server.crt"), own.1.pem()).expect("a file");
        write(&self.at("server.key"), &own.0.key().serialize_pem(), 0o600);
        chown(self.at("server.key"), Some(owner.uid()), Some(owner.gid())).expect("it is ours");
        wait(async {
            let connection = self.server.connect().await.expect("a connection");
            connection.batch("SELECT pg_reload_conf()").await.expect("a reload");
        });
    }

    /// What it is refused for at last: a server reads its settings anew in its own time.
    fn until<T>(&self, query: &str, mut is: impl FnMut(&Result<String, Error>) -> Option<T>) -> T {
        let query = format!("{query}&sslrootcert={}", self.at("server.crt").display());
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let ended = self.by("hidden", &query, &[]);
            match is(&ended) {
                Some(found) => return found,
                None => assert!(Instant::now() < until, "{ended:?}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn certificates_of_servers_as_the_manual_makes_them() {
    let place = place(16);
    place.shows_its_own("localhost");
    assert_eq!(place.until("sslmode=verify-full", |ended| ended.as_ref().ok().cloned()), "true ");
    place.shows_its_own("elsewhere");
    assert_eq!(place.until("sslmode=verify-ca", |ended| ended.as_ref().ok().cloned()), "true ");
    let said = place.until("sslmode=verify-full", |ended| Some(ended.as_ref().err()?.to_string()));
    assert!(said.contains("it is made out to another host"), "{said}");
}

#[test]
fn certificates_of_clients() {
    for major in [13, 18] {
        let place = place(major);
        let files = place.files("app.crt", "app.key");
        assert_eq!(place.by("app", &files, &[]).expect("let in"), "true /CN=app");
        let full = format!(
            "{}&sslrootcert={}",
            files.replace("require", "verify-full"),
            place.at("root.pem").display()
        );
        assert_eq!(place.by("app", &full, &[]).expect("let in"), "true /CN=app");
        assert_eq!(
            place.by("both:s3cret", &place.files("both.crt", "both.key"), &[]).expect("let in"),
            "true /CN=both"
        );
        // As variables say, or where libpq keeps them.
        let (certificate, key) =
            (place.at("app.crt").display().to_string(), place.at("app.key").display().to_string());
        let env = [("PGSSLCERT", certificate.as_str()), ("PGSSLKEY", key.as_str()), ("PGSSLMODE", "require")];
        assert_eq!(place.by("app", "", &env).expect("let in"), "true /CN=app");
        let home = place.at("home");
        std::fs::create_dir_all(home.join(".postgresql")).expect("a folder");
        for (from, to) in
            [("app.crt", "postgresql.crt"), ("app.key", "postgresql.key"), ("root.pem", "root.crt")]
        {
            std::fs::copy(place.at(from), home.join(".postgresql").join(to)).expect("it is copied");
        }
        let env = [("HOME", home.to_str().expect("a name"))];
        assert_eq!(place.by("app", "", &env).expect("let in"), "true /CN=app");
        assert_eq!(place.by("app", "sslmode=verify-full", &env).expect("let in"), "true /CN=app");

        place.refuses(
            "app",
            "sslmode=require",
            &[],
            &["requires a valid client certificate", "sslcert=FILE&sslkey=FILE", "PGSSLCERT"],
        );
        place.refuses(
            "app",
            "sslcertmode=disable&sslmode=require",
            &env,
            &["requires a valid client certificate"],
        );
        place.refuses(
            "app",
            &place.files("stranger.crt", "stranger.key"),
            &[],
            &["certificate authentication failed"],
        );
        let said = ["the server refuses the certificate", "other.crt", "ssl_ca_file"];
        place.refuses("app", &place.files("other.crt", "other.key"), &[], &said);
        place.refuses(
            "app",
            &place.files("app.crt", "both.key"),
            &[],
            &["app.crt", "both.key", "belong together"],
        );
        place.refuses(
            "app",
            &place.files("none.crt", "app.key"),
            &[],
            &["none.crt can't be read", "sslcert=FILE"],
        );
        place.refuses(
            "app",
            &place.files("app.crt", "none.key"),
            &[],
            &["none.key can't be read", "sslkey=FILE"],
        );
        let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        write(&place.at("locked.key"), locked, 0o600);
        place.refuses("app", &place.files("app.crt", "locked.key"), &[], &["no key in", "passphrase"]);
        write(&place.at("open.key"), &std::fs::read_to_string(place.at("app.key")).expect("a key"), 0o644);
        place.refuses(
            "app",
            &place.files("app.crt", "open.key"),
            &[],
            &["others may read it (mode 644)", "chmod 600"],
        );
    }
}

#[test]
fn encryption_and_passwords_as_libpq_has_them() {
    for major in [14, 17] {
        let place = place(major);
        // What the server insists on is found by trying the other way.
        for (user, mode, expected) in [
            ("open", "prefer", "false "),
            ("open", "allow", "false "),
            ("hidden", "allow", "true "),
            ("hidden", "prefer", "true "),
        ] {
            assert_eq!(
                place.by(user, &format!("sslmode={mode}"), &[]).expect(mode),
                expected,
                "{user} {mode}"
            );
        }
        place.refuses("open", "sslmode=require", &[], &["pg_hba.conf"]);
        place.refuses("hidden", "sslmode=disable", &[], &["pg_hba.conf"]);
        let direct = "sslmode=require&sslnegotiation=direct";
        match major {
            17 => assert_eq!(place.by("hidden", direct, &[]).expect("let in"), "true "),
            _ => place.refuses("hidden", direct, &[], &["sslnegotiation=direct wants PostgreSQL 17"]),
        }
        let root = format!("sslrootcert={}", place.at("root.pem").display());
        assert_eq!(place.by("hidden", &format!("sslmode=require&{root}"), &[]).expect("let in"), "true ");
        place.refuses("hidden", "sslrootcert=system", &[], &["certificate"]);

        let file = place.at("passwords");
        let (line, named) =
            (format!("localhost:{}:postgres:word:s3\\:cret\n", place.port), file.display().to_string());
        write(&file, &line, 0o600);
        let env = [("PGPASSFILE", named.as_str())];
        assert_eq!(place.by("word", "sslmode=disable", &env).expect("let in"), "false ");
        assert_eq!(
            place.by("word", &format!("sslmode=disable&passfile={named}"), &[]).expect("let in"),
            "false "
        );
        let home = [("HOME", place.dir.path().to_str().expect("a name"))];
        write(&place.at(".pgpass"), &line, 0o600);
        assert_eq!(place.by("word", "sslmode=disable", &home).expect("let in"), "false ");
        write(&file, &line, 0o640);
        let said = ["password missing", "passwords is passed over: others may read it", "chmod 600"];
        place.refuses("word", "sslmode=disable", &env, &said);
        write(&file, &line.replace("s3", "s4"), 0o600);
        place.refuses("word", "sslmode=disable", &env, &["password authentication failed"]);
    }
}

#[test]
fn certificates_that_were_called_back() {
    let place = place(16);
    let root = place.at("root.pem").display().to_string();
    let with = |mode: &str, list: &str| {
        format!(
            "sslmode={mode}&sslrootcert={root}&{}",
            list.replace('=', &format!("={}/", place.dir.path().display()))
        )
    };
    for mode in ["require", "verify-ca", "verify-full"] {
        assert_eq!(place.by("hidden", &with(mode, "sslcrl=app.crl"), &[]).expect("let in"), "true ");
        place.refuses(
            "hidden",
            &with(mode, "sslcrl=server.crl"),
            &[],
            &["Revoked", "called it back (sslcrl)"],
        );
    }
    place.refuses(
        "hidden",
        &with("verify-full", "sslcrl=old.crl"),
        &[],
        &["xpired", "a list that is in force"],
    );
    place.refuses(
        "hidden",
        &with("verify-full", "sslcrl=other.crl"),
        &[],
        &["Revocation", "a list that is in force"],
    );
    place.refuses(
        "hidden",
        &with("verify-full", "sslcrl=none.crl"),
        &[],
        &["none.crl can't be read", "sslcrl=FILE"],
    );
    place.refuses(
        "hidden",
        &with("verify-full", "sslcrl=root.pem"),
        &[],
        &["no list of certificates in", "root.pem"],
    );
    // Nobody asks who signed it.
    assert_eq!(
        place
            .by("hidden", &with("require", "sslcrl=server.crl").replace("sslrootcert", "x"), &[])
            .expect("in"),
        "true "
    );

    // A folder of lists, variables, and the place where libpq keeps one.
    place.refuses("hidden", &with("verify-full", "sslcrldir=lists"), &[], &["lists can't be read"]);
    std::fs::create_dir(place.at("lists")).expect("a folder");
    place.refuses("hidden", &with("verify-full", "sslcrldir=lists"), &[], &["no list in", "openssl rehash"]);
    std::fs::copy(place.at("server.crl"), place.at("lists").join("5ad8a5d6.r0")).expect("it is copied");
    place.refuses("hidden", &with("verify-full", "sslcrldir=lists"), &[], &["Revoked"]);
    let list = place.at("server.crl").display().to_string();
    let env = [("PGSSLCRL", list.as_str()), ("PGSSLROOTCERT", root.as_str()), ("PGSSLMODE", "verify-full")];
    place.refuses("hidden", "", &env, &["Revoked"]);
    let home = place.at("home").join(".postgresql");
    std::fs::create_dir_all(&home).expect("a folder");
    std::fs::copy(place.at("root.pem"), home.join("root.crt")).expect("it is copied");
    let home_of = place.at("home");
    let env = [("HOME", home_of.to_str().expect("a name"))];
    assert_eq!(place.by("hidden", "sslmode=verify-full", &env).expect("let in"), "true ");
    std::fs::copy(place.at("server.crl"), home.join("root.crl")).expect("it is copied");
    place.refuses("hidden", "sslmode=verify-full", &env, &["Revoked"]);
}
