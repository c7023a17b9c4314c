//! What the functions and the CLI do, over the ports.

pub mod analyze;
pub mod claims;
pub mod count;
pub mod edit;
pub mod erase;
pub mod fail;
pub mod import;
pub mod own_trends;
pub mod reconcile;
pub mod redrive;
pub mod rerun;
pub mod review;
pub mod search;
pub mod trends;
pub mod upload;
