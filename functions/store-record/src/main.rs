//! Writes the merged record and its label rows.

use sightline_aws::{
    clients::{Clients, Target},
    objects::Objects,
    records::Records,
};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};
use store_record::{StoreRecord, settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings);
    let clients = Clients::load(Target::default()).await;
    let (dynamodb, objects) = (clients.dynamodb(), Objects::new(clients.s3()));
    let step = settings.map(|settings| {
        let records = Records::new(dynamodb, settings.records_table).indexed_by(settings.label_index_table);
        StoreRecord::new(settings.retention_days, records, objects, SystemClock)
    });
    serve(step, clients.meter()).await
}
