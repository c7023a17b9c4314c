//! Publishes the weekly report.

use report_trends::{ReportTrends, settings};
use sightline_aws::{Clients, TableNames, Tables, Topic};
use sightline_kit::{RuntimeError, clock::SystemClock, logging, serve, settings::from_environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    logging::init();
    let settings = from_environment(settings);
    let clients = Clients::from_environment();
    let step = settings.map(|settings| {
        let names = TableNames { trends: settings.trends_table, ..TableNames::default() };
        let tables = Tables::new(clients.dynamodb(), names);
        ReportTrends::new(tables, Topic::new(clients.sns(), settings.topic_arn), SystemClock)
    });
    serve(step, clients.meter()).await
}
