//! Ways back that somebody wrote: what they lose, and what can't be run unit by unit.

use super::{Room, server};

#[test]
fn what_a_way_back_by_hand_drops_has_to_be_agreed_to() {
    let server = server(16);
    let room = Room::new(&server, "hand");
    room.holds(&[("0001_b", "CREATE TABLE x1 (id int);\n")]).migrate().says(0, &["1 migration applied"]);
    room.rows("insert into users (email) values ('a')");
    let file = "drizzle/rollbacks/0001_b.sql";
    let run = |args: &[&str]| room.brolly(&[&["rollback", "--run", "--yes"], args].concat());
    room.folder.write(file, "BEGIN;\nDROP TABLE x1;\nDELETE FROM users;\nROLLBACK;\n");
    run(&["--lose-data"]).complains(2, &["drizzle/rollbacks/0001_b.sql:4: ROLLBACK takes the work"]);
    assert_eq!(room.line("select count(*), to_regclass('x1') from users"), "1 x1");
    room.folder.write(file, "DROP TABLE x1;\nDELETE FROM users;\n");
    run(&[]).complains(1, &["lost: the rows of x1", "lost: rows of users", "--lose-data agrees"]);
    let told = run(&["--format", "json"]);
    told.says(1, &[r#"{"event":"end","#, "nothing was run: --lose-data agrees to that"]);
    assert_eq!(room.line("select count(*), to_regclass('x1') from users"), "1 x1");
    run(&["--lose-data"]).says(0, &["0001_b is taken back"]);
    assert_eq!(room.line("select count(*), to_regclass('x1') from users"), "0 -");
}
