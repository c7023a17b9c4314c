//! `sightline find`: images by what is in them.

use crate::{
    args::{Find, Global},
    clock::{SystemClock, moment},
    error::CliError,
    exit::Exit,
    output::{
        Output,
        table::{headed, keep_whole, render},
        text::{clean, percent},
    },
    session::Session,
};
use comfy_table::Table;
use sightline_aws::label_search::Search;
use sightline_domain::{
    clock::{Clock, EpochMillis},
    label_index::{LabelRow, TermKind},
};
use time::{Month, OffsetDateTime};

/// Searches, newest first.
pub async fn run(global: &Global, args: &Find, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    let now = SystemClock.now();
    let search = Search {
        owner_id: &args.owner,
        term: args.label.trim(),
        min_confidence: args.min_confidence,
        withheld: args.withheld,
        since: args.since.map_or_else(|| first_of_month(now, args.months), |since| since.moment(now)),
        // The uploader's clock, S3's, may be ahead of ours.
        until: now + CLOCK_SKEW,
        limit: usize::try_from(args.limit).unwrap_or(usize::MAX),
    };
    let rows = session.label_search().search(&search).await?;
    if rows.is_empty() {
        say!("no image of owner {} matches {:?} since {}", args.owner, args.label, moment(search.since));
    }
    if rows.len() == search.limit {
        say!("showing the newest {}; there may be more (--limit)", rows.len());
    }
    if !rows.is_empty() || output.format != crate::output::Format::Table {
        output.list(&rows, || render(&table(&rows)))?;
    }
    Ok(Exit::Done)
}

const CLOCK_SKEW: EpochMillis = 5 * 60 * 1000;

/// The first moment of this month (`months` = 1), or of one before it.
fn first_of_month(now: EpochMillis, months: u32) -> EpochMillis {
    let mut day = OffsetDateTime::from_unix_timestamp(now.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH).date();
    for _ in 1..months {
        let previous = day.month().previous();
        let year = if previous == Month::December { day.year() - 1 } else { day.year() };
        day = time::Date::from_calendar_date(year, previous, 1).unwrap_or(day);
    }
    let first = day.replace_day(1).unwrap_or(day);
    first.midnight().assume_utc().unix_timestamp() * 1000
}

fn table(rows: &[LabelRow]) -> Table {
    let mut table = headed(&["UPLOADED", "CONFIDENCE", "MATCHED", "IMAGE"]);
    for row in rows {
        let withheld = if row.withheld { "\nwithheld" } else { "" };
        let matched = format!("{}{withheld}", matched(row));
        table.add_row([moment(row.upload_timestamp), percent(row.confidence), matched, row.image_id.clone()]);
    }
    keep_whole(&mut table, 3);
    table
}

/// Why a row was found.
fn matched(row: &LabelRow) -> String {
    let (term, label) = (clean(&row.term), clean(&row.label));
    match row.term_kind {
        TermKind::Label => format!("label {term}"),
        TermKind::Alias => format!("{term}, alias of {label}"),
        TermKind::Parent => format!("{term}, parent of {label}"),
        TermKind::Text => format!("text {term}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(term_kind: TermKind, withheld: bool) -> LabelRow {
        LabelRow {
            owner_label_month: String::new(),
            time_image_id: String::new(),
            image_id: "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4".into(),
            upload_timestamp: 0,
            term: "vehicle".into(),
            term_kind,
            label: "car".into(),
            confidence: 91.6,
            s3_url: String::new(),
            withheld,
            expires_at: None,
        }
    }

    #[test]
    fn a_row_says_how_certain_it_is_and_what_matched() {
        let shown = render(&table(&[row(TermKind::Parent, true)]));
        for part in ["92 %", "vehicle, parent of car", "withheld", "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4"] {
            assert!(shown.contains(part), "{shown}");
        }
        assert_eq!(matched(&row(TermKind::Text, false)), "text vehicle");
        assert_eq!(matched(&row(TermKind::Alias, false)), "vehicle, alias of car");
    }

    #[test]
    fn months_count_back_over_the_turn_of_the_year() {
        let now = 1_772_409_600_000; // 2026-03-02
        assert_eq!(moment(first_of_month(now, 1)), "2026-03-01 00:00:00Z");
        assert_eq!(moment(first_of_month(now, 4)), "2025-12-01 00:00:00Z");
        assert_eq!(moment(first_of_month(now, 15)), "2025-01-01 00:00:00Z");
    }
}
