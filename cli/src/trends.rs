//! `sightline trends`: labels by week, outcomes by day, and reasons of failures.

use crate::{
    args::{Global, up_to},
    clock::SystemClock,
    error::{CliError, Exit},
    output::{List, NO_VALUE, Output, Table, clean},
    session::Session,
};
use clap::Args;
use serde::Serialize;
use sightline_domain::{
    flows::trends::{Ended, Week, most_frequent, sum},
    model::{Clock, ImageOutcome, WEEK_MILLIS},
};
use std::collections::BTreeMap;

/// `trends`.
#[derive(Debug, Args)]
#[command(after_help = "\
Labels are counted by the week of the upload, outcomes by the day on which the image ended, both in UTC and for all owners.
Each image counts once, even if events were repeated or the image was run again. The longest bar is the largest number.

Examples:
  sightline trends
  sightline trends --weeks 12 --limit 25
  sightline trends --output json | jq '.[] | select(.Kind == \"LABEL\")'")]
pub struct TrendsArgs {
    /// Number of weeks, including this week
    #[arg(long, value_name = "N", default_value = "4", value_parser = up_to(53))]
    pub weeks: usize,
    /// Largest number of labels, and of reasons
    #[arg(long, value_name = "N", default_value = "10", value_parser = up_to(1000))]
    pub limit: usize,
}

/// Characters of the longest bar.
const BAR_WIDTH: usize = 20;

/// A printed row.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "Kind", rename_all = "UPPERCASE", rename_all_fields = "PascalCase")]
enum Row {
    /// A label, most frequent first.
    Label {
        name: String,
        images: u64,
        /// By week of upload, oldest first, without weeks that have none.
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
    /// A reason of rejections or failures, most frequent first.
    Reason { name: String, images: u64 },
}

pub async fn run(global: &Global, args: &TrendsArgs, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    let (counters, now) = (session.tables(), SystemClock.now());
    let mut weeks = Vec::new();
    for back in (0_i64..).take(args.weeks) {
        weeks.push(Week::read(&counters, now - back * WEEK_MILLIS).await?);
    }
    weeks.reverse();
    let rows = rows(&weeks, args.limit);
    let first = weeks.first().map_or("", |week| &week.name);
    List::new(&rows).if_empty(&format!("nothing was counted since week {first}")).print(output, |rows| sections(&weeks, rows))?;
    Ok(Exit::Success)
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

    /// Number of images in this row.
    fn images(&self) -> u64 {
        match self {
            Self::Label { images, .. } | Self::Reason { images, .. } => *images,
            Self::Day { completed, withheld, rejected, failed, .. } => completed + withheld + rejected + failed,
        }
    }
}

/// A table each of labels, days and reasons, without those that are empty.
fn sections(weeks: &[Week], rows: &[Row]) -> String {
    let names: Vec<&str> = weeks.iter().map(|week| week.name.as_str()).collect();
    let span = format!("{} TO {}", names.first().unwrap_or(&""), names.last().unwrap_or(&""));
    let longest = |same: fn(&Row) -> bool| rows.iter().filter(|row| same(row)).map(Row::images).max().unwrap_or_default();
    let longest_label = longest(|row| matches!(row, Row::Label { .. }));
    let longest_day = longest(|row| matches!(row, Row::Day { .. }));
    let longest_reason = longest(|row| matches!(row, Row::Reason { .. }));
    let (mut labels, mut days, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        match row {
            Row::Label { name, images, by_week } => {
                let numbers: Vec<u64> = names.iter().map(|week| by_week.get(*week).copied().unwrap_or_default()).collect();
                labels.push([clean(name), images.to_string(), bar(*images, longest_label, BAR_WIDTH), columns(&numbers)]);
            }
            Row::Day { day, completed, withheld, rejected, failed, dollars_per_thousand, .. } => {
                let [completed, withheld, rejected, failed] = [completed, withheld, rejected, failed].map(ToString::to_string);
                let price = dollars_per_thousand.map_or_else(|| NO_VALUE.to_owned(), |price| format!("{price:.2}"));
                days.push([day.clone(), completed, withheld, rejected, failed, bar(row.images(), longest_day, BAR_WIDTH), price]);
            }
            Row::Reason { name, images } => {
                reasons.push([clean(name), images.to_string(), bar(*images, longest_reason, BAR_WIDTH)]);
            }
        }
    }
    let tables = [
        Table::new(&["LABEL", "IMAGES", "", &span], labels).keep_whole(2),
        Table::new(&["DAY", "COMPLETED", "WITHHELD", "REJECTED", "FAILED", "", "$ PER 1,000"], days).keep_whole(5),
        Table::new(&["REJECTED OR FAILED BECAUSE", "IMAGES", ""], reasons).keep_whole(2),
    ];
    tables.iter().filter(|table| !table.is_empty()).map(Table::render).collect::<Vec<_>>().join("\n\n")
}

/// A horizontal bar; `longest` is `width` characters wide. Any number above 0 is at least an eighth of a character.
fn bar(number: u64, longest: u64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = scale(number, longest, width * 8);
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS.get(eighths % 8).unwrap_or(&""))
}

