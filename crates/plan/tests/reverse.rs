//! Ways back of single statements, by replay: what is run, what is said, and that nothing else is left.

use catalog::Difference;
use drizzle::{MemoryFiles, load_sql_files};
use facts::{Options, PendingSet, Version, analyze};
use plan::reverse::{Note, Reverse, reverse_each, text};

const BASE: &str = r#"
CREATE TYPE "mood" AS ENUM ('ok', 'sad');
CREATE TABLE "users" (
    "id" serial PRIMARY KEY,
    "email" varchar(255) NOT NULL UNIQUE,
    "name" text NOT NULL,
    "nick" text DEFAULT 'none' NOT NULL,
    "mood" "mood" DEFAULT 'ok' NOT NULL,
    "age" integer CONSTRAINT "grown" CHECK ("users"."age" > 17)
);
CREATE TABLE "posts" (
    "id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    "user_id" integer NOT NULL REFERENCES "users" ("id") ON DELETE cascade,
    "title" text
);
CREATE INDEX "posts_title" ON "posts" (lower("title") DESC) WHERE "title" <> '';
CREATE VIEW "titles" AS SELECT "id", "title" FROM "posts";
ALTER TABLE "posts" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "own" ON "posts" FOR SELECT TO public USING ("user_id" = 1);
CREATE FUNCTION "touch"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER "touched" BEFORE UPDATE ON "posts" FOR EACH ROW EXECUTE FUNCTION "touch"();
"#;

/// The way back of a migration on top of the base; a replay of it leaves nothing that it does not say.
#[track_caller]
fn back(migration: &str) -> Reverse {
    let files = [("m/0000_base.sql", BASE), ("m/0001_next.sql", migration)];
    let paths: Vec<String> = files.iter().map(|(path, _)| (*path).to_owned()).collect();
    let memory = MemoryFiles::new(files.map(|(path, text)| (path.to_owned(), text.to_owned())));
    let (project, wrong) = load_sql_files(&memory, &paths);
    assert!(wrong.is_empty(), "{wrong:?}");
    let set = PendingSet { migrations: vec![1], ..PendingSet::default() };
    let options = Options { version: Version(18), ..Options::default() };
    let backs = reverse_each(&analyze(&project, &[set], &options).steps);
    let [back] = backs.as_slice() else { panic!("one way back, not {}", backs.len()) };
    assert_eq!(back.refused, Vec::<String>::new(), "{}", text(back));
    let unsaid: Vec<&Difference> = back.left.iter().filter(|left| !back.says(left)).collect();
    assert!(unsaid.is_empty(), "{unsaid:#?}\n{}", text(back));
    back.clone()
}

/// What is run and said, a line each.
#[track_caller]
fn check(migration: &str, expected: &[&str]) {
    let back = back(migration);
    let mut lines = Vec::new();
    for statement in &back.sql {
        lines.extend(statement.notes.iter().map(|note| match note {
            Note::Lost(text) => format!("lost: {text}"),
            Note::NotReversed(text) => format!("not reversed: {text}"),
            Note::Fails(text) => format!("fails if: {text}"),
        }));
        let outside = if statement.outside_transaction { "outside: " } else { "" };
        lines.extend(statement.sql.iter().map(|sql| format!("{outside}{sql}")));
    }
    assert_eq!(lines, expected, "{migration}");
}

