//! `sightline find`: images by labels, by words in them, and by file names.

use crate::{
    args::{Global, parse_owner, up_to},
    clock::{Since, SystemClock, moment, parse_since},
    error::{CliError, Exit, sentence},
    output::{
        List, Output, Table, clean, percent,
        record::{ID_CHARS, image_cell},
    },
    session::Session,
};
use clap::{Args, builder::NonEmptyStringValueParser};
use futures_util::{StreamExt, TryStreamExt, stream};
use sightline_aws::dynamodb::Tables;
use sightline_domain::{
    flows::search::{CLOCK_SKEW, Hit, Match, Search, search},
    model::{
        clock::{Clock, EpochMillis, WEEK_MILLIS, week},
        error::StorageError,
    },
    ports::Counters,
    rules::{
        label_index::{self, TermKind},
        nearest::nearest,
        tally::labels_counter,
        terms::{Query, is_exclusion},
    },
};
use std::collections::BTreeSet;
use time::{Month, OffsetDateTime};

/// `find`.
#[derive(Debug, Args)]
#[command(
    override_usage = "sightline find [OPTIONS] <TERM>... [-TERM]...",
    after_help = "\
Images are listed newest first, each with what matched and how certain Rekognition is: the label itself, another name of it
(alias), a broader label (parent), a word of the file name, or a word detected in the image (text). An image must match all
terms; a term with a leading hyphen excludes. Case, accents, apostrophes and plurals do not matter. Images withheld by
moderation or review are left out.

Examples:
  sightline find car --min-confidence 90
  sightline find person -car
  sightline find \"dining table\" cup
  sightline find \"RE16 TGK\"
  sightline find IMG_1234.jpg
  sightline find vehicle --since 7d --output ndjson | jq -r .ImageID
  sightline find exit --months 24"
)]
pub struct FindArgs {
    /// Labels, such as person, words in images, and file names; -TERM excludes
    #[arg(required = true, value_name = "TERM", value_parser = NonEmptyStringValueParser::new())]
    pub terms: Vec<String>,
    /// Least confidence in percent
    #[arg(long, value_name = "N", default_value = "0", value_parser = parse_percent)]
    pub min_confidence: f64,
    /// Owner of the images
    #[arg(long, env = "SIGHTLINE_OWNER", default_value = "default", value_parser = parse_owner)]
    pub owner: String,
    /// Uploaded since: 24h, 7d or 2026-11-24
    #[arg(long, value_name = "WHEN", conflicts_with = "months", value_parser = parse_since)]
    pub since: Option<Since>,
    /// Uploaded in this month or the N-1 months before it
    #[arg(long, value_name = "N", default_value = "12", value_parser = up_to(240))]
    pub months: usize,
    /// Largest number of images
    #[arg(long, value_name = "N", default_value = "50", value_parser = up_to(10_000))]
    pub limit: usize,
    /// Also show withheld images
    #[arg(long)]
    pub withheld: bool,
}

fn parse_percent(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    number.filter(|number| (0.0..=100.0).contains(number)).ok_or_else(|| "a confidence is a number from 0 to 100".to_owned())
}

/// Weeks of counters read at once.
const READS_AT_ONCE: usize = 8;
/// Weeks whose labels are compared with an unknown term.
const WEEKS_COMPARED: EpochMillis = 53;
/// Similar terms that are shown.
const SIMILAR_SHOWN: usize = 3;

