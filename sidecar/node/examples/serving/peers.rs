//! Models, adapters and processes.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    cases::{Case, Side},
    results::Results,
    spec::{Spec, Way},
};

/// Distinct folders that share eight files of weights: another scale is another adapter.
const FAMILY: usize = 8;
/// Adapters in memory at once.
pub const RESIDENT: usize = 512;
/// File of earlier results, beside the models.
const RESULTS: &str = "results.json";

pub struct Bench {
    python: PathBuf,
    scripts: PathBuf,
    work: PathBuf,
}

impl Bench {
    /// Finds the peers' Python.
    pub fn prepare(repository: &Path) -> Result<Self, Box<dyn Error>> {
        let python = std::env::var_os("OPENLEDGER_PEER_PYTHON")
            .ok_or("set OPENLEDGER_PEER_PYTHON to a Python with the packages of tests/peers/README.md")?;
        let work =
            std::env::var_os("OPENLEDGER_PEER_MODELS").map_or_else(|| repository.join("target/peers"), PathBuf::from);
        fs::create_dir_all(&work)?;
        Ok(Self { python: python.into(), scripts: repository.join("tests/peers"), work })
    }

    /// Runs all cases, repeat by repeat, so that a slow minute of the machine meets all of them.
    pub fn run(&self, cases: &[Case]) -> Result<Results, Box<dyn Error>> {
        for shape in ["135m", "1b"] {
            if cases.iter().any(|case| case.shape == shape) {
                self.make(shape)?;
            }
        }
        let mut results = Results::default();
        for repeat in 0..cases.iter().map(|case| case.repeats).max().unwrap_or(0) {
            for case in cases.iter().filter(|case| repeat < case.repeats) {
                let spec = self.work.join("spec.json");
                fs::write(&spec, serde_json::to_vec_pretty(&self.spec(case)?)?)?;
                let value = self.measure(case.side, &spec)?;
                eprintln!("{} {repeat}: {value}", case.key);
                results.add(case.key, value);
            }
        }
        Ok(results)
    }

    /// What earlier runs gave.
    pub fn earlier(&self) -> Result<Results, Box<dyn Error>> {
        Results::read(&self.work.join(RESULTS))
    }

    /// Keeps results for a later run that measures a part.
    pub fn keep(&self, results: &Results) -> Result<(), Box<dyn Error>> {
        results.write(&self.work.join(RESULTS))
    }

    /// Makes a shape's files unless they are there.
    fn make(&self, shape: &str) -> Result<(), Box<dyn Error>> {
        let folder = self.work.join(shape);
        let ready = folder.join("ready");
        if ready.exists() {
            return Ok(());
        }
        let log = fs::File::create(self.work.join(format!("{shape}.log")))?;
        let status = Command::new(&self.python)
            .arg(self.scripts.join("shapes.py"))
            .arg(shape)
            .arg(&folder)
            .stdout(log.try_clone()?)
            .stderr(log)
            .status()?;
        if !status.success() {
            return Err(format!("shapes.py failed; {shape}.log in {} says why", self.work.display()).into());
        }
        fs::write(ready, "")?;
        Ok(())
    }

    fn spec(&self, case: &Case) -> Result<Spec, Box<dyn Error>> {
        let folder = self.work.join(case.shape);
        let adapters = (0..case.registered).map(|number| self.adapter(&folder, number)).collect::<Result<_, _>>()?;
        let way = match case.side {
            Side::Ours(way) => way,
            Side::Peft | Side::Genai | Side::Llama => Way::Engine,
        };
        Ok(Spec {
            way,
            model: folder.join("onnx"),
            adapters,
            registered: case.registered,
            resident: RESIDENT,
            popularity: case.popularity,
            clients: case.clients,
            rounds: case.rounds,
            warmup: case.warmup,
            prompt_tokens: case.prompt_tokens,
            new_tokens: case.new_tokens,
            vocabulary: case.vocabulary(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            kv_mebibytes: 2048,
            adapter_mebibytes: 8192,
        })
    }

    /// The first eight are those that `shapes.py` made; the others are their files with other scales.
    fn adapter(&self, folder: &Path, number: usize) -> Result<PathBuf, Box<dyn Error>> {
        let made = folder.join("adapters").join((number % FAMILY).to_string());
        if number < FAMILY {
            return Ok(made);
        }
        let own = folder.join("scaled").join(number.to_string());
        let (weights, config) = ("adapter_model.safetensors", "adapter_config.json");
        if !own.join(config).exists() {
            fs::create_dir_all(&own)?;
            fs::hard_link(made.join(weights), own.join(weights))?;
            let mut fields: Value = serde_json::from_slice(&fs::read(made.join(config))?)?;
            fields["lora_alpha"] = (32.0 + number as f64 / 1024.0).into();
            fs::write(own.join(config), fields.to_string())?;
        }
        Ok(own)
    }

    fn measure(&self, side: Side, spec: &Path) -> Result<Value, Box<dyn Error>> {
        let mut command = match side.peer() {
            None => {
                let mut own = Command::new(std::env::current_exe()?);
                own.arg("--run");
                own
            }
            Some(peer) => {
                let mut python = Command::new(&self.python);
                python.arg(self.scripts.join("run.py")).arg(peer);
                python
            }
        };
        let output = command.arg(spec).env("OMP_WAIT_POLICY", "PASSIVE").output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let object =
            text.lines().rev().find_map(|line| serde_json::from_str::<Value>(line).ok().filter(Value::is_object));
        object.ok_or_else(|| {
            let errors = String::from_utf8_lossy(&output.stderr);
            let tail: Vec<&str> = errors.lines().rev().take(5).collect();
            format!("{} printed no result: {}", side.name(), tail.join(" | ")).into()
        })
    }
}