#[test]
fn columns() {
    check(
        "ALTER TABLE users ADD COLUMN phone text UNIQUE;",
        &["lost: the values of users.phone", r#"ALTER TABLE "users" DROP COLUMN "phone""#],
    );
    check(
        "ALTER TABLE users DROP COLUMN nick;",
        &[
            "lost: the values of users.nick: rows get its default",
            r#"ALTER TABLE "users" ADD COLUMN "nick" text DEFAULT 'none' NOT NULL"#,
        ],
    );
    check(
        "ALTER TABLE users DROP COLUMN email;",
        &[
            "lost: the values of users.email",
            "not reversed: NOT NULL of users.email, for which rows have no value; once they have: \
             ALTER TABLE \"users\" ALTER COLUMN \"email\" SET NOT NULL;",
            r#"ALTER TABLE "users" ADD COLUMN "email" varchar(255)"#,
            r#"ALTER TABLE "users" ADD CONSTRAINT "users_email_key" UNIQUE ("email")"#,
        ],
    );
    check(
        "ALTER TABLE users RENAME COLUMN nick TO handle;",
        &[r#"ALTER TABLE "users" RENAME COLUMN "handle" TO "nick""#],
    );
    check(
        "ALTER TABLE users ALTER COLUMN age SET NOT NULL; ALTER TABLE users ALTER COLUMN name DROP NOT NULL;",
        &[
            "fails if: rows hold NULL in users.name by now",
            r#"ALTER TABLE "users" ALTER COLUMN "name" SET NOT NULL"#,
            r#"ALTER TABLE "users" ALTER COLUMN "age" DROP NOT NULL"#,
        ],
    );
    check(
        "ALTER TABLE users ALTER COLUMN age TYPE bigint;",
        &[
            "lost: what users.age holds that integer does not: such a value is cut or rounded, or makes this fail",
            r#"ALTER TABLE "users" ALTER COLUMN "age" TYPE integer USING "age"::integer"#,
        ],
    );
    check(
        "ALTER TABLE posts ALTER COLUMN id DROP IDENTITY;",
        &[
            r#"ALTER TABLE "posts" ALTER COLUMN "id" ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME "posts_id_seq")"#,
            "SELECT setval(pg_get_serial_sequence('\"posts\"', 'id'), \
             (SELECT coalesce(max(\"id\"), 0) + 1 FROM \"posts\"), false)",
        ],
    );
}

#[test]
fn what_cascade_takes_along_comes_back() {
    let text = text(&back("DROP TABLE users CASCADE; DROP TYPE mood;"));
    for piece in [
        "CREATE TYPE \"mood\" AS ENUM ('ok', 'sad');",
        "-- lost: the rows of users, and what was granted on it or said about it\nCREATE TABLE \"users\" (\n    \"id\" serial,",
        "ADD CONSTRAINT \"users_pkey\" PRIMARY KEY (\"id\");",
        "ADD CONSTRAINT \"grown\" CHECK (\"users\".\"age\" > 17);",
        "ALTER TABLE \"posts\" ADD CONSTRAINT \"posts_user_id_fkey\" FOREIGN KEY",
    ] {
        assert!(text.contains(piece), "{piece}\nin {text}");
    }
    let text = plan::reverse::text(&back("DROP TABLE posts CASCADE;"));
    for piece in [
        "GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME \"posts_id_seq\") NOT NULL",
        "CREATE INDEX \"posts_title\" ON \"posts\" USING btree ((lower(\"title\")) DESC) WHERE \"title\" <> '';",
        "CREATE VIEW \"titles\" AS SELECT \"id\", \"title\" FROM \"posts\";",
        "ENABLE ROW LEVEL SECURITY;",
        "CREATE TRIGGER \"touched\"",
        "CREATE POLICY \"own\"",
    ] {
        assert!(text.contains(piece), "{piece}\nin {text}");
    }
    check(
        "DROP FUNCTION touch CASCADE;",
        &[
            "CREATE FUNCTION \"touch\"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
            "CREATE TRIGGER \"touched\" BEFORE UPDATE ON \"posts\" FOR EACH ROW EXECUTE FUNCTION \"touch\"()",
        ],
    );
}

#[test]
fn new_tables_go_as_a_whole() {
    check(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE INDEX a_id ON a (id); ALTER TABLE a ADD COLUMN b int;
         ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES users (id);",
        &["lost: the rows of a", r#"DROP TABLE "a""#],
    );
    // The key keeps the table behind it from going first.
    check(
        "CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY);
         ALTER TABLE a ADD CONSTRAINT ab FOREIGN KEY (b) REFERENCES b (id);",
        &[
            r#"ALTER TABLE "a" DROP CONSTRAINT "ab""#,
            "lost: the rows of b",
            r#"DROP TABLE "b""#,
            "lost: the rows of a",
            r#"DROP TABLE "a""#,
        ],
    );
    check("CREATE TABLE a (id int PRIMARY KEY); DROP TABLE a;", &[]);
    check("BEGIN; DROP TABLE posts; ROLLBACK;", &[]);
}

#[test]
fn what_can_not_be_undone_is_said() {
    check(
        "ALTER TYPE mood ADD VALUE 'great'; UPDATE users SET nick = 'x'; GRANT SELECT ON users TO anna;
         COMMENT ON TABLE users IS 'x'; CREATE EXTENSION citext; ALTER TABLE users OWNER TO anna;
         TRUNCATE posts; ALTER TABLE users SET (fillfactor = 70);",
        &[
            "not reversed: users: its options, since what was before is not known",
            "not reversed: the rows that TRUNCATE took from posts",
            "not reversed: users stays owned by anna: who owned it before is not known",
            "not reversed: extension citext stays, since others may use it by now; where none does: \
             DROP EXTENSION \"citext\";",
            "not reversed: the comment on users, since what was said before is not known",
            "not reversed: what was granted to anna, since what they had is not known",
            "not reversed: the rows that UPDATE changed in users",
            "not reversed: value 'great' of mood stays: Postgres takes none away",
        ],
    );
}

#[test]
fn indexes_built_without_a_lock_go_without_one() {
    check(
        "CREATE INDEX CONCURRENTLY posts_user ON posts (user_id); DROP INDEX CONCURRENTLY posts_title;",
        &[
            "outside: CREATE INDEX CONCURRENTLY \"posts_title\" ON \"posts\" USING btree \
             ((lower(\"title\")) DESC) WHERE \"title\" <> ''",
            "outside: DROP INDEX CONCURRENTLY \"posts_user\"",
        ],
    );
    let back = back(
        "ALTER TABLE users ADD COLUMN a int; CREATE INDEX CONCURRENTLY ua ON users (a); CREATE TABLE t ();",
    );
    let text = text(&back);
    let order =
        ["BEGIN;", "DROP TABLE \"t\";", "COMMIT;", "DROP INDEX CONCURRENTLY \"ua\";", "BEGIN;", "COMMIT;"];
    let mut rest = text.as_str();
    for piece in order {
        let at = rest.find(piece).unwrap_or_else(|| panic!("no {piece} in that order in {text}"));
        rest = &rest[at + piece.len()..];
    }
}

#[test]
fn a_constraint_that_only_passes_is_left_out() {
    check(
        r#"
        ALTER TABLE posts ADD CONSTRAINT "titled" CHECK ("title" IS NOT NULL) NOT VALID;
        ALTER TABLE posts VALIDATE CONSTRAINT "titled";
        ALTER TABLE posts ALTER COLUMN "title" SET NOT NULL;
        ALTER TABLE posts DROP CONSTRAINT "titled";
        "#,
        &[r#"ALTER TABLE "posts" ALTER COLUMN "title" DROP NOT NULL"#],
    );
    check(
        r#"
        ALTER TABLE posts ADD CONSTRAINT "titled" NOT NULL "title" NOT VALID;
        ALTER TABLE posts VALIDATE CONSTRAINT "titled";
        "#,
        &[r#"ALTER TABLE "posts" ALTER COLUMN "title" DROP NOT NULL"#],
    );
}

#[test]
fn columns_that_change_places_say_what_one_of_them_lacks() {
    check(
        r#"
        ALTER TABLE users RENAME COLUMN "name" TO "name__old";
        ALTER TABLE users RENAME COLUMN "nick" TO "name";
        ALTER TABLE users ALTER COLUMN "name__old" DROP NOT NULL;
        "#,
        &[
            "fails if: a value that was written since does not fit users.name__old",
            r#"UPDATE "users" SET "name__old" = "name" WHERE "name__old" IS NULL"#,
            "fails if: rows hold NULL in users.name__old by now",
            r#"ALTER TABLE "users" ALTER COLUMN "name__old" SET NOT NULL"#,
            r#"ALTER TABLE "users" RENAME COLUMN "name" TO "nick""#,
            "lost: what was written to users.name since: rows that were changed have it in users.nick alone",
            r#"ALTER TABLE "users" RENAME COLUMN "name__old" TO "name""#,
        ],
    );
}
