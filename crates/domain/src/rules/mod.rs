//! Pure functions over the model.

pub mod alert;
pub mod analysis;
pub mod cost;
pub mod edit;
pub mod faces;
pub mod input_summary;
pub mod label_index;
pub mod labels;
pub mod latency;
pub mod merge;
pub mod moderation;
pub mod nearest;
pub mod overlay;
pub mod quota;
pub mod tally;
pub mod terms;
pub mod text;
pub mod timeline;
