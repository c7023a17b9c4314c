//! Sightline's pure core: types, rules, errors and ports. No AWS SDK, no tokio, no Lambda (a test guards this).
//!
//! All JSON, in the state machine as in the records, uses the names of the record's schema ([`record::Record`]).

pub mod alert;
pub mod analysis;
pub mod calendar;
pub mod claims;
pub mod clock;
pub mod content;
pub mod cost;
pub mod counting;
pub mod dead_letter;
pub mod erase;
pub mod error;
pub mod event;
pub mod faces;
pub mod failure;
pub mod geometry;
pub mod identity;
pub mod image;
pub mod image_name;
pub mod import;
pub mod label_index;
pub mod labels;
pub mod latency;
pub mod layout;
pub mod merge;
pub mod meter;
pub mod moderation;
pub mod outcome;
pub mod percent;
pub mod ports;
pub mod quota;
pub mod reconcile;
pub mod record;
pub mod rejection;
pub mod rerun;
pub mod review;
pub mod search;
pub mod tally;
pub mod terms;
pub mod text;
pub mod trend_report;
pub mod trends;
