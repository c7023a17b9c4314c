//! Counts images by label, outcome and reason, each exactly once.

use count_trends::{CountTrends, settings};
use sightline_aws::{
    clients::{Clients, Target},
    records::Records,
    trends::Trends,
};
use sightline_kit::{RuntimeError, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings);
    let clients = Clients::load(Target::default()).await;
    let (dynamodb, meter) = (clients.dynamodb(), clients.meter());
    let step = settings.map(|settings| {
        let tallies = Trends::new(dynamodb.clone(), settings.trends_table).counting(&settings.records_table);
        CountTrends::new(Records::new(dynamodb, settings.records_table), tallies)
    });
    serve(step, meter).await
}
