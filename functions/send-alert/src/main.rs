//! Publishes an alert about an image, once.

use send_alert::{SendAlert, settings};
use sightline_aws::{Clients, S3, Topic};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings);
    let clients = Clients::from_environment();
    let step = settings.map(|topic_arn| SendAlert::new(Topic::new(clients.sns(), topic_arn), S3::new(clients.s3()), SystemClock));
    serve(step, clients.meter()).await
}
