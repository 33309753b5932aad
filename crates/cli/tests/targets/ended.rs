//! A run that ends before all targets are done: killed, or asked to end.

use super::*;
use std::io::{BufRead, BufReader};

#[test]
fn killed_in_the_middle_the_next_run_does_what_is_left() {
    let server = server(17);
    let folder = project(&[CREATE, SLEEP, INDEX]);
    let names = databases(&server, &folder, 9);
    for ends in [1, 3] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_brolly"))
            .args(["migrate", "--targets", "targets.json", "--format", "json", "--at-once", "3"])
            .current_dir(folder.path())
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("brolly starts");
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut seen = 0;
        for line in out.lines().map_while(Result::ok) {
            seen += usize::from(line.contains("\"event\":\"migrated\""));
            if seen == ends * 3 {
                break;
            }
        }
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }
    let whole = |server: &Server| names.iter().filter(|name| applied(server, name, "drizzle") == 3).count();
    assert!(whole(&server) < names.len(), "it was through before it was killed");
    migrate(&folder, &server, &[]).says(0, &["9 targets: 9 done"]);
    assert_eq!(whole(&server), names.len());
    for name in &names {
        assert_eq!(value(&server, name, "SELECT count(*) FROM drizzle.__brolly_statements"), "0");
        assert_eq!(
            value(&server, name, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_name'::regclass"),
            "t"
        );
    }
}

#[test]
fn ctrl_c_ends_what_runs_and_says_how_all_stand() {
    let server = server(14);
    let folder = project(&[CREATE, ("0001_long", "SELECT pg_sleep(60);\n")]);
    databases(&server, &folder, 5);
    let child = Command::new(env!("CARGO_BIN_EXE_brolly"))
        .args(["migrate", "--targets", "targets.json", "--at-once", "2"])
        .current_dir(folder.path())
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("brolly starts");
    let busy = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'";
    for _ in 0..600 {
        if value(&server, "postgres", busy) == "1" {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill starts");
    assert!(killed.success());
    let done = child.wait_with_output().expect("it ends");
    let out = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(done.status.code(), Some(130), "{out}{}", String::from_utf8_lossy(&done.stderr));
    assert!(out.contains("5 targets: 1 failed, 4 not started") && out.contains("t00: interrupted"), "{out}");
    assert_eq!(value(&server, "postgres", busy), "0", "a session is left");
}
