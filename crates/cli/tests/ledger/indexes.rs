//! Indexes that are built concurrently, where something is there already: the same, another one, or what a run that was
//! killed has left.

use super::{Room, server, wait};
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn another_index_of_the_name_is_not_taken_for_the_one_that_is_asked_for() {
    for major in [13, 18] {
        let server = server(major);
        let room = Room::new(&server, "another");
        room.rows("create index e_idx on users (n)");
        room.holds(&[("0001_e", "CREATE UNIQUE INDEX CONCURRENTLY e_idx ON users(email);\n")]);
        for _ in 0..2 {
            room.migrate().complains(2, &["relation \"e_idx\" already exists (42P07)"]);
        }
        assert_eq!(room.line("select count(*) from drizzle.__brolly_statements"), "0");
        // One that is asked for only where there is none is told of.
        let unless = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS e_idx ON users(email);\n--> statement-breakpoint\n\
                      CREATE INDEX CONCURRENTLY IF NOT EXISTS other ON users(email);\n--> statement-breakpoint\n\
                      CREATE INDEX CONCURRENTLY IF NOT EXISTS same ON users USING btree (lower(email) DESC) INCLUDE (n) WHERE (n > 1);\n";
        room.rows("create table other (id int)");
        room.rows("create index same on users (LOWER(email) desc) include (n) where n > 1");
        room.holds(&[("0001_e", unless)]).migrate().complains(
            0,
            &[
                "index e_idx is there already, and is another one",
                "CREATE INDEX e_idx ON public.users USING btree (n)",
                "index other is not built: that is the name of a table",
                "index same is there already, and valid",
                "0001_e is done",
            ],
        );
        assert_eq!(room.users(), "id,email,n e_idx same");
    }
}

/// A run is killed while it builds an index, its session with it or not.
fn killed(room: &Room<'_>, session_too: bool) {
    wait(async {
        let holder = room.server.target(&room.database).named("holder");
        let holder = pg::connect(&holder).await.expect("a connection");
        holder.batch("begin; insert into users (email) values ('a')").await.expect("it writes");
        let mut run = Command::new(env!("CARGO_BIN_EXE_brolly"))
            .args(["migrate", "--database-url", &room.url()])
            .current_dir(room.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("brolly starts");
        let looks = pg::connect(&room.server.target(&room.database)).await.expect("a connection");
        let building = "select pid from pg_stat_progress_create_index \
                        where datname = current_database() and phase = 'waiting for writers before build'";
        while looks.value(building).await.expect("it answers").is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        run.kill().expect("it is killed");
        run.wait().expect("it ended");
        if session_too {
            let end = format!("select pg_terminate_backend(pid) from ({building}) b");
            looks.rows(&end).await.expect("it is ended");
            while looks.value(building).await.expect("it answers").is_some() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        holder.batch("commit").await.expect("it ends");
        holder.close().await;
        looks.close().await;
    });
}

#[test]
fn an_index_without_a_name_is_built_once() {
    for major in [13, 18] {
        let server = server(major);
        for session_too in [false, true] {
            let room = Room::new(&server, if session_too { "ended" } else { "orphaned" });
            // One like it that somebody made before is not ours.
            room.rows("create index mine on users (email)");
            room.holds(&[("0001_e", "CREATE INDEX CONCURRENTLY ON users(email);\n")]);
            killed(&room, session_too);
            let said = if session_too {
                "left by a build that failed: it is dropped"
            } else {
                "is there already, and valid"
            };
            room.migrate().complains(0, &["index users_email_idx", said, "0001_e is done"]);
            assert_eq!(room.users(), "id,email,n mine users_email_idx", "{major}");
        }
        let room = Room::new(&server, "twice");
        room.rows("insert into users (email) values ('a'), ('a')");
        room.holds(&[("0001_e", "CREATE UNIQUE INDEX CONCURRENTLY ON users(email);\n")]);
        room.brolly(&["migrate", "--allow", "test"]).complains(
            2,
            &[
                "could not be built: what is left of it is dropped",
                "(23505)",
                "detail: Key (email)=(a) is duplicated.",
            ],
        );
        assert_eq!(room.users(), "id,email,n");
    }
}
