//! Analyses one image that is already in a bucket.

use import_image::{ImportImage, settings};
use sightline_aws::{Clients, S3, StepFunctions, TableNames, Tables};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings);
    let clients = Clients::from_environment();
    let step = settings.map(|settings| {
        let names = TableNames { records: settings.records_table, ..TableNames::default() };
        let tables = Tables::new(clients.dynamodb(), names);
        let executions = StepFunctions::new(clients.sfn()).with_state_machine(&settings.state_machine_arn, &settings.state_machine_arn);
        ImportImage::new(settings.images_bucket, tables, S3::new(clients.s3()), executions, SystemClock)
    });
    serve(step, clients.meter()).await
}
