//! Adapters between the domain's ports and AWS: one module per service, each behind the feature of its SDK crate.

pub mod classify;
pub mod clients;
#[cfg(feature = "cloudformation")]
pub mod cloudformation;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
mod environment;
mod http;
#[cfg(feature = "cloudwatchlogs")]
pub mod logs;
mod metering;
#[cfg(feature = "rekognition")]
pub mod rekognition;
#[cfg(feature = "s3")]
pub mod s3;
#[cfg(feature = "sns")]
pub mod sns;
#[cfg(feature = "sqs")]
pub mod sqs;
#[cfg(feature = "sfn")]
pub mod stepfunctions;

pub use clients::Clients;
#[cfg(feature = "profiles")]
pub use clients::Target;
#[cfg(feature = "dynamodb")]
pub use dynamodb::{TableNames, Tables};
#[cfg(feature = "cloudwatchlogs")]
pub use logs::{LogLine, Logs};
#[cfg(feature = "rekognition")]
pub use rekognition::Rekognition;
#[cfg(feature = "s3")]
pub use s3::S3;
#[cfg(feature = "sns")]
pub use sns::Topic;
#[cfg(feature = "sqs")]
pub use sqs::{DeadLetters, DlqMessage};
#[cfg(feature = "sfn")]
pub use stepfunctions::StepFunctions;
