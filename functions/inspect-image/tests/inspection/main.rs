//! What inspect-image takes and refuses, what it makes of it, and how much memory that costs (fault matrix, rows 8 to 14).

mod colour;
mod formats;
mod hostile;
mod limits;
mod metadata;
mod mutations;
mod orientation;
mod pictures;
mod sizes;
mod step;
mod truncation;
