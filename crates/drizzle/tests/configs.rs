//! Configs in the shapes that people write them.

mod common;

use common::expect;
use drizzle::{Config, Dialect, MemoryFiles, Prefix, Setting, read_config};
use source::Diagnostic;

fn read(text: &str) -> (Config, Vec<Diagnostic>) {
    let mut files = MemoryFiles::new([
        (
            "app/base.ts",
            "export const OUT = './from-base'; export const shared = { dialect: 'postgresql', out: OUT }; export default shared",
        ),
        ("app/settings.json", "{\"out\":\"./json-out\"}"),
        ("app/package.json", "{}"),
    ]);
    files.insert("app/drizzle.config.ts", text);
    read_config(&files, "./app/drizzle.config.ts")
}

#[test]
fn out_in_many_shapes() {
    let cases = [
        ("export default defineConfig({ dialect: 'postgresql', out: './drizzle' })", "app/drizzle"),
        ("export default { out: `./mig/${'a'}` } satisfies Config", "app/mig/a"),
        ("export default <Config>({ out: 'a' + '/' + 'b' } as Config)", "app/a/b"),
        ("const config: Config = { out: 'x' }; export default config", "app/x"),
        ("const config = { out: 'x' }; export { config as default }", "app/x"),
        ("module.exports = { out: 'x' }", "app/x"),
        ("export = { out: 'x' }", "app/x"),
        ("exports.default = { out: 'x' }", "app/x"),
        ("const dir = 'db'; export default { out: path.join(dir, '..', 'mig') }", "app/mig"),
        ("export default { out: path.resolve(__dirname, '../mig') }", "mig"),
        ("export default { out: resolve(import.meta.dirname, 'mig') }", "app/mig"),
        ("export default { out: path.join(process.cwd(), 'mig') }", "app/mig"),
        (
            "const here = dirname(fileURLToPath(import.meta.url)); export default { out: join(here, 'mig') }",
            "app/mig",
        ),
        ("export default { out: new URL('./mig', import.meta.url).pathname }", "app/mig"),
        ("export default { out: `${__dirname}/mig` }", "app/mig"),
        ("export default { out: process.env.OUT ?? 'mig' }", "app/mig"),
        ("export default { out: (process.env['OUT'] as string) || 'mig' }", "app/mig"),
        ("const { OUT } = process.env; export default { out: OUT ?? 'mig' }", "app/mig"),
        ("const base = { out: 'a', schema: 's' }; export default { ...base, out: 'b' }", "app/b"),
        ("const base = { out: 'a' }; export default { out: 'b', ...base }", "app/a"),
        ("import { OUT } from './base'; export default { out: OUT }", "app/from-base"),
        ("import base from './base.js'; export default { ...base }", "app/from-base"),
        ("import * as base from './base'; export default { out: base.OUT }", "app/from-base"),
        ("const { shared } = require('./base'); module.exports = shared", "app/from-base"),
        ("export { default } from './base'", "app/from-base"),
        ("import json from './settings.json'; export default json", "app/json-out"),
        ("export default { out: process.env.CI ? 'same' : 'same' }", "app/same"),
        ("export default { dbCredentials: { url: whatever() } }", "app/drizzle"),
        ("const c = {}; c.out = 'later'; export default c", "app/later"),
        ("export default { out: '/abs/mig' }", "/abs/mig"),
    ];
    for (text, expected) in cases {
        let (config, diagnostics) = read(text);
        assert_eq!(config.out.value().map(String::as_str), Some(expected), "{text}\n{diagnostics:?}");
        expect(&diagnostics, &[]);
    }
}

#[test]
fn the_rest_of_the_settings() {
    let (config, diagnostics) = read(
        "export default defineConfig({ dialect: 'postgresql', schema: ['a', 'b'].map((n) => `./src/${n}.ts`), casing: 'snake_case', breakpoints: false,
          migrations: { table: 'm', schema: 'public', prefix: 'unix' } })",
    );
    expect(&diagnostics, &[]);
    assert_eq!(config.schema, Setting::Known(vec!["app/src/a.ts".to_owned(), "app/src/b.ts".to_owned()]));
    assert_eq!((config.migrations_table.as_str(), config.migrations_schema.as_str()), ("m", "public"));
    assert_eq!(
        (config.prefix, config.casing.as_deref(), config.breakpoints),
        (Prefix::Unix, Some("snake_case"), false)
    );
    assert_eq!(config.out, Setting::Default("app/drizzle".to_owned()));
    assert_eq!(config.schema_filter, Setting::Default(Vec::new()));
    for (text, expected) in [("'app'", vec!["app"]), ("['public', `tenant_*`]", vec!["public", "tenant_*"])] {
        let (config, _) = read(&format!("export default {{ out: 'a', schemaFilter: {text} }}"));
        let expected = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(config.schema_filter, Setting::Known(expected), "{text}");
    }
    let (config, diagnostics) = read("export default { out: 'a', schemaFilter: names() }");
    expect(&diagnostics, &[]);
    assert_eq!(config.schema_filter.value(), None);
    for (text, expected) in [
        ("{ dialect: 'pg' }", Dialect::Postgres),
        ("{ driver: 'pg' }", Dialect::Postgres),
        ("{ driver: 'better-sqlite' }", Dialect::Other("better-sqlite".to_owned())),
        ("{ dialect: 'mysql', out: f() }", Dialect::Other("mysql".to_owned())),
        ("{}", Dialect::Unknown),
    ] {
        assert_eq!(read(&format!("export default {text}")).0.dialect, expected, "{text}");
    }
}

