//! Finds the labels of an image, and decides whether faces and text are analysed.

use sightline_aws::{Clients, Rekognition, S3};
use sightline_kit::{AnalysisStep, RuntimeError, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let rules = from_environment(detect_labels::rules);
    let clients = Clients::from_environment();
    let (rekognition, s3) = (Rekognition::new(clients.rekognition()), S3::new(clients.s3()));
    serve(rules.map(|rules| AnalysisStep::new(rules, rekognition, s3)), clients.meter()).await
}
