//! The Lambda edge: serves a step, names its failures, logs, counts and reads settings.

mod analysis;
pub mod clock;
mod context;
pub mod failure;
pub mod logging;
pub mod metrics;
pub mod serve;
pub mod settings;

pub use analysis::{AnalysisInput, AnalysisStep};
pub use context::{add_field, set_image_id};
pub use failure::StepFailure;
pub use lambda_runtime::Error as RuntimeError;
pub use serve::{Step, serve};
