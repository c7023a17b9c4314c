//! `sightline trends`: what is in the pictures, and how images ended.

use crate::{
    args::{Global, Trends},
    clock::SystemClock,
    error::CliError,
    exit::Exit,
    output::{
        Format, Output,
        bars::{bar, columns},
        table::{headed, keep_whole, render},
        text::{NOTHING, clean},
    },
    session::Session,
};
use serde::Serialize;
use sightline_domain::{
    flows::trends::{Ended, Ranking, Week, most_frequent},
    model::{
        clock::{Clock, WEEK_MILLIS},
        record::ImageOutcome,
    },
};
use std::collections::BTreeMap;

/// Characters of the longest bar.
const BAR: usize = 20;

/// A line of what is printed.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "Kind", rename_all = "UPPERCASE", rename_all_fields = "PascalCase")]
enum Row {
    /// A label, most frequent first.
    Label {
        name: String,
        images: u64,
        /// By week of upload, oldest first; those without any left out.
        by_week: BTreeMap<String, u64>,
    },
    /// A day on which images ended.
    Day {
        day: String,
        completed: u64,
        withheld: u64,
        rejected: u64,
        failed: u64,
        calls: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        dollars_per_thousand: Option<f64>,
    },
    /// Why images were rejected or failed, most frequent first.
    Reason { name: String, images: u64 },
}

/// Shows trends.
pub async fn run(global: &Global, args: &Trends, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    let (counters, now) = (session.tables(), SystemClock.now());
    let mut weeks = Vec::new();
    for back in (0..i64::from(args.weeks)).rev() {
        weeks.push(Week::read(&counters, now - back * WEEK_MILLIS).await?);
    }
    let rows = rows(&weeks, usize::try_from(args.limit).unwrap_or(usize::MAX));
    if rows.is_empty() {
        let since = weeks.first().map_or("", |week| &week.name);
        say!("nothing was counted since week {since}");
    }
    if !rows.is_empty() || output.format != Format::Table {
        output.list(&rows, || sections(&weeks, &rows))?;
    }
    Ok(Exit::Done)
}

fn rows(weeks: &[Week], limit: usize) -> Vec<Row> {
    let labels = sum(weeks.iter().map(|week| &week.labels));
    let by_week = |name: &str| weeks.iter().filter_map(|week| week.labels.get(name).map(|images| (week.name.clone(), *images))).collect();
    let label = |(name, images): (&str, u64)| Row::Label { name: name.to_owned(), images, by_week: by_week(name) };
    let reasons = sum(weeks.iter().map(|week| &week.reasons));
    let reason = |(name, images): (&str, u64)| Row::Reason { name: name.to_owned(), images };
    let days = weeks.iter().flat_map(|week| &week.days).map(|(day, ended)| Row::day(day, ended));
    let labels = most_frequent(&labels, limit).into_iter().map(label);
    labels.chain(days).chain(most_frequent(&reasons, limit).into_iter().map(reason)).collect()
}

fn sum<'a>(rankings: impl Iterator<Item = &'a Ranking>) -> Ranking {
    let mut sum = Ranking::new();
    for (name, number) in rankings.flatten() {
        *sum.entry(name.clone()).or_default() += number;
    }
    sum
}

impl Row {
    fn day(day: &str, ended: &Ended) -> Self {
        Self::Day {
            day: day.to_owned(),
            completed: ended.images(ImageOutcome::Completed),
            withheld: ended.images(ImageOutcome::Withheld),
            rejected: ended.images(ImageOutcome::Rejected),
            failed: ended.images(ImageOutcome::Failed),
            calls: ended.calls(),
            dollars_per_thousand: ended.dollars_per_thousand(),
        }
    }

    /// Images that it counts.
    fn all(&self) -> u64 {
        match self {
            Self::Label { images, .. } | Self::Reason { images, .. } => *images,
            Self::Day { completed, withheld, rejected, failed, .. } => completed + withheld + rejected + failed,
        }
    }
}

/// A table each of labels, days and reasons.
fn sections(weeks: &[Week], rows: &[Row]) -> String {
    let names: Vec<&str> = weeks.iter().map(|week| week.name.as_str()).collect();
    let span = format!("{} TO {}", names.first().unwrap_or(&""), names.last().unwrap_or(&""));
    let (mut labels, mut days) =
        (headed(&["LABEL", "IMAGES", "", &span]), headed(&["DAY", "COMPLETED", "WITHHELD", "REJECTED", "FAILED", "", "$ PER 1,000"]));
    let mut reasons = headed(&["REJECTED OR FAILED BECAUSE", "IMAGES", ""]);
    let longest = |same: fn(&Row) -> bool| rows.iter().filter(|row| same(row)).map(Row::all).max().unwrap_or_default();
    let longest_label = longest(|row| matches!(row, Row::Label { .. }));
    let longest_day = longest(|row| matches!(row, Row::Day { .. }));
    let longest_reason = longest(|row| matches!(row, Row::Reason { .. }));
    for row in rows {
        match row {
            Row::Label { name, images, by_week } => {
                let ups: Vec<u64> = names.iter().map(|week| by_week.get(*week).copied().unwrap_or_default()).collect();
                labels.add_row([clean(name), images.to_string(), bar(*images, longest_label, BAR), columns(&ups)]);
            }
            Row::Day { day, completed, withheld, rejected, failed, dollars_per_thousand, .. } => {
                let price = dollars_per_thousand.map_or_else(|| NOTHING.to_owned(), |price| format!("{price:.2}"));
                let numbers = [completed, withheld, rejected, failed].map(ToString::to_string);
                let cells = [day.clone()].into_iter().chain(numbers).chain([bar(row.all(), longest_day, BAR), price]);
                days.add_row(cells);
            }
            Row::Reason { name, images } => {
                reasons.add_row([clean(name), images.to_string(), bar(*images, longest_reason, BAR)]);
            }
        }
    }
    for (table, column) in [(&mut labels, 2), (&mut days, 5), (&mut reasons, 2)] {
        keep_whole(table, column);
    }
    let filled = [labels, days, reasons].into_iter().filter(|table| !table.is_empty());
    filled.map(|table| render(&table)).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests;
