//! The ports of reconciling.

#[cfg(feature = "sfn")]
mod executions;
#[cfg(feature = "dynamodb")]
mod queues;
#[cfg(feature = "s3")]
mod versions;
