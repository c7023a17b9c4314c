//! Requests a review; the execution waits for the decision.

use request_review::{RequestReview, settings};
use sightline_aws::{Clients, StepFunctions, TableNames, Tables};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings);
    let clients = Clients::from_environment();
    let step = settings.map(|settings| {
        let names = TableNames { records: settings.records_table, ..TableNames::default() };
        let (tables, executions) = (Tables::new(clients.dynamodb(), names), StepFunctions::new(clients.sfn()));
        RequestReview::new(settings.timeout_seconds, tables, executions, SystemClock)
    });
    serve(step, clients.meter()).await
}
