//! Writes into the record why an image was rejected.

use record_rejection::{RecordRejection, settings};
use sightline_aws::{
    clients::{Clients, Target},
    objects::Objects,
    records::Records,
};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings);
    let clients = Clients::load(Target::default()).await;
    let (dynamodb, objects) = (clients.dynamodb(), Objects::new(clients.s3()));
    let step = settings.map(|settings| {
        RecordRejection::new(settings.retention_days, Records::new(dynamodb, settings.records_table), objects, SystemClock)
    });
    serve(step, clients.meter()).await
}
