//! Tells the people who run the system, once a week, what was counted in the week before: one message to the operations topic.
//!
//! Input: whatever the schedule sends; the week is that before the present one, by the clock. Output: [`Reported`]. Errors: `Storage.*`,
//! `Alert.*`. A try that is repeated within the week tells of the same week again: at worst the same message comes twice.

use serde::{Serialize, de::IgnoredAny};
use sightline_domain::{
    calendar::WEEK_MILLIS,
    clock::Clock,
    ports::{AlertPublisher, CounterReader},
    trend_report::report,
    trends::Week,
};
use sightline_kit::{Fault, Step, settings::Reader};

/// The step.
pub struct ReportTrends<T, P, C> {
    counters: T,
    publisher: P,
    clock: C,
}

/// What was told.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Reported {
    /// The week, such as `2026-W47`.
    pub week: String,
    /// SNS's id of the message.
    pub message_id: String,
}

/// Its settings.
pub struct Settings {
    /// Name of the table of trends.
    pub trends_table: String,
    /// The topic.
    pub topic_arn: String,
}

/// Reads them.
pub fn settings(reader: &mut Reader<'_>) -> Settings {
    Settings { trends_table: reader.text("TRENDS_TABLE"), topic_arn: reader.text("OPERATIONS_TOPIC_ARN") }
}

impl<T, P, C> ReportTrends<T, P, C> {
    /// Reads `counters`, tells by `publisher`.
    pub fn new(counters: T, publisher: P, clock: C) -> Self {
        Self { counters, publisher, clock }
    }
}

impl<T: CounterReader, P: AlertPublisher, C: Clock> Step for ReportTrends<T, P, C> {
    const NAME: &'static str = "report-trends";
    type Input = IgnoredAny;
    type Output = Reported;

    async fn run(&self, _: IgnoredAny) -> Result<Reported, Fault> {
        let last = self.clock.now() - WEEK_MILLIS;
        let week = Week::read(&self.counters, last).await?;
        let before = Week::read(&self.counters, last - WEEK_MILLIS).await?;
        let message_id = self.publisher.publish(&report(&week, &before)).await?;
        tracing::info!(week = week.name, images = week.ended().all(), message_id, "week reported");
        Ok(Reported { week: week.name, message_id })
    }
}
