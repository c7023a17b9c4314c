//! Writes into the record why its execution failed.

use record_failure::{RecordFailure, settings};
use sightline_aws::{
    clients::{Clients, Target},
    objects::Objects,
    records::Records,
    workflow::Workflow,
};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings);
    let clients = Clients::load(Target::default()).await;
    let (dynamodb, objects, workflow) = (clients.dynamodb(), Objects::new(clients.s3()), Workflow::new(clients.sfn()));
    let step = settings.map(|settings| {
        RecordFailure::new(settings.retention_days, Records::new(dynamodb, settings.records_table), objects, workflow, SystemClock)
    });
    serve(step, clients.meter()).await
}
