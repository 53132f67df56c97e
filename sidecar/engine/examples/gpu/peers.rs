//! Model, adapters and processes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    Outcome,
    cells::{self, Spec},
};

/// Of `tests/peers/shapes.py`.
const SHAPE: &str = "1b-fp16";
const REPEATS: usize = 3;

pub struct Bench {
    python: PathBuf,
    scripts: PathBuf,
    work: PathBuf,
}

/// One batch: ours and the peer's, repeat by repeat.
pub struct Cell {
    pub rows: usize,
    pub adapters: usize,
    pub ours: Vec<Value>,
    pub peer: Vec<Value>,
}

/// Everything that was measured.
pub struct Measured {
    pub bytes_per_second: f64,
    pub cells: Vec<Cell>,
}

impl Bench {
    /// Finds the peers' Python; `None` when nobody named one.
    pub fn prepare(repository: &Path) -> Outcome<Option<Self>> {
        let Some(python) = std::env::var_os("OPENLEDGER_PEER_PYTHON").filter(|python| !python.is_empty()) else {
            return Ok(None);
        };
        let work =
            std::env::var_os("OPENLEDGER_PEER_MODELS").map_or_else(|| repository.join("target/peers"), PathBuf::from);
        fs::create_dir_all(&work)?;
        Ok(Some(Self { python: python.into(), scripts: repository.join("tests/peers"), work }))
    }

    /// Runs all cells in turns, repeat by repeat.
    pub fn run(&self, quick: bool) -> Outcome<Measured> {
        let pairs = cells::all(quick);
        let most = pairs.iter().map(|pair| pair.1).max().unwrap_or(0);
        self.make(most)?;
        let bandwidth = measure(Command::new(std::env::current_exe()?).arg("--bandwidth"))?;
        let bytes_per_second = bandwidth["bytes_per_second"].as_f64().ok_or("no bandwidth was measured")?;
        let empty = |&(rows, adapters)| Cell { rows, adapters, ours: Vec::new(), peer: Vec::new() };
        let mut cells: Vec<Cell> = pairs.iter().map(empty).collect();
        for _ in 0..if quick { 1 } else { REPEATS } {
            for cell in &mut cells {
                let spec = self.write_spec(cell)?;
                cell.ours.push(measure(Command::new(std::env::current_exe()?).arg("--run").arg(&spec))?);
                let mut peer = Command::new(&self.python);
                cell.peer.push(measure(peer.arg(self.scripts.join("run.py")).arg("peft").arg(&spec))?);
                eprintln!("gpu: {} rows, {} adapters: {:?}", cell.rows, cell.adapters, cell.ours.last());
            }
        }
        Ok(Measured { bytes_per_second, cells })
    }

    fn write_spec(&self, cell: &Cell) -> Outcome<PathBuf> {
        let folder = self.work.join(SHAPE);
        let adapters = (0..cell.adapters).map(|number| folder.join("adapters").join(number.to_string())).collect();
        let path = self.work.join("gpu-spec.json");
        fs::write(&path, serde_json::to_vec_pretty(&Spec::new(folder.join("onnx"), adapters, cell.rows))?)?;
        Ok(path)
    }

    /// Makes the model and `adapters` adapters unless they are there.
    fn make(&self, adapters: usize) -> Outcome<()> {
        let folder = self.work.join(SHAPE);
        let ready = folder.join("ready");
        let made = fs::read_to_string(&ready).ok().and_then(|text| text.trim().parse::<usize>().ok());
        if made.is_some_and(|made| made >= adapters) {
            return Ok(());
        }
        let log = self.work.join(format!("{SHAPE}.log"));
        let file = fs::File::create(&log)?;
        let mut python = Command::new(&self.python);
        let status = python
            .arg(self.scripts.join("shapes.py"))
            .arg(SHAPE)
            .arg(&folder)
            .args(["--adapters", &adapters.to_string()])
            .stdout(file.try_clone()?)
            .stderr(file)
            .status()?;
        if !status.success() {
            return Err(format!("shapes.py failed; {} says why", log.display()).into());
        }
        Ok(fs::write(ready, format!("{adapters}\n"))?)
    }
}

/// The last JSON object that a process prints.
fn measure(command: &mut Command) -> Outcome<Value> {
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let object = text.lines().rev().find_map(|line| serde_json::from_str::<Value>(line).ok().filter(Value::is_object));
    object.ok_or_else(|| {
        let errors = String::from_utf8_lossy(&output.stderr);
        let tail: Vec<&str> = errors.lines().rev().take(5).collect();
        format!("{command:?} printed no result: {}", tail.join(" | ")).into()
    })
}
