//! Changes of columns, tables and enums that have a path, and changes that have none: each is planned with apps that
//! declare what the schema holds before and after it. What is offered has been replayed and linted by `plan` itself.

mod planned;

use plan::Phase;
use planned::{has_path, is_refused, planned, planned_on, shown};

const USERS: &str = r#"CREATE TABLE "users" ("id" serial PRIMARY KEY, "name" text DEFAULT 'x' NOT NULL, "mail" varchar(100) NOT NULL, "age" text, "team" integer);
CREATE UNIQUE INDEX "users_name" ON "users" USING btree ("name", "mail");
ALTER TABLE "users" ADD CONSTRAINT "users_mail_unique" UNIQUE("mail");
ALTER TABLE "users" ADD CONSTRAINT "users_name_check" CHECK (length("name") < 50);
CREATE INDEX "users_age" ON "users" USING btree ("age") WHERE "age" <> '';
CREATE TABLE "posts" ("id" serial PRIMARY KEY, "user_id" integer NOT NULL);
ALTER TABLE "posts" ADD CONSTRAINT "posts_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade;"#;

#[test]
fn columns_are_renamed() {
    let plan = planned(USERS, "ALTER TABLE \"users\" RENAME COLUMN \"name\" TO \"full_name\";");
    let text = has_path(&plan);
    assert!(text.contains("(\"full_name\", \"mail\")"), "{text}");
    assert!(plan.parts[0].code_waits);
}

#[test]
fn two_columns_of_one_index_are_renamed_with_one_copy() {
    let plan = planned(
        USERS,
        "ALTER TABLE \"users\" RENAME COLUMN \"name\" TO \"full_name\";--> statement-breakpoint\n\
         ALTER TABLE \"users\" RENAME COLUMN \"mail\" TO \"email\";",
    );
    let text = has_path(&plan);
    assert_eq!(text.matches("(\"full_name\", \"email\")").count(), 1, "{text}");
}

#[test]
fn what_needs_the_new_name_follows() {
    let plan = planned(
        USERS,
        "ALTER TABLE \"users\" RENAME COLUMN \"age\" TO \"years\";--> statement-breakpoint\n\
         ALTER TABLE \"users\" ALTER COLUMN \"years\" SET DEFAULT '7';--> statement-breakpoint\n\
         CREATE INDEX \"users_years\" ON \"users\" USING btree (\"years\");",
    );
    let text = has_path(&plan);
    assert!(text.contains("ALTER COLUMN \"age\" SET DEFAULT '7'"), "{text}");
    assert!(
        plan.parts
            .iter()
            .all(|part| part.recipe != "add-index" || part.stages[0].phase == Phase::Contract(1))
    );
}

#[test]
fn a_key_that_is_made_anew_under_new_names_follows() {
    let plan = planned(
        USERS,
        "ALTER TABLE \"users\" RENAME COLUMN \"name\" TO \"full_name\";--> statement-breakpoint\n\
         DROP INDEX \"users_name\";--> statement-breakpoint\n\
         CREATE UNIQUE INDEX \"users_name\" ON \"users\" USING btree (\"full_name\",\"mail\");",
    );
    let text = has_path(&plan);
    assert!(
        text.contains("\"users_name__new\" ON \"users\" USING btree (\"full_name\", \"mail\")"),
        "{text}"
    );
}

#[test]
fn tables_are_renamed_and_moved() {
    let text = has_path(&planned(USERS, "ALTER TABLE \"users\" RENAME TO \"people\";"));
    assert!(
        text.contains("CREATE VIEW \"users\" WITH (security_invoker = true) AS SELECT * FROM \"people\"")
    );
    let schema = format!("CREATE SCHEMA \"auth\"; {USERS}");
    let text = has_path(&planned_on(14, &schema, "ALTER TABLE \"users\" SET SCHEMA \"auth\";"));
    assert!(text.contains("CREATE VIEW \"users\" AS SELECT * FROM \"auth\".\"users\""), "{text}");
    let plan = planned(
        USERS,
        "ALTER TABLE \"users\" RENAME TO \"people\";--> statement-breakpoint\nCREATE TABLE \"users\" (\"id\" integer);",
    );
    is_refused(&plan, "makes `users` anew");
}

#[test]
fn a_table_and_its_columns_are_renamed() {
    has_path(&planned(
        USERS,
        "ALTER TABLE \"users\" RENAME TO \"people\";--> statement-breakpoint\n\
         ALTER TABLE \"people\" RENAME COLUMN \"name\" TO \"full_name\";",
    ));
    has_path(&planned(
        USERS,
        "ALTER TABLE \"users\" RENAME COLUMN \"name\" TO \"full_name\";--> statement-breakpoint\n\
         ALTER TABLE \"users\" RENAME TO \"people\";",
    ));
}

