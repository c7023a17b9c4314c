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
