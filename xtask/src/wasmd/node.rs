//! A running node: started, watched until it makes blocks, stopped in order.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::cli::Wasmd;
use super::genesis::{self, CHAIN_ID, FAUCET_MNEMONIC};
use super::home::Home;
use super::{build, http};
use crate::pins::WasmdLine;
use crate::process::{Running, Stop, bind};
use crate::workspace::Workspace;

/// A busy machine may take long for the first block; a broken node ends by itself earlier.
const FIRST_BLOCK: Duration = Duration::from_secs(90);
const PATIENCE: Duration = Duration::from_secs(15);
const MIN_GAS_PRICES: &str = "0.0025ustake";

/// Where a node listens and how to pay there.
#[derive(Clone, Serialize)]
pub struct Endpoints {
    /// gRPC of the Cosmos SDK.
    pub grpc: String,
    /// CometBFT JSON-RPC.
    pub rpc: String,
    /// REST of the Cosmos SDK.
    pub rest: String,
    /// Chain id.
    pub chain_id: String,
    /// Smallest gas price that the node takes.
    pub min_gas_prices: String,
    /// Mnemonic of an account with plenty of `ustake`. Public.
    pub faucet_mnemonic: String,
}

/// A node that lives as long as this value. The fields' order matters: the process ends before its home goes.
pub struct Node {
    running: Running,
    endpoints: Endpoints,
    home: Home,
}

struct Ports {
    grpc: SocketAddr,
    rpc: SocketAddr,
    rest: SocketAddr,
    p2p: SocketAddr,
}

impl Node {
    /// Builds wasmd if need be, makes a fresh chain and returns once it makes blocks.
    pub fn start(workspace: &Workspace, line: &WasmdLine, stop: &Stop) -> Result<Self> {
        let program = build(workspace, line)?;
        let home = Home::create(workspace)?;
        let wasmd = Wasmd { program, home: home.path().to_path_buf() };
        genesis::create(&wasmd)?;
        make_blocks_quickly(&wasmd)?;
        fs::write(home.path().join(MNEMONIC_FILE), FAUCET_MNEMONIC)?;
        let ports = Ports::free()?;
        let child = spawn(&wasmd, &ports)?;
        let mut node = Self { running: Running::new(child, PATIENCE), endpoints: ports.endpoints(), home };
        node.first_block(&ports, stop)?;
        eprintln!("wasmd: {CHAIN_ID} makes blocks at {}", node.endpoints.rpc);
        Ok(node)
    }

    /// Where it listens.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// A file that holds the faucet's mnemonic.
    pub fn faucet_mnemonic_file(&self) -> PathBuf {
        self.home.path().join(MNEMONIC_FILE)
    }

    /// Waits until stopping is asked for; a node that ends by itself is an error.
    pub fn wait(&mut self, stop: &Stop) -> Result<()> {
        let status = self.running.wait(stop)?;
        if stop.requested() {
            return Ok(());
        }
        bail!("{}\nwasmd ended by itself ({status})", self.log_tail())
    }

    fn first_block(&mut self, ports: &Ports, stop: &Stop) -> Result<()> {
        let deadline = Instant::now() + FIRST_BLOCK;
        loop {
            if stop.requested() {
                bail!("stopped before the first block");
            }
            if let Some(status) = self.running.ended()? {
                bail!(
                    "{}\nwasmd ended before its first block ({status})\n  \
                     what to do: read its last lines above",
                    self.log_tail()
                );
            }
            if ports.serve() {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!(
                    "{}\nwasmd made no block within {} s\n  \
                     what to do: try again when the machine is less busy",
                    self.log_tail(),
                    FIRST_BLOCK.as_secs()
                );
            }
            sleep(Duration::from_millis(100));
        }
    }

    fn log_tail(&self) -> String {
        let text = fs::read_to_string(self.home.path().join(LOG_FILE)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }
}

const MNEMONIC_FILE: &str = "faucet.mnemonic";
const LOG_FILE: &str = "node.log";

impl Ports {
    /// Four ports that are free now. They are held until all are known, so that they differ.
    fn free() -> Result<Self> {
        let mut listeners = Vec::new();
        for _ in 0..4 {
            listeners.push(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on loopback")?);
        }
        let mut addresses = Vec::new();
        for listener in &listeners {
            addresses.push(listener.local_addr()?);
        }
        let [grpc, rpc, rest, p2p] = addresses[..] else {
            bail!("no free ports on loopback");
        };
        Ok(Self { grpc, rpc, rest, p2p })
    }

    fn endpoints(&self) -> Endpoints {
        Endpoints {
            grpc: format!("http://{}", self.grpc),
            rpc: format!("http://{}", self.rpc),
            rest: format!("http://{}", self.rest),
            chain_id: CHAIN_ID.to_owned(),
            min_gas_prices: MIN_GAS_PRICES.to_owned(),
            faucet_mnemonic: FAUCET_MNEMONIC.to_owned(),
        }
    }

    /// At least one block exists and the other two services accept connections.
    fn serve(&self) -> bool {
        let Ok(status) = http::get_json(self.rpc, "/status") else {
            return false;
        };
        let height = status
            .pointer("/result/sync_info/latest_block_height")
            .and_then(|height| height.as_str())
            .and_then(|height| height.parse::<u64>().ok());
        height.is_some_and(|height| height > 0)
            && TcpStream::connect(self.grpc).is_ok()
            && TcpStream::connect(self.rest).is_ok()
    }
}

fn spawn(wasmd: &Wasmd, ports: &Ports) -> Result<std::process::Child> {
    let log = File::create(wasmd.home.join(LOG_FILE))?;
    let mut command = Command::new(&wasmd.program);
    command
        .arg("start")
        .arg("--home")
        .arg(&wasmd.home)
        .args(["--minimum-gas-prices", MIN_GAS_PRICES])
        .arg(format!("--rpc.laddr=tcp://{}", ports.rpc))
        .arg("--rpc.pprof_laddr=")
        .arg(format!("--p2p.laddr=tcp://{}", ports.p2p))
        .arg(format!("--grpc.address={}", ports.grpc))
        .arg("--api.enable=true")
        .arg("--api.enabled-unsafe-cors=true")
        .arg(format!("--api.address=tcp://{}", ports.rest));
    let mut command = bind(command);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    command.spawn().context("wasmd could not be started")
}

/// Two blocks a second. Only the line of that name: `skip_timeout_commit` is another setting.
fn make_blocks_quickly(wasmd: &Wasmd) -> Result<()> {
    let path = wasmd.config("config.toml");
    let text = fs::read_to_string(&path)?;
    let mut found = false;
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            if line.starts_with("timeout_commit") {
                found = true;
                "timeout_commit = \"500ms\"".to_owned()
            } else if line.starts_with("cors_allowed_origins") {
                "cors_allowed_origins = [\"*\"]".to_owned()
            } else {
                line.to_owned()
            }
        })
        .collect();
    if !found {
        bail!("config.toml has no timeout_commit: adapt xtask/src/wasmd/node.rs to this wasmd");
    }
    fs::write(&path, lines.join("\n") + "\n")?;
    Ok(())
}
