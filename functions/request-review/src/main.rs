//! Puts an image before its reviewers.

use request_review::{RequestReview, settings};
use sightline_aws::{
    clients::{Clients, Target},
    records::Records,
    workflow::Workflow,
};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings);
    let clients = Clients::load(Target::default()).await;
    let (dynamodb, workflow) = (clients.dynamodb(), Workflow::new(clients.sfn()));
    let step = settings.map(|settings| {
        RequestReview::new(settings.timeout_seconds, Records::new(dynamodb, settings.records_table), workflow, SystemClock)
    });
    serve(step, clients.meter()).await
}
