//! What can go wrong with the local models.

use std::path::PathBuf;

/// Why a model could not be opened or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VisionError {
    /// A file of the model set is not in the directory: the set-up has not run.
    #[error("{} is missing: run `make models` (it runs local/models/fetch_models.py)", path.display())]
    ModelMissing {
        /// The file that was looked for.
        path: PathBuf,
    },
    /// ONNX Runtime refused to load, or to open or run a model.
    #[error("{doing}")]
    Runtime {
        /// What was being done, e.g. `running coco-ssd.onnx`.
        doing: String,
        /// ONNX Runtime's own word.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A model answered in another shape than its file is known to.
    #[error("{model} answered in an unknown shape")]
    UnknownShape {
        /// The model's file name.
        model: &'static str,
    },
}
