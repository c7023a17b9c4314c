//! The Lambda edge: one way to serve a step, to name its faults, to log and to read settings.

pub mod clock;
pub mod fault;
pub mod logging;
pub mod serve;
pub mod settings;

pub use fault::Fault;
pub use lambda_runtime::Error as RuntimeError;
pub use serve::{Step, serve};
