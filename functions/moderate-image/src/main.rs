//! Judges the picture by the moderation policy.

use moderate_image::{ModerateImage, settings};
use sightline_aws::{
    clients::{Clients, Target},
    objects::Objects,
    rekognition::Rekognition,
};
use sightline_kit::{RuntimeError, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings::read);
    let clients = Clients::load(Target::default()).await;
    let (rekognition, objects) = (Rekognition::new(clients.rekognition()), Objects::new(clients.s3()));
    serve(settings.map(|settings| ModerateImage::new(settings, rekognition, objects)), clients.meter()).await
}
