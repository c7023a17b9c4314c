//! What the command line says.

use std::path::PathBuf;

use crate::rate::{Over, Quota};

/// A loopback server that speaks Amazon Rekognition's wire protocol and answers from local models.
#[derive(Debug, clap::Parser)]
#[command(version)]
pub struct Args {
    /// Port on 127.0.0.1; 0 takes a free one. The first line on stdout says which.
    #[arg(long, env = "SIGHTLINE_REKOGNITION_PORT", default_value_t = 4567)]
    pub port: u16,

    /// Directory of the model files that `make models` fetched.
    #[arg(long, env = "SIGHTLINE_MODELS", value_name = "DIR")]
    pub models: Option<PathBuf>,

    /// Where images in S3 are read from [default: the SDK's own variables for S3 and for all services]. Without it only inline images are answered.
    #[arg(long, value_name = "URL")]
    pub s3_endpoint: Option<String>,

    /// Calls a second of each operation beyond which clients are throttled [default: no such limit]. `PUT /admin/rate` changes it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub calls_per_second: Option<u32>,
}

impl Args {
    /// The directory of the models, by flag, environment or convention.
    pub fn models_dir(&self) -> Option<PathBuf> {
        self.models.clone().or_else(sightline_vision::default_dir)
    }

    /// The quota to start with.
    pub fn quota(&self) -> Option<Quota> {
        self.calls_per_second.map(|per_second| Quota { per_second, over: Over::Each })
    }

    /// The S3 endpoint, by flag or the SDK's own variables.
    pub fn s3_endpoint(&self) -> Option<String> {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        self.s3_endpoint.clone().or_else(|| set("AWS_ENDPOINT_URL_S3")).or_else(|| set("AWS_ENDPOINT_URL"))
    }
}