/// A vertical bar for each number; 0 is a dot, since a space could look like the end of the row.
fn columns(numbers: &[u64]) -> String {
    const HEIGHTS: [char; 9] = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let highest = numbers.iter().copied().max().unwrap_or_default();
    numbers.iter().map(|number| *HEIGHTS.get(scale(*number, highest, 8)).unwrap_or(&'█')).collect()
}

/// `number` on a scale on which `longest` is `steps`.
fn scale(number: u64, longest: u64, steps: usize) -> usize {
    if number == 0 || longest == 0 {
        return 0;
    }
    let steps = u128::try_from(steps).unwrap_or_default();
    let scaled = (u128::from(number) * steps + u128::from(longest) / 2) / u128::from(longest);
    usize::try_from(scaled.clamp(1, steps)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use sightline_domain::rules::tally::Counts;

    fn week(name: &str, labels: &[(&str, u64)], completed: i64, failed: i64) -> Week {
        let mut ended = Ended::default();
        let counts = [("Completed", completed), ("Failed", failed), ("Calls", completed * 2), ("Microdollars", completed * 2_275)];
        ended.add(&counts.into_iter().map(|(name, number)| (name.to_owned(), number)).collect::<Counts>());
        Week {
            name: name.to_owned(),
            monday: 0,
            labels: labels.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect(),
            reasons: (failed > 0).then(|| ("Recognition.Throttled".to_owned(), 1)).into_iter().collect(),
            days: BTreeMap::from([(format!("day of {name}"), ended)]),
        }
    }

    fn weeks() -> [Week; 2] {
        [week("2026-W47", &[("person", 8), ("cat\u{1b}", 2)], 10, 0), week("2026-W48", &[("person", 4), ("car", 6)], 9, 1)]
    }

    #[test]
    fn labels_are_ranked_over_all_weeks_and_days_follow_in_order() {
        let rows = rows(&weeks(), 2);
        assert_eq!(json!(rows[0]), json!({"Kind": "LABEL", "Name": "person", "Images": 12, "ByWeek": {"2026-W47": 8, "2026-W48": 4}}));
        assert_eq!(json!(rows[1])["Name"], "car");
        let day = json!({"Kind": "DAY", "Day": "day of 2026-W47", "Completed": 10, "Withheld": 0, "Rejected": 0, "Failed": 0,
            "Calls": 20, "DollarsPerThousand": 2.275});
        assert_eq!(json!(rows[2]), day);
        assert_eq!(json!(rows.last().unwrap()), json!({"Kind": "REASON", "Name": "Recognition.Throttled", "Images": 1}));
        assert_eq!(rows.len(), 5);
    }

    #[test]
    fn each_section_has_a_table_with_bars() {
        let weeks = weeks();
        let shown = sections(&weeks, &rows(&weeks, 10));
        for part in ["2026-W47 TO 2026-W48", "████████████████████", "█▄", "·█", "COMPLETED", "2.27", "REJECTED OR FAILED BECAUSE"]
        {
            assert!(shown.contains(part), "{part} is not in\n{shown}");
        }
        assert!(!shown.contains('\u{1b}') && shown.contains("cat\u{fffd}"), "{shown}");
        assert_eq!(shown.matches("\n\n").count(), 2);
    }

    #[test]
    fn empty_section_is_left_out() {
        let weeks = [week("2026-W48", &[], 1, 0)];
        let shown = sections(&weeks, &rows(&weeks, 10));
        assert!(!shown.contains("LABEL") && !shown.contains("BECAUSE") && shown.contains("COMPLETED"), "{shown}");
    }

    #[test]
    fn bars_are_proportional_and_never_empty_for_a_positive_number() {
        assert_eq!(bar(10, 10, 4), "████");
        assert_eq!(bar(5, 10, 4), "██");
        assert_eq!(bar(3, 16, 2), "▍");
        assert_eq!((bar(1, 1_000_000, 4).as_str(), bar(0, 10, 4).as_str(), bar(0, 0, 4).as_str()), ("▏", "", ""));
        assert_eq!(bar(u64::MAX, u64::MAX, 3), "███");
        assert_eq!([columns(&[0, 1, 4, 8]), columns(&[0, 0]), columns(&[])], ["·▁▄█", "··", ""]);
    }
}
