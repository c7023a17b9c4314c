//! The HTTP API of the page.

use api::{Api, Deployment, HttpApi, settings};
use sightline_aws::{
    clients::Clients,
    dynamodb::{TableNames, Tables},
    s3::S3,
    stepfunctions::StepFunctions,
};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};

/// The deployment on AWS.
struct Aws;

impl Deployment for Aws {
    type Tables = Tables;
    type Objects = S3;
    type Executions = StepFunctions;
    type Clock = SystemClock;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings);
    let clients = Clients::from_environment();
    let api = settings.map(|settings| {
        let names = TableNames {
            records: settings.records_table.clone(),
            label_index: settings.label_index_table.clone(),
            trends: settings.trends_table.clone(),
        };
        let tables = Tables::new(clients.dynamodb(), names);
        let executions =
            StepFunctions::new(clients.sfn()).with_state_machine(&settings.state_machine_arn, &settings.live_state_machine_arn);
        HttpApi::new(Api::<Aws>::new(settings, tables, S3::new(clients.s3()), executions, SystemClock))
    });
    serve(api, clients.meter()).await
}
