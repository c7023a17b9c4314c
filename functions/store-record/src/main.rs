//! Writes the merged record and its rows of the label index.

use sightline_aws::{Clients, S3, TableNames, Tables};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};
use store_record::{StoreRecord, settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings);
    let clients = Clients::from_environment();
    let step = settings.map(|settings| {
        let names = TableNames { records: settings.records_table, label_index: settings.label_index_table, ..TableNames::default() };
        let tables = Tables::new(clients.dynamodb(), names);
        StoreRecord::new(settings.retention_days, tables, S3::new(clients.s3()), SystemClock)
    });
    serve(step, clients.meter()).await
}
