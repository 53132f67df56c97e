//! Finding and loading ONNX Runtime. The only place that knows how `ort` starts.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use openledger_onnx_graph::Model;
use ort::{
    environment::Environment,
    ep,
    operator::OperatorDomain,
    session::{Session, builder::SessionBuilder},
};

use crate::{EngineError, Provider, cuda};

/// Where `cargo xtask setup` puts the library, below the repository root.
const PROJECT_LIBRARY: &str = ".openledger/onnxruntime/libonnxruntime.so.1.31.1";

/// The process-wide runtime: `ort` allows one library and one environment per process.
static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

/// Held while a session is built.
static BUILDING: Mutex<()> = Mutex::new(());

/// A loaded ONNX Runtime.
#[derive(Clone)]
pub(crate) struct Runtime {
    environment: Environment,
    library: PathBuf,
    /// For example `1.31.1`.
    pub version: String,
}

impl Runtime {
    /// Loads the library on first use and returns the same runtime afterwards.
    ///
    /// # Errors
    /// [`EngineError::Runtime`] when no library is found, it does not load, or the process
    /// already runs another one.
    pub fn load(configured: Option<&Path>) -> Result<Self, EngineError> {
        let library = find_library(configured)?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*loaded {
            if runtime.library == library {
                return Ok(runtime.clone());
            }
            return Err(failed(format!(
                "this process already uses {}, not {}",
                runtime.library.display(),
                library.display()
            )));
        }
        let environment = ort::init_from(&library)
            .map_err(failed)?
            .with_name("openledger")
            .with_telemetry(false)
            .build()
            .map_err(failed)?;
        let runtime = Self { environment, version: version(&library), library };
        *loaded = Some(runtime.clone());
        Ok(runtime)
    }

    /// Checks that a provider can be used: cheap, and before a model is read for it.
    ///
    /// # Errors
    /// [`EngineError::Provider`].
    pub fn check(&self, provider: Provider) -> Result<(), EngineError> {
        cuda::check(provider, &self.library)
    }

    /// A session on the processor over a model held in memory, external weights included, that may use `operators`.
    ///
    /// # Errors
    /// [`EngineError::ModelUnsupported`] when ONNX Runtime refuses the graph.
    pub fn session(
        &self,
        model: &Model,
        threads: usize,
        operators: Option<OperatorDomain>,
    ) -> Result<Session, EngineError> {
        self.build(model, Provider::Cpu, threads, operators)
    }

    /// The same on a provider.
    ///
    /// # Errors
    /// As [`Runtime::session`]; [`EngineError::Provider`] when the provider does not start.
    pub fn session_on(&self, provider: Provider, model: &Model, threads: usize) -> Result<Session, EngineError> {
        self.check(provider)?;
        self.build(model, provider, threads, None)
    }

    fn build(
        &self,
        model: &Model,
        provider: Provider,
        threads: usize,
        operators: Option<OperatorDomain>,
    ) -> Result<Session, EngineError> {
        // ONNX Runtime keeps one table of domains for the process and looks into it before it writes:
        // two sessions that bring the same domain must not be built at once.
        let _one_at_a_time = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let spin = if threads != 0 && threads < cores { Spin::Long } else { Spin::Short };
        let mut builder = Session::builder(&self.environment)
            .and_then(|builder| configure(builder, threads, spin))
            .map_err(failed)?;
        if let Provider::Cuda { device } = provider {
            let device = i32::try_from(device).map_err(|error| cuda::unavailable(provider, error.to_string()))?;
            // Without this a provider that fails to start is left out, and the processor computes in its place.
            let card = ep::CUDA::default().with_device_id(device).build().error_on_failure();
            builder = builder
                .with_execution_providers([card])
                .map_err(|error| cuda::unavailable(provider, error.to_string()))?;
        }
        if let Some(operators) = operators {
            builder = builder.with_operators(operators).map_err(failed)?;
        }
        for (name, bytes) in model.external_files() {
            builder = builder.with_external_initializer_file_in_memory(name, Arc::clone(bytes)).map_err(failed)?;
        }
        builder.commit_from_memory(&model.to_bytes()).map_err(|error| {
            let reason = format!("ONNX Runtime {}: {error}", self.version);
            match provider {
                // The card is first touched here.
                Provider::Cuda { .. } if reason.contains("CUDA") => cuda::unavailable(provider, reason),
                _ => EngineError::ModelUnsupported { reason },
            }
        })
    }
}

/// How long a thread without work looks for more before it sleeps.
#[derive(Debug, Clone, Copy)]
enum Spin {
    /// As long as ONNX Runtime thinks good, milliseconds.
    Long,
    /// From one operator to the next. Without spare cores, threads that look for longer turn milliseconds into tens of them;
    /// yet waking a sleeper for every operator costs more than many operators take.
    Short,
}

/// Longest gap between two operators that a thread stays awake for, in microseconds.
const SHORT_SPIN: &str = "50";

fn configure(builder: SessionBuilder, threads: usize, spin: Spin) -> ort::Result<SessionBuilder> {
    // Shapes change every step: memory patterns would grow without bound.
    let builder = builder.with_memory_pattern(false)?;
    let builder = builder.with_intra_op_spinning(true)?;
    let builder = match spin {
        Spin::Long => builder,
        Spin::Short => builder.with_config_entry("session.intra_op.spin_duration_us", SHORT_SPIN)?,
    };
    let builder = builder.with_inter_op_spinning(false)?;
    Ok(if threads == 0 { builder } else { builder.with_intra_threads(threads)? })
}

fn find_library(configured: Option<&Path>) -> Result<PathBuf, EngineError> {
    let from_environment = || std::env::var_os("ORT_DYLIB_PATH").filter(|value| !value.is_empty()).map(PathBuf::from);
    let path = match configured.map(Path::to_owned).or_else(from_environment) {
        Some(path) => path,
        None => project_library()?,
    };
    path.canonicalize().map_err(|error| failed(format!("{}: {error}", path.display())))
}

fn project_library() -> Result<PathBuf, EngineError> {
    let here = std::env::current_dir().map_err(failed)?;
    here.ancestors()
        .map(|folder| folder.join(PROJECT_LIBRARY))
        .find(|path| path.is_file())
        .ok_or_else(|| failed(format!("{PROJECT_LIBRARY} is in no folder above {}", here.display())))
}

/// Version from the file name, else from the build information.
fn version(library: &Path) -> String {
    let name = library.file_name().map(|name| name.to_string_lossy());
    name.as_deref()
        .and_then(|name| name.split_once(".so."))
        .map_or_else(|| ort::info().to_owned(), |(_, version)| version.to_owned())
}

fn failed(error: impl std::fmt::Display) -> EngineError {
    EngineError::Runtime { reason: error.to_string() }
}
