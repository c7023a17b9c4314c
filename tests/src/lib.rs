//! Hand-written fakes of the domain's ports, for the tests of every crate: in-memory records, objects, detectors, alerts and
//! callbacks that keep the same conditions as the real adapters, and a wrapper that makes any of them fail.
//!
//! Nothing here waits, so a future over fakes is ready at once: [`ready()`] runs it without a runtime.

pub mod alerts;
pub mod detectors;
pub mod erasure;
pub mod executions;
pub mod failing;
pub mod imports;
pub mod objects;
pub mod operators;
pub mod queues;
pub mod ready;
pub mod records;
pub mod reviews;
pub mod samples;
pub mod time;
pub mod trends;
pub mod turns;

pub use ready::ready;
