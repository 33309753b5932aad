//! Rows keep the order in which a migration changes them: what counts on rows that are changed later on a path waits for
//! them, or has no path.

mod planned;

use plan::Plan;
use planned::{has_path, is_refused, planned};

const ROWS: &str = r#"CREATE TABLE "users" ("id" serial PRIMARY KEY, "name" text, "full_name" text);
CREATE TABLE "accounts" ("id" serial PRIMARY KEY, "user_id" integer REFERENCES "users" ("id") ON DELETE CASCADE, "owner" text);
CREATE TABLE "logs" ("lvl" integer, "msg" text);
CREATE VIEW "named" AS SELECT "id", "name" FROM "users";
CREATE MATERIALIZED VIEW "names" AS SELECT "name" FROM "named";
CREATE FUNCTION "copied"() RETURNS void LANGUAGE sql AS 'INSERT INTO accounts (owner) SELECT full_name FROM users';
"#;

/// A migration in which one statement changes rows and another comes after it.
fn after(first: &str, then: &str) -> Plan {
    planned(ROWS, &format!("{first};\n--> statement-breakpoint\n{then};"))
}

#[test]
fn what_counts_on_changed_rows_does_not_come_before_them() {
    let named = r#"UPDATE "users" SET "name" = 'x'"#;
    for then in [
        r#"INSERT INTO "accounts" ("owner") SELECT "name" FROM "users""#,
        r#"INSERT INTO "accounts" ("owner") SELECT "name" FROM "named""#,
        r#"INSERT INTO "users" ("name") VALUES ('y')"#,
        r#"SELECT "copied"()"#,
        r#"DO $$ BEGIN INSERT INTO accounts (owner) SELECT name FROM users; END $$"#,
    ] {
        is_refused(&after(named, then), "it counts on rows as `UPDATE \"users\"");
    }
    // Rows of accounts go along with those of users.
    let gone = r#"DELETE FROM "users" WHERE "name" IS NULL"#;
    is_refused(
        &after(gone, r#"INSERT INTO "logs" ("lvl") SELECT count(*) FROM "accounts""#),
        "it counts on rows",
    );
    // What is read is not written before it was read.
    let read =
        r#"UPDATE "accounts" SET "owner" = "users"."name" FROM "users" WHERE "users"."id" = "user_id""#;
    is_refused(&after(read, r#"INSERT INTO "users" ("name") VALUES ('y')"#), "it counts on rows");
    // Values of a whole table are lost: that is to be said, and does not become a matter of a later deploy.
    let whole = "UPDATE \"logs\" SET \"lvl\" = 1";
    let deleted = r#"DELETE FROM "logs" WHERE "lvl" = 0"#;
    is_refused(&after(whole, deleted), "delete-without-where would still be found");
    let keyless = format!("-- brolly-allow delete-without-where: all are of one level\n{whole}");
    let plan = after(&keyless, deleted);
    let text = has_path(&plan);
    assert!(text.contains(&format!("COMMIT;\n--> statement-breakpoint\n{keyless};")), "{text}");
    assert_eq!((plan.texts.backfills.len(), plan.texts.waiting.len()), (1, 0), "{text}");
    let keyless = keyless.as_str();
    let text = has_path(&after(keyless, r#"CREATE TABLE "levels" AS SELECT DISTINCT "lvl" FROM "logs""#));
    let (update, copy) = (text.find(keyless), text.rfind(r#"CREATE TABLE "levels""#));
    assert!(update.is_some() && update < copy, "{text}");
}

#[test]
fn what_judges_changed_rows_waits_for_their_backfill() {
    let filled = r#"UPDATE "users" SET "name" = 'x' WHERE "name" IS NULL"#;
    for then in [
        r#"CREATE UNIQUE INDEX "users_name" ON "users" ("name")"#,
        r#"ALTER TABLE "users" ADD CONSTRAINT "users_name" UNIQUE ("name")"#,
        r#"ALTER TABLE "users" ADD CONSTRAINT "users_name" CHECK ("name" <> '')"#,
        r#"ALTER TABLE "users" ALTER COLUMN "name" SET NOT NULL"#,
        r#"REFRESH MATERIALIZED VIEW "names""#,
        r#"CREATE TABLE "copy" AS SELECT * FROM "users""#,
    ] {
        let text = has_path(&after(filled, then));
        let waits = text.split("-- needs: backfill 0001_next.users_name is finished").nth(1);
        let what = then.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        assert!(waits.is_some_and(|waits| waits.contains(&what)), "{then}\n{text}");
    }
    let deleted = r#"DELETE FROM "users" WHERE "name" IS NULL"#;
    let key = r#"ALTER TABLE "accounts" ADD CONSTRAINT "owned" FOREIGN KEY ("id") REFERENCES "users" ("id")"#;
    let text = has_path(&after(deleted, key));
    assert!(text.contains("-- needs: backfill 0001_next.users_rows is finished"), "{text}");
}

#[test]
fn what_counts_on_no_changed_row_stays() {
    let filled = r#"UPDATE "users" SET "name" = 'x' WHERE "name" IS NULL"#;
    for then in [
        r#"CREATE INDEX CONCURRENTLY "users_name" ON "users" ("name")"#,
        r#"INSERT INTO "logs" ("lvl") VALUES (1)"#,
        r#"ALTER TABLE "users" ADD COLUMN "age" integer"#,
        r#"CREATE VIEW "full" AS SELECT "full_name" FROM "users""#,
    ] {
        let plan = after(filled, then);
        has_path(&plan);
        let waits = plan.texts.waiting.iter().flat_map(|one| &one.gates);
        assert_eq!(waits.filter(|gate| gate.to_string().starts_with("backfill")).count(), 0, "{then}");
    }
}
