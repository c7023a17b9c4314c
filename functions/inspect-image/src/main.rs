//! Inspects an upload: claims its record, rejects what is not a supported image, writes the normalised copy and the thumbnail.

use inspect_image::step::{InspectImage, Settings};
use sightline_aws::{
    clients::{Clients, Target},
    objects::Objects,
    records::Records,
};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(Settings::read);
    let clients = Clients::load(Target::default()).await;
    let (dynamodb, objects) = (clients.dynamodb(), Objects::new(clients.s3()));
    let step = settings.map(|settings| {
        let records = Records::new(dynamodb, settings.records_table.as_str());
        InspectImage::new(settings, records, objects, SystemClock)
    });
    serve(step, clients.meter()).await
}
