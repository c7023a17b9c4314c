//! `sightline executions`: which ran, and how one went.

mod list;
mod show;
mod timeline;

pub use list::run as list;
pub use show::run as show;
