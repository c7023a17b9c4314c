//! The types that are stored, sent and received.

pub mod analysis;
pub mod clock;
pub mod error;
pub mod event;
pub mod execution;
pub mod findings;
pub mod identity;
pub mod image;
pub mod image_name;
pub mod import;
pub mod layout;
pub mod meter;
pub mod percent;
pub mod record;
pub mod rejection;
pub mod review;
