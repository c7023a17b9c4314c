//! Hand-written fakes of the domain's ports, for the tests of every crate: tables, objects, executions, Rekognition and alerts in memory,
//! under the same conditions as the real adapters (`tests/contract` compares them), and a wrapper that makes any of them fail.
//!
//! No fake waits, so a future over fakes is ready at once: [`ready()`] runs it without a runtime.

pub mod alerts;
pub mod analyzer;
pub mod executions;
pub mod failing;
pub mod futures;
pub mod http;
pub mod import_source;
pub mod objects;
pub mod samples;
pub mod tables;
pub mod time;

pub use futures::ready;