#[test]
fn types_change() {
    let narrow = planned(USERS, "ALTER TABLE \"users\" ALTER COLUMN \"mail\" SET DATA TYPE varchar(50);");
    has_path(&narrow);
    has_path(&planned(
        USERS,
        "ALTER TABLE \"users\" ALTER COLUMN \"age\" SET DATA TYPE integer USING \"age\"::integer;",
    ));
    let wide = planned(USERS, "ALTER TABLE \"users\" ALTER COLUMN \"team\" SET DATA TYPE bigint;");
    let text = has_path(&wide);
    assert!(!text.contains("EXCEPTION"), "{text}");
    assert!(wide.parts[0].stages.iter().any(|stage| stage.phase == Phase::Expand(1)));
}

#[test]
fn keys_get_another_type_with_what_refers_to_them() {
    has_path(&planned(
        USERS,
        "ALTER TABLE \"users\" ALTER COLUMN \"id\" SET DATA TYPE bigint;--> statement-breakpoint\n\
         ALTER TABLE \"posts\" ALTER COLUMN \"user_id\" SET DATA TYPE bigint;",
    ));
    let identity = "CREATE TABLE \"t\" (\"id\" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name \"t_id_seq\" INCREMENT BY 1 START WITH 1), \"a\" text);";
    has_path(&planned(identity, "ALTER TABLE \"t\" ALTER COLUMN \"id\" SET DATA TYPE bigint;"));
}

#[test]
fn a_default_goes_with_its_type() {
    let schema = "CREATE TABLE \"t\" (\"id\" serial PRIMARY KEY, \"a\" text DEFAULT '1' NOT NULL);";
    let plan = planned(
        schema,
        "ALTER TABLE \"t\" ALTER COLUMN \"a\" DROP DEFAULT;--> statement-breakpoint\n\
         ALTER TABLE \"t\" ALTER COLUMN \"a\" SET DATA TYPE integer USING \"a\"::integer;--> statement-breakpoint\n\
         ALTER TABLE \"t\" ALTER COLUMN \"a\" SET DEFAULT 1;--> statement-breakpoint\n\
         CREATE INDEX \"t_a\" ON \"t\" (\"a\");",
    );
    has_path(&plan);
    assert_eq!(plan.parts[0].statements, [0, 1, 2]);
}

const JOBS: &str = r#"CREATE TYPE "public"."status" AS ENUM('open', 'busy', 'done');
CREATE TABLE "jobs" ("id" serial PRIMARY KEY, "status" "status" DEFAULT 'open' NOT NULL, "other" "status");
CREATE INDEX "jobs_status" ON "jobs" USING btree ("status");
CREATE INDEX "jobs_open" ON "jobs" USING btree ("id") WHERE "status" = 'open';"#;

fn made_anew(values: &str) -> String {
    format!(
        r#"ALTER TABLE "jobs" ALTER COLUMN "status" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "jobs" ALTER COLUMN "status" SET DEFAULT 'open'::text;--> statement-breakpoint
ALTER TABLE "jobs" ALTER COLUMN "other" SET DATA TYPE text;--> statement-breakpoint
DROP TYPE "public"."status";--> statement-breakpoint
CREATE TYPE "public"."status" AS ENUM({values});--> statement-breakpoint
ALTER TABLE "jobs" ALTER COLUMN "status" SET DEFAULT 'open'::"public"."status";--> statement-breakpoint
ALTER TABLE "jobs" ALTER COLUMN "status" SET DATA TYPE "public"."status" USING "status"::"public"."status";--> statement-breakpoint
ALTER TABLE "jobs" ALTER COLUMN "other" SET DATA TYPE "public"."status" USING "other"::"public"."status";"#
    )
}

#[test]
fn values_are_added_where_they_stand() {
    let text = has_path(&planned(JOBS, &made_anew("'new', 'open', 'busy', 'late', 'done'")));
    assert!(text.contains("ADD VALUE 'new' BEFORE 'open'") && text.contains("ADD VALUE 'late' AFTER 'busy'"));
    assert!(!text.contains("DROP TYPE"), "{text}");
}

#[test]
fn values_go_by_way_of_a_new_type() {
    let plan = planned(JOBS, &made_anew("'open', 'late', 'done'"));
    let text = has_path(&plan);
    assert!(text.contains("ADD VALUE 'late' AFTER 'open'"), "{text}");
    assert_eq!(plan.texts.backfills.len(), 2, "{text}");
}

#[test]
fn what_has_no_path_is_told() {
    let schema =
        "CREATE TYPE \"e\" AS ENUM ('a', 'b'); CREATE TABLE \"t\" (\"id\" integer PRIMARY KEY, \"c\" \"e\");";
    is_refused(
        &planned(schema, "ALTER TYPE \"e\" RENAME VALUE 'a' TO 'c';"),
        "no trigger can give each its own",
    );
}

