//! The process that outlives brolly by a moment, and clears up after it.
//!
//! A shell makes the room, runs `initdb` and the server, each when it is told to, and waits for its
//! input to end. brolly
//! holds the other end of that pipe: when it lets go of it, on purpose or because it died of whatever
//! cause, `kill -9` included, the input ends. Then the shell stops the server, if it came so far, and
//! takes the room away. There is one way to stop, and it is tried each time.
//!
//! The shell and the server are a process group of their own, so that a Ctrl-C at the terminal
//! reaches brolly alone.

#![expect(clippy::disallowed_methods, reason = "an edge crate: it starts servers")]

use super::Account;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// `$1` is the room, `$2` is `initdb`, the rest is the command of the server. Its third descriptor is
/// our standard output and closes when the last process of the server is gone. QUIT is "immediate
/// shutdown"; a server that has it waits no longer than five seconds for its children.
/// There is nobody to tell (PIPE) when brolly is gone. A server that was killed leaves its file, and
/// in its seventh line the number of a few bytes of shared memory, which nobody else would take away.
const SCRIPT: &str = r#"
trap '' HUP INT TERM PIPE
room=$1 initdb=$2 made= server=
shift 2
while read -r word locale; do
  case $word in
  room)
    if said=$(mkdir -m 700 "$room" 2>&1); then
      made=1
      echo 0
    else
      echo "$said"
    fi
    ;;
  initdb)
    "$initdb" -D "$room/data" -U postgres --auth=trust --encoding=UTF8 --locale="$locale" --no-sync \
      >"$room/initdb" 2>&1 </dev/null
    echo "$?"
    ;;
  start)
    "$@" 3>&1 >>"$room/log" 2>&1 </dev/null &
    server=$!
    exec >/dev/null
    ;;
  esac
done
if [ -n "$server" ]; then
  kill -QUIT "$server" 2>/dev/null
  wait "$server"
  if [ -f "$room/data/postmaster.pid" ]; then
    set -- $(sed -n 7p "$room/data/postmaster.pid")
    ipcrm -m "$2" 2>/dev/null
  fi
fi
if [ -n "$made" ]; then
  rm -rf "$room"
fi
"#;

/// Variables that change what a server does, or how it says so.
const NOISE: &[&str] = &["PGDATA", "PGPORT", "PGHOST", "PGOPTIONS", "PGTZ", "TZ", "LANG", "LANGUAGE"];

/// A shell, and the server that it starts; dropping it stops the server and takes the room away.
#[derive(Debug)]
pub struct Keeper {
    shell: Child,
    hold: Option<ChildStdin>,
    said: Receiver<String>,
}

/// A shell that will make and keep a room, with a database and this server in it.
pub fn keeper(
    room: &Path,
    initdb: &Path,
    server: &Command,
    account: Option<&Account>,
) -> std::io::Result<Keeper> {
    let mut shell = quiet("/bin/sh", account);
    shell.args(["-c", SCRIPT, "brolly-keeper"]).arg(room).arg(initdb);
    shell.arg(server.get_program()).args(server.get_args());
    shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut shell = shell.spawn()?;
    let hold = shell.stdin.take();
    let output = shell.stdout.take();
    let (say, said) = channel();
    std::thread::spawn(move || {
        let lines = output.into_iter().flat_map(|output| BufReader::new(output).lines());
        // Ends when the server does, and with it the channel.
        lines.map_while(Result::ok).try_for_each(|line| say.send(line))
    });
    Ok(Keeper { shell, hold, said })
}

impl Keeper {
    /// Makes the room. From now on it goes, however this ends.
    pub fn room(&mut self) -> std::io::Result<()> {
        self.tell("room\n")?;
        match self.said.recv().as_deref() {
            Ok("0") => Ok(()),
            Ok(complaint) => Err(std::io::Error::other(complaint.to_owned())),
            Err(_) => Err(std::io::Error::other("the shell ended")),
        }
    }

    /// Runs `initdb`, and says whether it came to a good end.
    pub fn initdb(&mut self, locale: &str) -> std::io::Result<bool> {
        self.tell(&format!("initdb {locale}\n"))?;
        Ok(self.said.recv().is_ok_and(|status| status == "0"))
    }

    /// Starts the server; the room has to be ready for it.
    pub fn start(&mut self) -> std::io::Result<()> {
        self.tell("start\n")
    }

    /// Stops the server, takes the room away, and waits for both.
    pub fn finish(&mut self) {
        drop(self.hold.take());
        let _ = self.shell.wait();
    }

    /// Waits a while; `true` as soon as the server has ended.
    pub fn ends_within(&self, time: Duration) -> bool {
        matches!(self.said.recv_timeout(time), Err(RecvTimeoutError::Disconnected))
    }

    fn tell(&mut self, line: &str) -> std::io::Result<()> {
        self.hold.as_mut().map_or(Ok(()), |hold| hold.write_all(line.as_bytes()))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.finish();
    }
}

/// A command in a tidy environment, as the user that servers run as.
fn quiet(program: impl AsRef<std::ffi::OsStr>, account: Option<&Account>) -> Command {
    let mut command = Command::new(program);
    for name in NOISE {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C").current_dir("/").stdin(Stdio::null());
    if let Some(account) = account {
        account.run(&mut command);
    }
    command
}

/// Stops a server that has lost its keeper too; the file with its number may be stale, so only a
/// process that works in this folder is meant.
pub fn kill_in(data: &Path) {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    let number = text.lines().next().and_then(|line| line.trim().parse::<i32>().ok());
    let Some(pid) = number.and_then(rustix::process::Pid::from_raw) else { return };
    let until = Instant::now() + Duration::from_secs(6);
    let mut signal = rustix::process::Signal::QUIT;
    while works_in(pid, data) {
        let _ = rustix::process::kill_process(pid, signal);
        if Instant::now() > until {
            signal = rustix::process::Signal::KILL;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A server's working directory is that of its data. Where the system does not tell, its command
/// line does.
fn works_in(pid: rustix::process::Pid, data: &Path) -> bool {
    let pid = pid.as_raw_nonzero();
    if Path::new("/proc/self").exists() {
        return std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|dir| dir == data);
    }
    let line = Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output();
    line.is_ok_and(|line| String::from_utf8_lossy(&line.stdout).contains(&*data.to_string_lossy()))
}
