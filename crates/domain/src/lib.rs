//! Sightline's core: types, rules, ports and flows. It knows no AWS SDK, no tokio and no Lambda.
//!
//! Four layers, each of which imports only the ones above it in this list (`tests/layers.rs` checks this):
//!
//! 1. [`model`]: the types that are stored, sent and received. All JSON, in the state machine as in the records, uses the names of the
//!    record's schema ([`model::record::Record`]).
//! 2. [`rules`]: pure functions over the model, such as reading Rekognition's answers, merging the record and indexing it.
//! 3. [`ports`]: what the flows need from AWS, one trait per resource. `sightline-aws` implements them.
//! 4. [`flows`]: what the functions and the CLI do with both, such as recording a failure, erasing an image or reconciling.

pub mod flows;
pub mod model;
pub mod ports;
pub mod rules;
