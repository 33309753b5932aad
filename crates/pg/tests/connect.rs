//! Connections: what comes over them, and what is said when they can't be had or are lost.

#![allow(clippy::disallowed_methods, reason = "tests write the files of servers")]

#[path = "../../../tests/servers/servers.rs"]
mod servers;

use pg::{Error, Server, Setup, connect, target};
use servers::{MAJORS, binaries, server, setup, wait};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[test]
fn rows_counts_parameters_and_notices() {
    for major in MAJORS {
        let server = server(major);
        wait(async {
            let mut connection = server.connect().await.expect("a connection");
            assert_eq!(connection.version(), server.version());
            connection
                .batch("CREATE TABLE t (a int, b jsonb); INSERT INTO t VALUES (1, NULL), (2, '{}')")
                .await
                .unwrap();
            let rows = connection.rows("SELECT a, b FROM t ORDER BY a").await.expect("rows");
            assert_eq!(
                rows,
                [vec![Some("1".to_owned()), None], vec![Some("2".to_owned()), Some("{}".to_owned())]]
            );
            let insert = "INSERT INTO t VALUES ($1, $2)";
            assert_eq!(connection.run(insert, &[Some("3"), Some("{\"x\": 1}")]).await.expect("a count"), 1);
            assert_eq!(connection.run("UPDATE t SET b = $1", &[None]).await.expect("a count"), 3);
            let error = connection.run(insert, &[Some("many"), None]).await.expect_err("no number");
            assert_eq!(error.sqlstate(), Some("22P02"), "{error}");
            connection.notices();
            connection
                .batch("DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two' USING HINT = 'h'; END $$")
                .await
                .unwrap();
            let notices = connection.notices();
            let said: Vec<_> = notices.iter().map(|notice| (&*notice.severity, &*notice.message)).collect();
            assert_eq!(said, [("NOTICE", "one"), ("WARNING", "two")]);
            assert_eq!(notices[1].hint.as_deref(), Some("h"));
            assert!(connection.notices().is_empty() && connection.pid().await.expect("a number") > 0);
            connection.close().await;
        });
    }
}

#[test]
fn a_refusal_has_the_fields_that_the_server_sends() {
    let server = server(17);
    wait(async {
        let connection = server.connect().await.expect("a connection");
        connection.batch("CREATE TABLE t (a int CONSTRAINT positive CHECK (a > 0))").await.expect("a table");
        let error = connection.batch("INSERT INTO t VALUES (-1)").await.expect_err("it is negative");
        let Error::Refused(refusal) = &error else { panic!("{error}") };
        assert_eq!((&*refusal.code, refusal.constraint.as_deref()), ("23514", Some("positive")));
        assert_eq!((refusal.schema.as_deref(), refusal.table.as_deref()), (Some("public"), Some("t")));
        let error = connection.batch("SELECT nothing FROM t").await.expect_err("no such column");
        let Error::Refused(refusal) = &error else { panic!("{error}") };
        assert_eq!((&*refusal.code, refusal.position), ("42703", Some(8)));
        // The session goes on.
        assert_eq!(connection.value("SELECT 1").await.expect("an answer").as_deref(), Some("1"));
    });
}

#[test]
fn a_connection_that_is_cut_says_what_the_server_said_last() {
    for major in MAJORS {
        let server = server(major);
        wait(async {
            let victim = server.connect().await.expect("a connection");
            let other = server.connect().await.expect("a connection");
            let pid = victim.pid().await.expect("a number");
            let sleep = victim.batch("SELECT pg_sleep(60)");
            let kill = async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                other.batch(&format!("SELECT pg_terminate_backend({pid})")).await.expect("it was there");
            };
            let (slept, ()) = tokio::join!(sleep, kill);
            let error = slept.expect_err("it was cut");
            assert!(matches!(error, Error::Lost { .. }), "{error:?}");
            assert!(
                error.to_string().contains("terminating connection due to administrator command"),
                "{error}"
            );
            let error = victim.batch("SELECT 1").await.expect_err("it is closed");
            assert!(matches!(error, Error::Lost { .. }), "{error:?}");
            assert!(victim.is_closed() && !other.is_closed());

            // The server goes away altogether.
            let (asked, ()) = tokio::join!(other.batch("SELECT pg_sleep(60)"), async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                let dir = server.dir().to_owned();
                drop(server);
                assert!(!dir.exists());
            });
            assert!(matches!(asked, Err(Error::Lost { .. })), "{asked:?}");
        });
    }
}

