//! One scheduler and two executors, each a process of its own, on loopback.

mod common;

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    num::NonZeroUsize,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use openledger_corpus::{
    Row,
    clusters::{Clusters, Settings},
};
use openledger_corpus_cluster::{ClusterError, Engine};
use tempfile::TempDir;

/// Ends with the test, however that ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Cluster {
    scheduler: SocketAddr,
    executors: Vec<Server>,
    _scheduler: Server,
    folder: TempDir,
}

impl Cluster {
    fn start(executors: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let scheduler = free();
        let server = start(&["scheduler", "--bind", &scheduler.to_string(), "--executor-timeout", "10"]);
        wait_for(scheduler);
        let mut cluster = Self { scheduler, executors: Vec::new(), _scheduler: server, folder };
        for index in 0..executors {
            let (bind, work) = (free(), cluster.folder.path().join(format!("executor-{index}")));
            std::fs::create_dir(&work).expect("a folder");
            let (port, work) = (scheduler.port().to_string(), work.to_string_lossy().into_owned());
            let bind_text = bind.to_string();
            let arguments =
                ["executor", "--bind", &bind_text, "--scheduler-port", &port, "--work", &work, "--cores", "2"];
            cluster.executors.push(start(&arguments));
            wait_for(bind);
        }
        cluster
    }

    fn engine(&self, seconds: u64) -> Engine {
        let shared = self.folder.path().join("shared");
        std::fs::create_dir_all(&shared).expect("a folder");
        let partitions = NonZeroUsize::new(4).expect("not zero");
        let address = format!("df://{}", self.scheduler);
        Engine::cluster(&address, &shared, partitions, Duration::from_secs(seconds)).expect("an engine")
    }

    /// Files that an executor passed on to others or to whoever asked.
    fn passed_on(&self, index: usize) -> usize {
        let work = self.folder.path().join(format!("executor-{index}"));
        work.read_dir().map_or(0, Iterator::count)
    }
}

fn start(arguments: &[&str]) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openledger-cluster"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
    Server(command.spawn().expect("a process"))
}

fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its number")
}

fn wait_for(address: SocketAddr) {
    let started = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(started.elapsed() < Duration::from_secs(60), "nobody listens at {address}");
        sleep(Duration::from_millis(50));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_executors_find_what_plain_code_finds() {
    let rows = common::rows(3_000);
    let rows: Vec<&Row> = rows.iter().collect();
    let plain = Clusters::of(&rows, &Settings::default(), None).expect("clusters");
    assert!(plain.rows.len() < 2_300, "{} clusters", plain.rows.len());
    let cluster = Cluster::start(2);
    let found = cluster.engine(240).clusters(&rows, &Settings::default(), None).await.expect("clusters");
    assert_eq!(found.root, plain.root);
    assert_eq!(found, plain);
    for index in 0..2 {
        assert!(cluster.passed_on(index) > 0, "executor {index} worked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_executor_that_dies_changes_nothing() {
    let rows = common::rows(2_000);
    let rows: Vec<&Row> = rows.iter().collect();
    let plain = Clusters::of(&rows, &Settings::default(), None).expect("clusters");
    let mut cluster = Cluster::start(2);
    let (engine, settings) = (cluster.engine(300), Settings::default());
    let asked = engine.clusters(&rows, &settings, None);
    tokio::pin!(asked);
    let working = async {
        while cluster.passed_on(1) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        found = &mut asked => panic!("it ended before anybody could die: {found:?}"),
        () = working => (),
    }
    let mut executor = cluster.executors.pop().expect("two executors");
    executor.0.kill().expect("a process to kill");
    let found = asked.await;
    assert_eq!(found.expect("clusters"), plain);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_cluster_is_given_up() {
    let rows = common::rows(8);
    let rows: Vec<&Row> = rows.iter().collect();
    let nobody = Cluster::start(0);
    let late = nobody.engine(3).clusters(&rows, &Settings::default(), None).await.expect_err("no executors");
    assert!(matches!(late, ClusterError::TooLate { seconds: 3, .. }), "{late}");
    let scheduler = free();
    let partitions = NonZeroUsize::MIN;
    let engine =
        Engine::cluster(&format!("df://{scheduler}"), nobody.folder.path(), partitions, Duration::from_secs(60));
    let refused = engine.expect("an engine").clusters(&rows, &Settings::default(), None).await;
    assert_eq!(refused.expect_err("no scheduler").code(), "CLUSTER_ENGINE");
    let wrong = Engine::cluster("somewhere", nobody.folder.path(), partitions, Duration::from_secs(60));
    let refused = wrong.expect("an engine").clusters(&rows, &Settings::default(), None).await;
    assert_eq!(refused.expect_err("no address").code(), "CLUSTER_BAD_ADDRESS");
}
