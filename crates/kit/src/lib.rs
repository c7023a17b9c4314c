//! The Lambda edge: one way to serve a step, to name its faults, to log, to count and to read settings.

mod about;
pub mod clock;
pub mod fault;
pub mod logging;
pub mod metrics;
pub mod serve;
pub mod settings;

pub use about::about_image;
pub use fault::Fault;
pub use lambda_runtime::Error as RuntimeError;
pub use serve::{Step, serve};
