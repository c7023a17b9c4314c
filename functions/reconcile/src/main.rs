//! Puts right what got lost.

use reconcile::{Reconcile, settings};
use sightline_aws::{
    clients::{Clients, Target},
    executions::Executions,
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
    let step = settings.map(|settings| {
        let records = Records::new(clients.dynamodb(), &settings.records_table);
        let executions = Executions::new(clients.sfn(), &settings.state_machine_arn, &settings.state_machine_arn);
        let (objects, workflow) = (Objects::new(clients.s3()), Workflow::new(clients.sfn()));
        Reconcile::new(settings, records, objects, executions, workflow, SystemClock)
    });
    serve(step, clients.meter()).await
}
