//! Adapters: S3, Rekognition, DynamoDB, SNS and Step Functions behind the domain's ports. One feature per SDK crate.

#[cfg(feature = "s3")]
mod absence;
#[cfg(feature = "sfn")]
pub mod bulk_imports;
#[cfg(feature = "dynamodb")]
mod changes;
pub mod classify;
pub mod clients;
#[cfg(feature = "sqs")]
pub mod dead_letters;
#[cfg(feature = "sfn")]
pub mod executions;
#[cfg(feature = "s3")]
mod import;
#[cfg(feature = "dynamodb")]
pub mod label_rows;
#[cfg(feature = "dynamodb")]
pub mod label_search;
#[cfg(feature = "s3")]
pub mod listing;
#[cfg(feature = "cloudwatchlogs")]
pub mod logs;
mod metering;
#[cfg(feature = "s3")]
mod object_versions;
#[cfg(feature = "s3")]
pub mod objects;
#[cfg(feature = "dynamodb")]
pub mod open_work;
mod reconcile;
#[cfg(feature = "dynamodb")]
pub mod records;
#[cfg(feature = "rekognition")]
pub mod rekognition;
#[cfg(feature = "dynamodb")]
pub mod reviews;
#[cfg(feature = "sns")]
pub mod sns;
#[cfg(feature = "cloudformation")]
pub mod stack;
#[cfg(feature = "sfn")]
mod stopping;
#[cfg(feature = "dynamodb")]
mod tombstones;
#[cfg(feature = "dynamodb")]
pub mod trends;
#[cfg(feature = "sfn")]
pub mod workflow;
