//! Writes the reason of a rejected image into the record.

use record_rejection::{RecordRejection, settings};
use sightline_aws::{Clients, S3, TableNames, Tables};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings);
    let clients = Clients::from_environment();
    let step = settings.map(|settings| {
        let names = TableNames { records: settings.records_table, ..TableNames::default() };
        let tables = Tables::new(clients.dynamodb(), names);
        RecordRejection::new(settings.retention_days, tables, S3::new(clients.s3()), SystemClock)
    });
    serve(step, clients.meter()).await
}
