//! Inspects an upload: claims its record, rejects what is not a supported image, writes the normalised copy and the thumbnail.

use inspect_image::step::{InspectImage, Settings};
use sightline_aws::{Clients, S3, TableNames, Tables};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(Settings::read);
    let clients = Clients::from_environment();
    let step = settings.map(|settings| {
        let names = TableNames { records: settings.records_table.clone(), ..TableNames::default() };
        InspectImage::new(settings, Tables::new(clients.dynamodb(), names), S3::new(clients.s3()), SystemClock)
    });
    serve(step, clients.meter()).await
}