#[test]
fn settings_of_a_session_and_roles() {
    let server = server(14);
    wait(async {
        server
            .connect()
            .await
            .unwrap()
            .batch("CREATE ROLE app LOGIN; CREATE DATABASE shop")
            .await
            .unwrap_err();
        let connection = server.connect().await.expect("a connection");
        connection.batch("CREATE ROLE app LOGIN").await.expect("a role");
        connection.batch("CREATE DATABASE shop").await.expect("a database");
        let target = server.target("shop").as_user("app").named("a test");
        let target = target.with_settings(&[("lock_timeout", "200ms"), ("search_path", "a, \"b c\"")]);
        let connection = connect(&target).await.expect("a connection");
        for (sql, expected) in [
            ("SHOW lock_timeout", "200ms"),
            ("SHOW search_path", "a, \"b c\""),
            ("SELECT current_user", "app"),
            ("SELECT current_database()", "shop"),
            ("SHOW application_name", "a test"),
        ] {
            assert_eq!(connection.value(sql).await.expect("a value").as_deref(), Some(expected), "{sql}");
        }
        let by_url = connect(&pg::target(&server.url("shop")).expect("a URL")).await.expect("a connection");
        assert_eq!(
            by_url.value("SELECT current_database()").await.expect("a value").as_deref(),
            Some("shop")
        );
    });
}

/// A server on a port of this machine that wants passwords, and encrypts where asked to.
struct Open {
    server: Server,
    port: u16,
    signer: PathBuf,
    _dir: tempfile::TempDir,
}

fn open(major: u16, ssl: bool) -> Open {
    let dir =
        tempfile::Builder::new().permissions(PermissionsExt::from_mode(0o755)).tempdir().expect("a folder");
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let port = port.expect("a free port").port();
    let file = |name: &str| dir.path().join(name);
    std::fs::write(file("hba"), "local all all trust\nhost all all all scram-sha-256\n").expect("a file");
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut about = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    about.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let signer_key = rcgen::KeyPair::generate().expect("a key");
    let signer = about.self_signed(&signer_key).expect("a certificate");
    let issuer = rcgen::Issuer::new(about, signer_key);
    let server = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = server.signed_by(&key, &issuer).expect("a certificate");
    std::fs::write(file("signer.pem"), signer.pem()).expect("a file");
    std::fs::write(file("server.pem"), certificate.pem()).expect("a file");
    // A key that belongs to root may be readable by a group; ours belongs to the server.
    std::fs::write(file("key.pem"), key.serialize_pem()).expect("a file");
    let mut settings = vec![
        ("listen_addresses".to_owned(), "127.0.0.1".to_owned()),
        ("port".to_owned(), port.to_string()),
        ("hba_file".to_owned(), file("hba").display().to_string()),
    ];
    let plain = Server::start_with(&binaries(major), &Setup { settings: settings.clone(), ..setup() });
    let server = plain.expect("a server");
    wait(async {
        let connection = server.connect().await.expect("a connection");
        connection
            .batch("SET password_encryption = 'scram-sha-256'; CREATE ROLE app LOGIN PASSWORD 's3cret'")
            .await
            .unwrap();
    });
    if ssl {
        // The server reads its key as its own user, so it has to be put into its own folder.
        let owner = std::fs::metadata(server.dir().join("data")).expect("a folder");
        let (uid, gid) =
            (std::os::unix::fs::MetadataExt::uid(&owner), std::os::unix::fs::MetadataExt::gid(&owner));
        let key = file("key.pem");
        std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).expect("it is ours");
        std::os::unix::fs::chown(&key, Some(uid), Some(gid)).expect("it is ours");
        settings.clear();
        wait(async {
            let connection = server.connect().await.expect("a connection");
            for (name, value) in [("ssl_cert_file", file("server.pem")), ("ssl_key_file", key)] {
                connection
                    .batch(&format!("ALTER SYSTEM SET {name} = '{}'", value.display()))
                    .await
                    .expect("a setting");
            }
            connection.batch("ALTER SYSTEM SET ssl = on").await.expect("a setting");
            connection.batch("SELECT pg_reload_conf()").await.expect("a reload");
            let until = Instant::now() + Duration::from_secs(10);
            while server.connect().await.unwrap().value("SHOW ssl").await.unwrap().as_deref() != Some("on") {
                assert!(Instant::now() < until, "{}", server.log(20));
            }
        });
    }
    Open { port, signer: file("signer.pem"), _dir: dir, server }
}

