//! Brings one image that lies in some bucket already through its analysis.

use import_image::{ImportImage, settings};
use sightline_aws::{
    clients::{Clients, Target},
    executions::Executions,
    objects::Objects,
    records::Records,
};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings::read);
    let clients = Clients::load(Target::default()).await;
    let (dynamodb, objects, sfn) = (clients.dynamodb(), Objects::new(clients.s3()), clients.sfn());
    let step = settings.map(|settings| {
        let records = Records::new(dynamodb, settings.records_table.as_str());
        let executions = Executions::new(sfn, settings.state_machine_arn.as_str(), settings.state_machine_arn.as_str());
        ImportImage::new(settings.images_bucket, records, objects, executions, SystemClock)
    });
    serve(step, clients.meter()).await
}
