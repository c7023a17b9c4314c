//! Trends, and the terms of the caller's images.

use crate::{
    caller::{Caller, OPERATORS, not_an_operator},
    deployment::{Api, Deployment, State},
    extract::Parameters,
    problem::Problem,
    types::{
        image::TermKind,
        trends::{Counted, DayTrend, Scope, Term, Terms, Trends, WeekTrend},
    },
};
use axum::Json;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use sightline_domain::{
    flows::{
        own_trends::{OwnerLabel, owner_days, owner_labels},
        trends::{Ended, Ranking, Week, most_frequent, sum},
    },
    model::{
        clock::{Clock, EpochMillis, WEEK_MILLIS, week, week_start},
        record::ImageOutcome,
    },
};
use utoipa::IntoParams;

/// Weeks, unless the caller asks for another number.
const DEFAULT_WEEKS: u16 = 12;
/// Maximum number of weeks.
const MAX_WEEKS: u16 = 53;
/// Labels of a week, and reasons.
const MOST_NAMES: usize = 50;
/// Completions.
const MOST_TERMS: usize = 20;
/// Maximum length of a prefix, characters.
const MAX_PREFIX: usize = 64;
/// Weeks that are read at once.
const READS_AT_ONCE: usize = 8;

/// Which trends are shown.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub struct TrendParameters {
    /// Number of weeks, including this one: 1 to 53; 12 by default.
    #[param(minimum = 1, maximum = 53)]
    pub weeks: Option<u16>,
    /// Whose images are counted: `own` by default; `deployment` needs the group `operators`.
    #[param(inline)]
    pub scope: Option<Scope>,
}

/// Shows labels by week, outcomes, calls and cost by day, and reasons: of the caller's images, or of the deployment.
#[utoipa::path(get, path = "/api/trends", operation_id = "getTrends", tag = "trends", params(TrendParameters), responses((status = 200, description = "The trends.", body = Trends)))]
pub async fn trends<D: Deployment>(
    api: State<D>,
    caller: Caller,
    Parameters(parameters): Parameters<TrendParameters>,
) -> Result<Json<Trends>, Problem> {
    let weeks = parameters.weeks.unwrap_or(DEFAULT_WEEKS);
    if !(1..=MAX_WEEKS).contains(&weeks) {
        return Err(Problem::invalid(format!("The parameter weeks is a number from 1 to {MAX_WEEKS}.")));
    }
    match parameters.scope.unwrap_or_default() {
        Scope::Own => api.own_trends(&caller.sub, weeks).await.map(Json),
        Scope::Deployment if caller.is_in(OPERATORS) => api.deployment_trends(weeks).await.map(Json),
        Scope::Deployment => Err(not_an_operator()),
    }
}

impl<D: Deployment> Api<D> {
    async fn deployment_trends(&self, weeks: u16) -> Result<Trends, Problem> {
        let now = self.clock.now();
        let read = |back: u16| Week::read(&self.tables, now - EpochMillis::from(back) * WEEK_MILLIS);
        let weeks: Vec<Week> = stream::iter((0..weeks).rev()).map(read).buffered(READS_AT_ONCE).try_collect().await?;
        let week = |week: &Week| WeekTrend { week: week.name.clone(), labels: counted(&week.labels) };
        Ok(Trends {
            scope: Scope::Deployment,
            weeks: weeks.iter().map(week).collect(),
            days: weeks.iter().flat_map(|week| &week.days).map(|(day, ended)| day_trend(day, ended)).collect(),
            reasons: counted(&sum(weeks.iter().map(|week| &week.reasons))),
            reviews_waiting: Some(self.waiting_reviews().await?),
        })
    }

    async fn own_trends(&self, owner: &str, weeks: u16) -> Result<Trends, Problem> {
        let now = self.clock.now();
        let labels = owner_labels(&self.tables, owner, "").await?;
        let of_week = |back: u16| {
            let week = week(now - EpochMillis::from(back) * WEEK_MILLIS);
            let ranking: Ranking = labels.iter().filter_map(|label| Some((label.name.clone(), *label.by_week.get(&week)?))).collect();
            WeekTrend { labels: counted(&ranking), week }
        };
        let first = week_start(now - EpochMillis::from(weeks - 1) * WEEK_MILLIS);
        let days = owner_days(&self.tables, owner, first, now).await?;
        let reasons: Vec<Ranking> = days.values().map(Ended::reasons).collect();
        Ok(Trends {
            scope: Scope::Own,
            weeks: (0..weeks).rev().map(of_week).collect(),
            days: days.iter().map(|(day, ended)| day_trend(day, ended)).collect(),
            reasons: counted(&sum(reasons.iter())),
            reviews_waiting: None,
        })
    }
}

fn counted(ranking: &Ranking) -> Vec<Counted> {
    most_frequent(ranking, MOST_NAMES).into_iter().map(|(name, count)| Counted { name: name.to_owned(), count }).collect()
}

#[expect(clippy::cast_precision_loss, reason = "an approximate value for people")]
fn day_trend(day: &str, ended: &Ended) -> DayTrend {
    DayTrend {
        day: day.to_owned(),
        completed: ended.images(ImageOutcome::Completed),
        withheld: ended.images(ImageOutcome::Withheld),
        rejected: ended.images(ImageOutcome::Rejected),
        failed: ended.images(ImageOutcome::Failed),
        calls: ended.calls(),
        cost_usd: ended.microdollars() as f64 / 1_000_000.0,
    }
}

/// The beginning of a term.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub struct TermParameters {
    /// The beginning of a label, in any case; empty for the most used labels.
    #[param(example = "ca", max_length = 64)]
    pub prefix: Option<String>,
}

/// Completes a prefix to labels of the caller's images, most used first.
#[utoipa::path(get, path = "/api/terms", operation_id = "listTerms", tag = "trends", params(TermParameters), responses((status = 200, description = "The labels.", body = Terms)))]
pub async fn terms<D: Deployment>(
    api: State<D>,
    caller: Caller,
    Parameters(parameters): Parameters<TermParameters>,
) -> Result<Json<Terms>, Problem> {
    let prefix = parameters.prefix.unwrap_or_default().trim().to_lowercase();
    if prefix.chars().count() > MAX_PREFIX {
        return Err(Problem::invalid(format!("A prefix has at most {MAX_PREFIX} characters.")));
    }
    let labels = owner_labels(&api.tables, &caller.sub, &prefix).await?.into_iter().take(MOST_TERMS);
    let term = |label: OwnerLabel| Term { term: label.name, count: label.images, kind: TermKind::Label };
    Ok(Json(Terms { terms: labels.map(term).collect() }))
}
