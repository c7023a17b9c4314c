//! From a request's image to upright pixels.

mod decode;
mod header;
mod jpeg;
mod s3;
mod source;

pub use self::{decode::decode, header::Header, s3::S3Reader, source::source};

#[cfg(test)]
mod tests;
