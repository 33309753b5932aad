//! Which database a config names, in the shapes that people write.

use drizzle::{Credentials, MemoryFiles, credentials, env_files, read_config};

fn files(text: &str) -> MemoryFiles {
    let mut files = MemoryFiles::new([
        ("app/env.ts", "export const env = { url: process.env.URL, mode: process.env.MODE ?? 'local' };"),
        ("app/package.json", "{}"),
    ]);
    files.insert("app/drizzle.config.ts", text);
    files
}

fn read(text: &str) -> Credentials {
    let files = files(text);
    let (config, _) = read_config(&files, "app/drizzle.config.ts");
    let env = |name: &str| match name {
        "URL" => Some("postgres://set/db".to_owned()),
        "PASS" => Some("p@ss".to_owned()),
        "PORT" => Some("6000".to_owned()),
        _ => None,
    };
    credentials(&files, &config, &env)
}

#[test]
fn a_url() {
    let url = |text: &str| Credentials::Url(text.to_owned());
    for (written, expected) in [
        ("url: 'postgres://a/b'", url("postgres://a/b")),
        ("url: process.env.URL!", url("postgres://set/db")),
        ("url: process.env['URL'] as string", url("postgres://set/db")),
        ("url: process.env.GONE ?? process.env.URL", url("postgres://set/db")),
        ("url: process.env.URL || 'postgres://a/b'", url("postgres://set/db")),
        ("url: process.env.GONE || 'postgres://a/b'", url("postgres://a/b")),
        (
            "url: `postgres://me:${process.env.PASS}@h:${process.env.PORT}/d`",
            url("postgres://me:p@ss@h:6000/d"),
        ),
        ("url: Bun.env.URL", url("postgres://set/db")),
        ("url: env.url", url("postgres://set/db")),
        ("connectionString: URL", url("postgres://set/db")),
        ("url: process.env.GONE!", Credentials::Unset("GONE".to_owned())),
        ("url: made()", Credentials::Unreadable("a call of `made`".to_owned())),
    ] {
        let text = format!(
            "import {{ env }} from './env'; const {{ URL }} = process.env;
             export default defineConfig({{ dialect: 'postgresql', dbCredentials: {{ {written} }} }})"
        );
        assert_eq!(read(&text), expected, "{written}");
    }
    assert_eq!(read("export default { dialect: 'postgresql' }"), Credentials::Missing);
    assert_eq!(read("export default { dbCredentials: {} }"), Credentials::Missing);
    assert_eq!(read("export default made()"), Credentials::Unreadable("a call of `made`".to_owned()));
}

#[test]
fn parts_and_what_is_encrypted() {
    let parts = |all: &[(&'static str, &str)]| {
        Credentials::Parts(all.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
    };
    let of = |ssl: &str| {
        read(&format!(
            "export default {{ dbCredentials: {{ host: 'h', port: 5433, user: 'me', password: process.env.PASS, database: 'shop'{ssl} }} }}"
        ))
    };
    let known = [("host", "h"), ("port", "5433"), ("user", "me"), ("password", "p@ss"), ("dbname", "shop")];
    assert_eq!(of(""), parts(&known));
    for (ssl, expected) in [
        (", ssl: false", &[("sslmode", "disable")][..]),
        (", ssl: 'require'", &[("sslmode", "require")]),
        (", ssl: { rejectUnauthorized: false }", &[("sslmode", "require")]),
        (", ssl: true", &[("sslmode", "verify-full"), ("sslrootcert", "system")]),
        (", ssl: {}", &[("sslmode", "verify-full"), ("sslrootcert", "system")]),
    ] {
        assert_eq!(of(ssl), parts(&[&known[..], expected].concat()), "{ssl}");
    }
    assert!(matches!(of(", ssl: { ca: read('ca.crt') }"), Credentials::Unreadable(_)));
    let unset = read("export default { dbCredentials: { host: process.env.DB_HOST, database: 'shop' } }");
    assert_eq!(unset, Credentials::Unset("DB_HOST".to_owned()));
}

#[test]
fn files_of_variables() {
    for (text, expected) in [
        ("config({ path: '.env.local' });", &["app/.env.local"][..]),
        ("dotenv.config({ path: ['.env.local', '../.env'] });", &["app/.env.local", ".env"]),
        ("dotenv.config(); import 'dotenv/config';", &[]),
        ("other.config({ path: 'x' });", &[]),
    ] {
        let files = files(&format!("{text} export default {{ out: './drizzle' }}"));
        let (config, _) = read_config(&files, "app/drizzle.config.ts");
        assert_eq!(env_files(&files, &config), expected, "{text}");
    }
}