#[test]
fn what_is_new_needs_no_path() {
    let table = "CREATE TABLE bookings (id int, during tsrange);";
    let exclude = "ALTER TABLE bookings ADD CONSTRAINT b EXCLUDE USING gist (during WITH &&);";
    assert!(planned("CREATE TABLE other (id int);", &format!("{table} {exclude}")).is_empty());
    is_refused(&planned(table, exclude), "EXCLUDE takes over no index");
    let generated = "ALTER TABLE orders ADD COLUMN total int GENERATED ALWAYS AS (price * 2)";
    let orders = "CREATE TABLE orders (id int, price int, double int GENERATED ALWAYS AS (price * 2) STORED NOT NULL);";
    assert!(planned_on(18, orders, &format!("{generated} VIRTUAL;")).is_empty());
    is_refused(&planned_on(18, orders, &format!("{generated} STORED;")), "make it VIRTUAL");
    is_refused(&planned_on(17, orders, &format!("{generated} STORED;")), "keep a plain column in step");
}

#[test]
fn a_trigger_keeps_what_was_generated() {
    let orders = "CREATE TABLE orders (id int, price int, double int GENERATED ALWAYS AS (price * 2) STORED NOT NULL);";
    let plain = "ALTER TABLE orders ALTER COLUMN double DROP EXPRESSION;";
    is_refused(&planned(orders, plain), "let a trigger in the same migration fill `orders.double`");
    let trigger = "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'INSERT' AND NEW.double IS NULL OR TG_OP = 'UPDATE' AND NEW.double IS NOT DISTINCT FROM OLD.double THEN
    NEW.double := NEW.price * 2;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION keep();";
    let plan = planned(orders, &format!("{plain} {trigger}"));
    assert!(plan.is_empty(), "{}", shown(&plan));
}

#[test]
fn partitions_that_have_an_index_give_it_to_the_whole() {
    let schema = "CREATE TABLE events (id int, day date) PARTITION BY RANGE (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_2 PARTITION OF events DEFAULT;
CREATE INDEX one ON events_1 (id);";
    let index = "CREATE INDEX events_id_idx ON events (id);";
    let text = has_path(&planned(schema, index));
    assert!(text.contains("events_2_id_idx") && !text.contains("events_1_id_idx"), "{text}");
    let plan = planned(&format!("{schema} CREATE INDEX two ON events_2 (id);"), index);
    assert!(plan.is_empty(), "{}", shown(&plan));
    // A unique one is no such index.
    let text = has_path(&planned(schema, "CREATE UNIQUE INDEX events_key ON events (id, day);"));
    assert!(text.contains("CREATE UNIQUE INDEX CONCURRENTLY \"events_1_id_day_idx\""), "{text}");
}

#[test]
fn a_key_that_is_dropped_by_itself_needs_no_lock_ahead_of_the_drop_of_its_table() {
    let schema = "CREATE TABLE \"users\" (\"id\" serial PRIMARY KEY);--> statement-breakpoint\n\
                  CREATE TABLE \"notes\" (\"id\" serial PRIMARY KEY, \
                  \"user\" integer CONSTRAINT \"notes_user_fk\" REFERENCES \"users\" (\"id\"));";
    let drop = "DROP TABLE \"users\" CASCADE;";
    let text = has_path(&planned(schema, drop));
    assert!(text.contains("LOCK TABLE \"notes\" IN ACCESS EXCLUSIVE MODE"), "{text}");
    let key = "ALTER TABLE \"notes\" DROP CONSTRAINT IF EXISTS \"notes_user_fk\";";
    let text = has_path(&planned(schema, &format!("{drop}--> statement-breakpoint\n{key}")));
    assert!(!text.contains("LOCK TABLE"), "{text}");
}

#[test]
fn a_serial_type_is_told_as_what_is_meant() {
    let mut catalog = catalog::Catalog::new();
    let statements = "CREATE TABLE a (id serial, n integer); ALTER TABLE a ALTER COLUMN id SET DATA TYPE bigserial; \
                      ALTER TABLE a ALTER COLUMN n SET DATA TYPE serial;";
    let all = sql::parse(statements, 0).statements;
    let said = all.iter().flat_map(|one| catalog::apply(&mut catalog, &one.stmt).refusals);
    let said: Vec<String> = said.map(|refusal| refusal.message).collect();
    let [big, plain] = said.as_slice() else { panic!("{said:?}") };
    assert!(big.ends_with("write SET DATA TYPE bigint, which keeps its default"), "{big}");
    assert!(
        plain.ends_with("write SET DATA TYPE integer, make a sequence and set a default of nextval"),
        "{plain}"
    );
}
