//! Finds and repairs lost uploads, stuck records and undelivered decisions.

use reconcile::{Reconcile, settings};
use sightline_aws::{Clients, S3, StepFunctions, TableNames, Tables};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings);
    let clients = Clients::from_environment();
    let step = settings.map(|settings| {
        let names = TableNames { records: settings.records_table.clone(), ..TableNames::default() };
        let tables = Tables::new(clients.dynamodb(), names);
        let executions = StepFunctions::new(clients.sfn()).with_state_machine(&settings.state_machine_arn, &settings.state_machine_arn);
        Reconcile::new(settings, tables, S3::new(clients.s3()), executions, SystemClock)
    });
    serve(step, clients.meter()).await
}