/// Searches and prints the images, newest first.
pub async fn run(global: &Global, args: &FindArgs, output: Output) -> Result<Exit, CliError> {
    let no_term = || CliError::Usage("give at least one term with a letter or a digit and without a leading hyphen".into());
    let query = Query::of(&args.terms).ok_or_else(no_term)?;
    for term in args.terms.iter().filter(|term| !is_exclusion(term) && term.contains(" -")) {
        say!("{:?} excludes nothing: pass the excluded term as an argument of its own", clean(term));
    }
    let session = Session::open(global).await?;
    let now = SystemClock.now();
    let request = Search {
        owner_id: &args.owner,
        query: &query,
        min_confidence: args.min_confidence,
        withheld: args.withheld,
        since: args.since.map_or_else(|| first_of_month(now, args.months), |since| since.to_millis(now)),
        until: now + CLOCK_SKEW,
        limit: args.limit,
    };
    let index = session.tables();
    let hits = search(&index, &request).await?;
    if hits.is_empty() {
        say!("no image of owner {} matches {} since {}", clean(&args.owner), quoted(&args.terms), moment(request.since));
        for hint in hints(&session, &index, &request, &args.terms).await? {
            say!("{hint}");
        }
    }
    List::new(&hits).limited(args.limit, "newest").print(output, table)?;
    Ok(Exit::Success)
}

fn quoted(terms: &[String]) -> String {
    terms.iter().map(|term| format!("{:?}", clean(term))).collect::<Vec<_>>().join(" ")
}

/// Why a search may have found nothing, a sentence each.
async fn hints(session: &Session, index: &Tables, request: &Search<'_>, terms: &[String]) -> Result<Vec<String>, CliError> {
    let has_hits = async |query: &Query, min_confidence| -> Result<bool, StorageError> {
        Ok(!search(index, &Search { query, min_confidence, limit: 1, ..*request }).await?.is_empty())
    };
    let without_exclusions = Query { exclusions: Vec::new(), ..request.query.clone() };
    if !request.query.exclusions.is_empty() && has_hits(&without_exclusions, request.min_confidence).await? {
        return Ok(vec!["every image with these terms also has an excluded term".to_owned()]);
    }
    if request.min_confidence > 0.0 && has_hits(request.query, 0.0).await? {
        return Ok(vec![format!("there are images below --min-confidence {}", request.min_confidence)]);
    }
    let mut unknown = Vec::new();
    for term in terms.iter().filter(|term| !is_exclusion(term)) {
        if let Some(query) = Query::of(std::slice::from_ref(term))
            && !has_hits(&query, 0.0).await?
        {
            unknown.push(term);
        }
    }
    if unknown.is_empty() {
        return Ok(vec!["each term matches some images, but no image matches all of them".to_owned()]);
    }
    let known = match known_terms(session, request).await {
        Ok(known) => known,
        Err(error) => return Ok(vec![format!("similar terms are not known: {}", sentence(&error))]),
    };
    let mut hints = Vec::new();
    for term in unknown {
        let mut similar = Vec::new();
        // Labels are counted for all owners; only terms of this owner's images are shown.
        for name in nearest(term, &known) {
            if let Some(query) = Query::of(&[name.to_owned()])
                && similar.len() < SIMILAR_SHOWN
                && has_hits(&query, 0.0).await?
            {
                similar.push(clean(name));
            }
        }
        let similar = if similar.is_empty() {
            "no label is similar to it, and no word in the newest 100 images is".to_owned()
        } else {
            format!("similar: {}", similar.join(", "))
        };
        // For a single term, the first message already says that nothing matches.
        hints.push(if terms.len() == 1 { similar } else { format!("no image matches {:?} alone; {similar}", clean(term)) });
    }
    Ok(hints)
}

/// The labels that were counted in the weeks of the search, and all terms of the owner's newest images; no list has the terms of all
/// images.
async fn known_terms(session: &Session, request: &Search<'_>) -> Result<BTreeSet<String>, StorageError> {
    let mut known = known_labels(&session.tables(), request).await?;
    let newest = session.tables().newest_of_owner(request.owner_id).await?;
    known.extend(newest.iter().flat_map(label_index::rows).map(|row| row.term));
    Ok(known)
}

async fn known_labels(counters: &impl Counters, request: &Search<'_>) -> Result<BTreeSet<String>, StorageError> {
    let weeks = (request.until - request.since).max(0) / WEEK_MILLIS + 1;
    let names = (0..=weeks.min(WEEKS_COMPARED)).map(|back| labels_counter(&week(request.until - back * WEEK_MILLIS)));
    let counts: Vec<_> =
        stream::iter(names).map(|name| async move { counters.counts(&name, None).await }).buffered(READS_AT_ONCE).try_collect().await?;
    Ok(counts.into_iter().flatten().map(|(name, _)| name).collect())
}

