//! Publishes the weekly report to the operations topic: what was counted in the week before the current one.
//!
//! Input: ignored, only the schedule calls it. Output: [`Reported`]. Errors: `Storage.*`, `Alert.*`. A retry within the week reports the same
//! week: at worst the same message is sent twice.

use serde::{Serialize, de::IgnoredAny};
use sightline_domain::{
    flows::trends::{Week, report},
    model::{Clock, WEEK_MILLIS},
    ports::{Alerts, Counters},
};
use sightline_kit::{Step, StepFailure, settings::Reader};

/// Reports the counters `T` through the alerts `A`, by the clock `C`.
pub struct ReportTrends<T, A, C> {
    counters: T,
    alerts: A,
    clock: C,
}

/// What was reported.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Reported {
    /// The week, for example `2026-W47`.
    pub week: String,
    /// SNS's message id.
    pub message_id: String,
}

/// The settings of the function (docs/configuration.md).
pub struct Settings {
    /// Table of the trends.
    pub trends_table: String,
    /// The topic.
    pub topic_arn: String,
}

/// Reads the settings.
pub fn settings(reader: &mut Reader<'_>) -> Settings {
    Settings { trends_table: reader.text("TRENDS_TABLE"), topic_arn: reader.text("OPERATIONS_TOPIC_ARN") }
}

impl<T, A, C> ReportTrends<T, A, C> {
    /// A step over these ports.
    pub fn new(counters: T, alerts: A, clock: C) -> Self {
        Self { counters, alerts, clock }
    }
}

impl<T: Counters, A: Alerts, C: Clock> Step for ReportTrends<T, A, C> {
    const NAME: &'static str = "report-trends";
    type Input = IgnoredAny;
    type Output = Reported;

    async fn run(&self, _: IgnoredAny) -> Result<Reported, StepFailure> {
        let last = self.clock.now() - WEEK_MILLIS;
        let week = Week::read(&self.counters, last).await?;
        let before = Week::read(&self.counters, last - WEEK_MILLIS).await?;
        let message_id = self.alerts.publish(&report(&week, &before)).await?;
        tracing::info!(week = week.name, images = week.ended().all(), message_id, "week reported");
        Ok(Reported { week: week.name, message_id })
    }
}
