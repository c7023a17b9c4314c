//! Tells the people who run the system, weekly, what was counted.

use report_trends::{ReportTrends, settings};
use sightline_aws::{
    clients::{Clients, Target},
    sns::AlertsTopic,
    trends::Trends,
};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings);
    let clients = Clients::load(Target::default()).await;
    let (dynamodb, sns) = (clients.dynamodb(), clients.sns());
    let step = settings.map(|settings| {
        ReportTrends::new(Trends::new(dynamodb, settings.trends_table), AlertsTopic::new(sns, settings.topic_arn), SystemClock)
    });
    serve(step, clients.meter()).await
}