/// The first moment of this month (`months` = 1), or of an earlier one.
fn first_of_month(now: EpochMillis, months: usize) -> EpochMillis {
    let mut day = OffsetDateTime::from_unix_timestamp(now.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH).date();
    for _ in 1..months {
        let previous = day.month().previous();
        let year = if previous == Month::December { day.year() - 1 } else { day.year() };
        day = time::Date::from_calendar_date(year, previous, 1).unwrap_or(day);
    }
    let first = day.replace_day(1).unwrap_or(day);
    first.midnight().assume_utc().unix_timestamp() * 1000
}

fn table(hits: &[Hit]) -> String {
    let row = |hit: &Hit| {
        let mut matches: Vec<String> = hit.matches.iter().map(match_cell).collect();
        matches.dedup();
        matches.extend(hit.withheld.then(|| "withheld".to_owned()));
        [moment(hit.upload_timestamp), matches.join("\n"), image_cell(&hit.image_id, hit.image_name.as_deref())]
    };
    Table::new(&["UPLOADED", "MATCHED", "IMAGE"], hits.iter().map(row)).keep_wide(&[(2, ID_CHARS)]).render()
}

/// Why an image was found.
fn match_cell(found: &Match) -> String {
    let (name, label, confidence) = (clean(&found.found), clean(&found.label), percent(found.confidence));
    match found.term_kind {
        TermKind::Own => format!("own label {label}"),
        TermKind::Title => "title".to_owned(),
        TermKind::Label => format!("label {label} {confidence}"),
        TermKind::Name => "file name".to_owned(),
        TermKind::Alias => format!("{name}, alias of {label} {confidence}"),
        TermKind::Parent => format!("{name}, parent of {label} {confidence}"),
        TermKind::Text => format!("text {name} {confidence}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(term_kind: TermKind, name: &str) -> Match {
        Match { term: "vehicl".into(), term_kind, label: "car".into(), found: name.into(), confidence: 91.6 }
    }

    #[test]
    fn row_shows_what_matched_with_its_confidence_and_the_file_name() {
        let hit = Hit {
            image_id: "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4".into(),
            image_name: Some("beach\u{1b}[2J.jpg".into()),
            upload_timestamp: 0,
            s3_url: String::new(),
            withheld: true,
            confidence: 91.6,
            matches: vec![found(TermKind::Parent, "vehicle"), found(TermKind::Name, "beach.jpg")],
        };
        let shown = table(&[hit]);
        for part in
            ["92 %", "vehicle, parent of car", "withheld", "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4", "file name", "beach\u{fffd}[2J.jpg"]
        {
            assert!(shown.contains(part), "{shown}");
        }
        assert_eq!(match_cell(&found(TermKind::Text, "re16")), "text re16 92\u{a0}%");
        assert_eq!(match_cell(&found(TermKind::Alias, "auto")), "auto, alias of car 92\u{a0}%");
        assert_eq!(match_cell(&found(TermKind::Label, "car")), "label car 92\u{a0}%");
        assert_eq!(match_cell(&found(TermKind::Own, "car")), "own label car");
        assert_eq!(match_cell(&found(TermKind::Title, "Our car")), "title");
    }

    #[test]
    fn months_count_back_into_earlier_years() {
        let now = 1_772_409_600_000; // 2026-03-02
        assert_eq!(moment(first_of_month(now, 1)), "2026-03-01 00:00:00Z");
        assert_eq!(moment(first_of_month(now, 4)), "2025-12-01 00:00:00Z");
        assert_eq!(moment(first_of_month(now, 15)), "2025-01-01 00:00:00Z");
    }

    #[test]
    fn confidence_is_a_percentage() {
        assert_eq!(parse_percent("99.5"), Ok(99.5));
        for wrong in ["", "-1", "100.1", "NaN", "inf", "x"] {
            assert!(parse_percent(wrong).is_err(), "{wrong}");
        }
    }
}
