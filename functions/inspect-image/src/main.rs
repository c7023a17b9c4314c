//! Inspects an upload: claims its record, refuses what is no image, makes the normalised copy.

use inspect_image::{settings, step::InspectImage};
use sightline_aws::{
    clients::{Clients, Target},
    dynamodb::{TableNames, Tables},
    s3::S3,
};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings::read);
    let clients = Clients::load(Target::default()).await;
    let step = settings.map(|settings| {
        let names = TableNames { records: settings.records_table.clone(), ..TableNames::default() };
        InspectImage::new(settings, Tables::new(clients.dynamodb(), names), S3::new(clients.s3()), SystemClock)
    });
    serve(step, clients.meter()).await
}
