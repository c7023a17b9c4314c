//! ONNX Runtime: loads the library, opens and runs models.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::{Environment, GlobalThreadPoolOptions};
use ort::ep;
use ort::session::Session;
use ort::value::TensorRef;

/// Why a model could not be opened or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VisionError {
    /// A model file is missing: `make models` has not been run.
    #[error("{} is missing: run `make models` (it runs local/models/fetch_models.py)", path.display())]
    ModelMissing {
        /// The missing file.
        path: PathBuf,
    },
    /// ONNX Runtime could not be loaded, or could not open or run a model.
    #[error("{doing}")]
    Runtime {
        /// The failed action, e.g. `running coco-ssd.onnx`.
        doing: String,
        /// The error of ONNX Runtime.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The output of a model has an unexpected shape.
    #[error("the output of {model} has an unexpected shape")]
    UnexpectedShape {
        /// The model's file name.
        model: &'static str,
    },
}

/// The file name of the library in the model directory.
const LIBRARY: &str = "libonnxruntime.so";
/// Threads per operator; all models share them.
const THREADS: usize = 2;

/// The loaded library.
pub(crate) struct Runtime {
    environment: Environment,
    dir: PathBuf,
}

impl Runtime {
    /// Loads the library from the model directory. A process loads it only once; later calls share it.
    pub fn load(dir: &Path) -> Result<Self, VisionError> {
        let library = existing(dir, LIBRARY)?;
        let failed = || format!("loading {}", library.display());
        let builder = ort::init_from(&library).map_err(|source| runtime_error(failed(), source))?;
        let environment = shared_threads()
            .and_then(|pool| builder.with_name("sightline").with_telemetry(false).with_global_thread_pool(pool).build())
            .map_err(|source| runtime_error(failed(), source))?;
        Ok(Self { environment, dir: dir.to_owned() })
    }

    /// Opens a model in the directory.
    pub fn open(&self, file: &'static str) -> Result<Model, VisionError> {
        let path = existing(&self.dir, file)?;
        let session = self.session(&path).map_err(|source| runtime_error(format!("opening {file}"), source))?;
        Ok(Model { file, session: Mutex::new(session) })
    }

    fn session(&self, path: &Path) -> ort::Result<Session> {
        // Without the arena, memory is freed after each run; otherwise images of various sizes make it grow.
        let cpu = ep::CPU::default().with_arena_allocator(false).build();
        Session::builder(&self.environment)?.with_execution_providers([cpu])?.with_memory_pattern(false)?.commit_from_file(path)
    }
}

/// Idle threads sleep instead of spinning, because the machine also runs the local AWS.
fn shared_threads() -> ort::Result<GlobalThreadPoolOptions> {
    GlobalThreadPoolOptions::default().with_intra_threads(THREADS)?.with_inter_threads(1)?.with_spin_control(false)
}

fn existing(dir: &Path, file: &str) -> Result<PathBuf, VisionError> {
    let path = dir.join(file);
    if path.is_file() { Ok(path) } else { Err(VisionError::ModelMissing { path }) }
}

fn runtime_error(doing: String, source: impl std::error::Error + Send + Sync + 'static) -> VisionError {
    VisionError::Runtime { doing, source: Box::new(source) }
}

/// An opened model with one input. Concurrent calls run one after the other.
#[derive(Debug)]
pub(crate) struct Model {
    file: &'static str,
    session: Mutex<Session>,
}

/// One output of a model.
pub(crate) struct Output<'a> {
    pub shape: Vec<usize>,
    /// In row-major order.
    pub data: &'a [f32],
}

impl Model {
    /// Runs the model on one tensor. `read` gets the outputs in the order of the model file, and returns `None` for an unexpected shape.
    pub fn run<T, const N: usize>(
        &self,
        shape: [usize; 4],
        data: &[f32],
        read: impl FnOnce([Output<'_>; N]) -> Option<T>,
    ) -> Result<T, VisionError> {
        let failed = |source: ort::Error| runtime_error(format!("running {}", self.file), source);
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let input = TensorRef::from_array_view((shape, data)).map_err(failed)?;
        let values = session.run(ort::inputs![input]).map_err(failed)?;
        let mut outputs = Vec::with_capacity(N);
        let values: Vec<_> = values.values().collect();
        for value in &values {
            let (shape, data) = value.try_extract_tensor::<f32>().map_err(failed)?;
            let shape = shape.iter().map(|&side| usize::try_from(side).unwrap_or(0)).collect();
            outputs.push(Output { shape, data });
        }
        outputs.try_into().ok().and_then(read).ok_or(VisionError::UnexpectedShape { model: self.file })
    }

    /// A text in the metadata of the model file.
    pub fn metadata(&self, key: &str) -> Result<String, VisionError> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let metadata = session.metadata().map_err(|source| runtime_error(format!("reading {}", self.file), source))?;
        metadata.custom(key).ok_or(VisionError::UnexpectedShape { model: self.file })
    }
}