#[test]
fn what_can_not_be_worked_out_is_said() {
    let cases: &[(&str, &[&str])] = &[
        (
            "export default { out: process.env.OUT, schema: env.S }",
            &["1:23 [process.env.OUT] `out`", "1:48 [env.S] `schema`"],
        ),
        ("import { o } from '@acme/db'; export default { out: o }", &["1:53 [o] `out`"]),
        (
            "export default { ...rest() }",
            &[
                "1:21 [rest()] `dialect`",
                "1:21 [rest()] `out`",
                "1:21 [rest()] `schema`",
                "1:21 [rest()] `migrations.table`",
                "1:21 [rest()] `migrations.schema`",
                "1:21 [rest()] `migrations.prefix`",
                "1:21 [rest()] `casing`",
            ],
        ),
        ("export default [{ out: 'a' }]", &["1:16 [[{ out: 'a' }]] `out`", "1:16 [[{ out: 'a' }]] `schema`"]),
        (
            "export default () => ({ out: 'a' })",
            &["1:16 [() => ({ out: 'a' })] `out`", "1:16 [() => ({ out: 'a' })] `schema`"],
        ),
        ("const c = { out: 'a' }; if (x) { c.out = 'b' } export default c", &["1:34 [c.out = 'b'] `out`"]),
        ("export default { out: a }; const a = b; const b = a", &["1:51 [a] `out`"]),
        ("export default {", &["1:17 [] `out`", "1:17 [] `schema`"]),
        ("", &["1:1 [] `out`", "1:1 [] `schema`"]),
    ];
    for (text, expected) in cases {
        let (_, diagnostics) = read(text);
        let found: Vec<String> = diagnostics
            .iter()
            .map(|d| {
                let place = d.primary.file.position(d.primary.span.start);
                let what = d.what.split(" of the").next().unwrap_or_default();
                format!(
                    "{}:{} [{}] {what}",
                    place.line,
                    place.column,
                    d.primary.span.of(&d.primary.file.text)
                )
            })
            .collect();
        assert_eq!(&found, expected, "{text}");
    }
    let (_, diagnostics) = read("export default { out: f() }");
    assert!(diagnostics[0].remedy.text.contains("--out DIR"));
}

#[test]
fn paths_are_relative_to_where_drizzle_kit_runs() {
    let mut files = MemoryFiles::new([
        ("app/package.json", "{}"),
        ("app/drizzle/meta/_journal.json", "{}"),
        ("app/server/db/schema/index.ts", ""),
        (
            "app/server/db/drizzle.config.ts",
            "export default { out: 'drizzle', schema: './server/db/schema/*.ts' }",
        ),
    ]);
    let (config, _) = read_config(&files, "app/server/db/drizzle.config.ts");
    assert_eq!((config.base.as_str(), config.out.value().map(String::as_str)), ("app", Some("app/drizzle")));
    assert_eq!(config.schema, Setting::Known(vec!["app/server/db/schema/*.ts".to_owned()]));
    // Not beyond the package.
    files.insert("drizzle/meta/_journal.json", "{}");
    files.insert("lib/package.json", "{}");
    files.insert("lib/drizzle.config.json", "{\"dialect\":\"postgresql\"}");
    let (config, _) = read_config(&files, "lib/drizzle.config.json");
    assert_eq!(config.out, Setting::Default("lib/drizzle".to_owned()));
}

#[test]
fn hostile_configs_end() {
    let doubling: String = (0..40).map(|n| format!("const a{n} = [a{}, a{}];", n + 1, n + 1)).collect();
    for text in [
        format!("export default {{ schema: a0 }}; {doubling}"),
        format!("export default {}1{}", "(".repeat(5000), ")".repeat(5000)),
        "export default { get out() { return 1 } }".to_owned(),
        "\u{0}\u{feff}export default".to_owned(),
    ] {
        read(&text);
    }
    let (_, diagnostics) = read_config(&MemoryFiles::default(), "gone.config.ts");
    expect(
        &diagnostics,
        &["unreadable-config Error gone.config.ts:1:1 [] (-) the config `gone.config.ts` can't be read"],
    );
}
