//! `sightline executions`: which ran, how one went, and running again what failed.

mod list;
mod redrive;
mod show;
mod summary;
mod timeline;
mod wanted;

pub use list::run as list;
pub use redrive::run as redrive;
pub use show::run as show;
pub use wanted::{Wanted, name_in};

use crate::session::Session;
use sightline_domain::{
    flows::rerun,
    model::{error::StorageError, identity::Upload, record::Record},
};

/// The record of the image that an execution with this `input` works on, under whichever id it is.
pub async fn record_of(session: &Session, input: Option<&str>, execution_arn: &str) -> Result<Option<Record>, StorageError> {
    let Some(upload) = input.and_then(Upload::from_input) else { return Ok(None) };
    rerun::record_of(&session.tables(), &session.s3(), &upload, Some(execution_arn)).await
}
