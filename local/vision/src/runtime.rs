//! ONNX Runtime: loading the library, opening a model, running it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::{Environment, GlobalThreadPoolOptions};
use ort::ep;
use ort::session::Session;
use ort::value::TensorRef;

use crate::VisionError;

/// The library's file name in the model directory.
const LIBRARY: &str = "libonnxruntime.so";
/// Threads that work on one operator; all models share them.
const THREADS: usize = 2;

/// The loaded library.
pub(crate) struct Runtime {
    environment: Environment,
    dir: PathBuf,
}

impl Runtime {
    /// Loads the library from the model directory; a process loads it once, further calls share it.
    pub fn load(dir: &Path) -> Result<Self, VisionError> {
        let library = existing(dir, LIBRARY)?;
        let failed = || format!("loading {}", library.display());
        let builder = ort::init_from(&library).map_err(|source| runtime_error(failed(), source))?;
        let environment = shared_threads()
            .and_then(|pool| builder.with_name("sightline").with_telemetry(false).with_global_thread_pool(pool).build())
            .map_err(|source| runtime_error(failed(), source))?;
        Ok(Self { environment, dir: dir.to_owned() })
    }

    /// Opens a model of the directory.
    pub fn open(&self, file: &'static str) -> Result<Model, VisionError> {
        let path = existing(&self.dir, file)?;
        let session = self.session(&path).map_err(|source| runtime_error(format!("opening {file}"), source))?;
        Ok(Model { file, session: Mutex::new(session) })
    }

    fn session(&self, path: &Path) -> ort::Result<Session> {
        // Without the arena, memory goes back after each run: images of all sizes would else make it grow.
        let cpu = ep::CPU::default().with_arena_allocator(false).build();
        Session::builder(&self.environment)?.with_execution_providers([cpu])?.with_memory_pattern(false)?.commit_from_file(path)
    }
}

/// Idle threads sleep instead of spinning: the machine also runs a whole local AWS.
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

/// An opened model with one input. Calls from several threads take turns.
#[derive(Debug)]
pub(crate) struct Model {
    file: &'static str,
    session: Mutex<Session>,
}

/// One answer of a model.
pub(crate) struct Output<'a> {
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its numbers, the last dimension closest together.
    pub data: &'a [f32],
}

impl Model {
    /// Runs the model on one tensor and reads its answers, which are in the order of the model file;
    /// `read` says `None` to an answer that is not shaped as it knows.
    pub fn run<T, const N: usize>(
        &self,
        shape: [usize; 4],
        data: &[f32],
        read: impl FnOnce([Output<'_>; N]) -> Option<T>,
    ) -> Result<T, VisionError> {
        let failed = |source: ort::Error| runtime_error(format!("running {}", self.file), source);
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let input = TensorRef::from_array_view((shape, data)).map_err(failed)?;
        let answers = session.run(ort::inputs![input]).map_err(failed)?;
        let mut outputs = Vec::with_capacity(N);
        let answers: Vec<_> = answers.values().collect();
        for answer in &answers {
            let (shape, data) = answer.try_extract_tensor::<f32>().map_err(failed)?;
            let shape = shape.iter().map(|&side| usize::try_from(side).unwrap_or(0)).collect();
            outputs.push(Output { shape, data });
        }
        outputs.try_into().ok().and_then(read).ok_or(VisionError::UnknownShape { model: self.file })
    }

    /// A text that the model file carries.
    pub fn metadata(&self, key: &str) -> Result<String, VisionError> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let metadata = session.metadata().map_err(|source| runtime_error(format!("reading {}", self.file), source))?;
        metadata.custom(key).ok_or(VisionError::UnknownShape { model: self.file })
    }
}
