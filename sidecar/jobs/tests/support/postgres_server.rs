//! A PostgreSQL for tests: at `OPENLEDGER_POSTGRES_URL`, else a server of our own where the machine has one.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// The server that ends with the test, if it is ours, and its address. `None`, with a line that says so, where there is none.
pub fn find(folder: &Path) -> Option<(Option<Server>, String)> {
    if let Ok(url) = std::env::var("OPENLEDGER_POSTGRES_URL") {
        return Some((None, url));
    }
    let started = start(folder);
    if started.is_none() {
        eprintln!("skipped: no PostgreSQL; set OPENLEDGER_POSTGRES_URL or install a server that this user may run");
    }
    started.map(|(server, url)| (Some(server), url))
}

/// The account without rights.
const NOBODY: u32 = 65534;

/// A server that ends with the test.
pub struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server on a socket in a folder; `None` where there is none that can be started.
fn start(folder: &Path) -> Option<(Server, String)> {
    let (data, sockets) = (folder.join("data"), folder.join("sockets"));
    fs::create_dir(&sockets).unwrap();
    // PostgreSQL refuses to run as root, which is who runs tests in many containers.
    let root = fs::metadata(folder).unwrap().uid() == 0;
    if root {
        for place in [folder, &sockets] {
            chown(place, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    let quiet = |program: &str| {
        let mut command = Command::new(program);
        if root {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let made = quiet("initdb").args(["--auth=trust", "--username=openledger", "--no-sync", "-D"]).arg(&data).status();
    if !made.is_ok_and(|made| made.success()) {
        return None;
    }
    let server = quiet("postgres").arg("-D").arg(&data).arg("-k").arg(&sockets).args(["-h", ""]).spawn().ok()?;
    let socket = sockets.join(".s.PGSQL.5432");
    for _ in 0..200 {
        if socket.exists() {
            let url = format!("postgres://openledger@localhost/postgres?host={}", sockets.display());
            return Some((Server(server), url));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("postgres did not start");
}
