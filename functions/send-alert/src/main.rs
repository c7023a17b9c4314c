//! Tells people of all that is of concern about an image, once.

use send_alert::{SendAlert, settings};
use sightline_aws::{
    clients::{Clients, Target},
    objects::Objects,
    sns::AlertsTopic,
};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings);
    let clients = Clients::load(Target::default()).await;
    let (sns, objects) = (clients.sns(), Objects::new(clients.s3()));
    serve(settings.map(|topic_arn| SendAlert::new(AlertsTopic::new(sns, topic_arn), objects, SystemClock)), clients.meter()).await
}