async fn by(url: &str) -> Result<String, Error> {
    let connection = connect(&target(url)?).await?;
    let sql = "SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid()";
    Ok(connection.value(sql).await?.unwrap_or_default())
}

#[test]
fn who_is_not_let_in_is_told_why() {
    let open = open(16, false);
    let port = open.port;
    wait(async {
        assert_eq!(
            by(&format!("postgres://app:s3cret@127.0.0.1:{port}/postgres")).await.expect("let in"),
            "f"
        );
        for (url, expected) in [
            (format!("postgres://app:wrong@127.0.0.1:{port}/postgres"), "password authentication failed"),
            (format!("postgres://app@127.0.0.1:{port}/postgres"), "password"),
            (format!("postgres://nobody-knows:x@127.0.0.1:{port}/postgres"), "nobody-knows"),
        ] {
            let error = by(&url).await.expect_err("not let in");
            assert!(matches!(error, Error::Auth { .. }), "{url}: {error:?}");
            assert!(error.to_string().contains(expected) && !error.to_string().contains("wrong"), "{error}");
        }
        let error =
            by(&format!("postgres://app:s3cret@127.0.0.1:{port}/nowhere")).await.expect_err("no database");
        assert!(matches!(&error, Error::NoDatabase { database, .. } if database == "nowhere"), "{error:?}");
        let error = by(&format!("postgres://app:s3cret@127.0.0.1:{port}/postgres?sslmode=require")).await;
        let error = error.expect_err("no encryption there");
        assert!(error.to_string().contains("sslmode=prefer"), "{error:?}");
        // Role and database of the same name, as for psql.
        open.server.connect().await.unwrap().batch("CREATE DATABASE app").await.expect("a database");
        assert_eq!(target(&format!("postgres://app@127.0.0.1:{port}")).unwrap().database(), "app");
        by(&format!("postgres://app:s3cret@127.0.0.1:{port}")).await.expect("let in");
    });
}

#[test]
fn encryption_is_as_the_url_asks_for() {
    let open = open(17, true);
    let (port, signer) = (open.port, open.signer.display().to_string());
    let url = |host: &str, query: &str| format!("postgres://app:s3cret@{host}:{port}/postgres?{query}");
    wait(async {
        for (host, query, expected) in [
            ("localhost", "sslmode=disable", "f".to_owned()),
            ("localhost", "", "t".to_owned()),
            ("localhost", "sslmode=prefer", "t".to_owned()),
            ("127.0.0.1", "sslmode=require", "t".to_owned()),
            ("127.0.0.1", &format!("sslmode=verify-ca&sslrootcert={signer}"), "t".to_owned()),
            ("localhost", &format!("sslmode=verify-full&sslrootcert={signer}"), "t".to_owned()),
        ] {
            assert_eq!(by(&url(host, query)).await.expect(query), expected, "{host} {query}");
        }
        for (host, query, expected) in [
            ("127.0.0.1", &*format!("sslmode=verify-full&sslrootcert={signer}"), "not valid for"),
            ("localhost", "sslmode=verify-full", "certificate"),
            ("localhost", "sslmode=verify-full&sslrootcert=/nowhere.pem", "/nowhere.pem can't be read"),
        ] {
            let error = by(&url(host, query)).await.expect_err(query);
            assert!(matches!(error, Error::Tls { .. }), "{query}: {error:?}");
            assert!(error.to_string().contains(expected), "{query}: {error}");
        }
    });
}

#[test]
fn where_nobody_listens_is_said_at_once() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let port = port.expect("a free port").port();
    wait(async {
        for (url, expected) in [
            (format!("postgres://u@127.0.0.1:{port}/d"), "Connection refused"),
            ("postgres://u@no-such-host.invalid/d".to_owned(), "no-such-host.invalid"),
            ("postgres://u@/d?host=/nowhere/at/all".to_owned(), "No such file"),
        ] {
            let error = by(&url).await.expect_err("nobody is there");
            assert!(matches!(error, Error::Unreachable { .. }), "{url}: {error:?}");
            assert!(error.to_string().contains(expected), "{error}");
        }
    });
}

/// Takes connections and never says a word.
#[test]
fn who_never_answers_is_not_waited_for_without_end() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("a port").port();
    let started = Instant::now();
    let error = wait(by(&format!("postgres://u@127.0.0.1:{port}/d?connect_timeout=1&sslmode=disable")));
    let error = error.expect_err("nobody answers");
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}
