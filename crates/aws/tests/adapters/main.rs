//! The adapters over the real SDK clients, against recorded HTTP answers: what is asked, what an answer gives, and what an error means.

mod dynamodb;
mod reading;
mod rekognition;
mod replay;
mod retries;
mod s3;
mod sfn;
mod sns;
