//! Counts images by label, outcome and reason.

use count_trends::{CountTrends, settings};
use sightline_aws::{Clients, TableNames, Tables};
use sightline_kit::{RuntimeError, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings);
    let clients = Clients::from_environment();
    let step = settings.map(|settings| {
        let names = TableNames { records: settings.records_table, trends: settings.trends_table, ..TableNames::default() };
        CountTrends::new(Tables::new(clients.dynamodb(), names))
    });
    serve(step, clients.meter()).await
}
