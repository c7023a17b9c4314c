//! `sightline find`: images by what is in them, and by the names of their files.

use crate::{
    args::{Find, Global},
    clock::{SystemClock, moment},
    error::{CliError, sentence},
    exit::Exit,
    output::{
        Format, Output,
        record::{ID_CHARS, image_cell},
        table::{headed, keep_wide, render},
        text::{clean, percent},
    },
    session::Session,
};
use comfy_table::Table;
use futures_util::{StreamExt, TryStreamExt, stream};
use sightline_aws::dynamodb::Tables;
use sightline_domain::{
    flows::search::{Hit, Match, Search, search},
    model::{
        clock::{Clock, EpochMillis, WEEK_MILLIS, week},
        error::StorageError,
    },
    ports::Counters,
    rules::{
        label_index::{self, TermKind},
        tally::labels_counter,
        terms::{Query, is_exclusion},
    },
};
use std::collections::BTreeSet;
use time::{Month, OffsetDateTime};

/// Weeks of counters read at once.
const READS_AT_ONCE: usize = 8;
/// Weeks whose labels are compared with a term that finds nothing.
const WEEKS_COMPARED: EpochMillis = 53;
/// Names that are tried for a term that finds nothing, and those that are shown.
const NAMES_TRIED: usize = 12;
const NAMES_SHOWN: usize = 3;

/// Searches, newest first.
pub async fn run(global: &Global, args: &Find, output: Output) -> Result<Exit, CliError> {
    let nothing = || CliError::Usage("there is nothing to look for; give at least one word without a hyphen in front".into());
    let query = Query::of(&args.terms).ok_or_else(nothing)?;
    let session = Session::open(global).await?;
    let now = SystemClock.now();
    let wanted = Search {
        owner_id: &args.owner,
        query: &query,
        min_confidence: args.min_confidence,
        withheld: args.withheld,
        since: args.since.map_or_else(|| first_of_month(now, args.months), |since| since.moment(now)),
        // The uploader's clock, S3's, may be ahead of ours.
        until: now + CLOCK_SKEW,
        limit: usize::try_from(args.limit).unwrap_or(usize::MAX),
    };
    let index = session.tables();
    let hits = search(&index, &wanted).await?;
    if hits.is_empty() {
        say!("no image of owner {} matches {} since {}", clean(&args.owner), quoted(&args.terms), moment(wanted.since));
        for hint in hints(&session, &index, &wanted, &args.terms).await? {
            say!("{hint}");
        }
    }
    if hits.len() == wanted.limit {
        say!("showing the newest {}; there may be more (--limit)", hits.len());
    }
    if !hits.is_empty() || output.format != Format::Table {
        output.list(&hits, || render(&table(&hits)))?;
    }
    Ok(Exit::Done)
}

fn quoted(terms: &[String]) -> String {
    terms.iter().map(|term| format!("{:?}", clean(term))).collect::<Vec<_>>().join(" ")
}

/// Why a search may have found nothing, a sentence each.
async fn hints(session: &Session, index: &Tables, wanted: &Search<'_>, terms: &[String]) -> Result<Vec<String>, CliError> {
    let finds = async |query: &Query, min_confidence| -> Result<bool, StorageError> {
        Ok(!search(index, &Search { query, min_confidence, limit: 1, ..*wanted }).await?.is_empty())
    };
    let without_exclusions = Query { exclusions: Vec::new(), ..wanted.query.clone() };
    if !wanted.query.exclusions.is_empty() && finds(&without_exclusions, wanted.min_confidence).await? {
        return Ok(vec!["every image that has these terms also has one that is excluded".to_owned()]);
    }
    if wanted.min_confidence > 0.0 && finds(wanted.query, 0.0).await? {
        return Ok(vec![format!("there are images below --min-confidence {}", wanted.min_confidence)]);
    }
    let mut unknown = Vec::new();
    for term in terms.iter().filter(|term| !is_exclusion(term)) {
        if let Some(query) = Query::of(std::slice::from_ref(term))
            && !finds(&query, 0.0).await?
        {
            unknown.push(term);
        }
    }
    if unknown.is_empty() {
        return Ok(vec!["each term is found by itself, but not all of them in one image".to_owned()]);
    }
    let known = match known_terms(session, wanted).await {
        Ok(known) => known,
        Err(error) => return Ok(vec![format!("similar terms cannot be named: {}", sentence(&error))]),
    };
    let mut hints = Vec::new();
    for term in unknown {
        let mut near = Vec::new();
        // The labels are those of all owners: only what this one's images have is named.
        for name in nearest(term, &known) {
            if let Some(query) = Query::of(&[name.to_owned()])
                && near.len() < NAMES_SHOWN
                && finds(&query, 0.0).await?
            {
                near.push(clean(name));
            }
        }
        let near = if near.is_empty() {
            "no label, and no word of the newest 100 images, is similar".to_owned()
        } else {
            format!("similar: {}", near.join(", "))
        };
        // Of a single term it was said before that nothing matches.
        hints.push(if terms.len() == 1 { near } else { format!("nothing is found by {:?} alone; {near}", clean(term)) });
    }
    Ok(hints)
}

/// Terms that exist: the labels that were counted in the weeks of the search, and all terms of the owner's newest images. No list holds the
/// words of all images.
async fn known_terms(session: &Session, wanted: &Search<'_>) -> Result<BTreeSet<String>, StorageError> {
    let mut known = known_labels(&session.tables(), wanted).await?;
    let newest = session.tables().newest_of_owner(wanted.owner_id).await?;
    known.extend(newest.iter().flat_map(label_index::rows).map(|row| row.term));
    Ok(known)
}

async fn known_labels(counters: &impl Counters, wanted: &Search<'_>) -> Result<BTreeSet<String>, StorageError> {
    let weeks = (wanted.until - wanted.since).max(0) / WEEK_MILLIS + 1;
    let names = (0..=weeks.min(WEEKS_COMPARED)).map(|back| labels_counter(&week(wanted.until - back * WEEK_MILLIS)));
    let counts: Vec<_> =
        stream::iter(names).map(|name| async move { counters.counts(&name, None).await }).buffered(READS_AT_ONCE).try_collect().await?;
    Ok(counts.into_iter().flatten().map(|(name, _)| name).collect())
}

/// The labels whose name, or a word of it, is the least edits away from `term`, or begins with it; nearest first.
fn nearest<'a>(term: &str, labels: &'a BTreeSet<String>) -> Vec<&'a str> {
    const SHORTEST_BEGINNING: usize = 3;
    let term = term.trim().to_lowercase();
    let length = term.chars().count();
    let most = (length / 3).clamp(1, 3);
    let distance = |name: &str| {
        let edits = std::iter::once(name).chain(name.split(' ')).map(|part| strsim::osa_distance(&term, part)).min().unwrap_or(usize::MAX);
        if length >= SHORTEST_BEGINNING && name.starts_with(&term) { edits.min(1) } else { edits }
    };
    let mut near: Vec<_> = labels.iter().map(|name| (distance(name), name.as_str())).filter(|(distance, _)| *distance <= most).collect();
    near.sort_unstable();
    near.into_iter().take(NAMES_TRIED).map(|(_, name)| name).collect()
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

fn table(hits: &[Hit]) -> Table {
    let mut table = headed(&["UPLOADED", "MATCHED", "IMAGE"]);
    for hit in hits {
        let mut matched: Vec<String> = hit.matches.iter().map(matched).collect();
        matched.dedup();
        matched.extend(hit.withheld.then(|| "withheld".to_owned()));
        table.add_row([moment(hit.upload_timestamp), matched.join("\n"), image_cell(&hit.image_id, hit.image_name.as_deref())]);
    }
    keep_wide(&mut table, &[(2, ID_CHARS)]);
    table
}

/// Why an image was found.
fn matched(found: &Match) -> String {
    let (name, label, confidence) = (clean(&found.found), clean(&found.label), percent(found.confidence));
    match found.term_kind {
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
    fn a_row_says_what_matched_how_certain_it_is_and_what_the_file_is_called() {
        let hit = Hit {
            image_id: "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4".into(),
            image_name: Some("beach\u{1b}[2J.jpg".into()),
            upload_timestamp: 0,
            s3_url: String::new(),
            withheld: true,
            confidence: 91.6,
            matches: vec![found(TermKind::Parent, "vehicle"), found(TermKind::Name, "beach.jpg")],
        };
        let shown = render(&table(&[hit]));
        for part in
            ["92 %", "vehicle, parent of car", "withheld", "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4", "file name", "beach\u{fffd}[2J.jpg"]
        {
            assert!(shown.contains(part), "{shown}");
        }
        assert_eq!(matched(&found(TermKind::Text, "re16")), "text re16 92\u{a0}%");
        assert_eq!(matched(&found(TermKind::Alias, "auto")), "auto, alias of car 92\u{a0}%");
        assert_eq!(matched(&found(TermKind::Label, "car")), "label car 92\u{a0}%");
    }

    #[test]
    fn similar_labels_are_few_edits_away_or_begin_alike() {
        let labels: BTreeSet<String> = ["car", "card", "cat", "egyptian cat", "automobile", "person", "vehicle"].map(str::to_owned).into();
        assert_eq!(nearest("caar", &labels), ["car"]);
        assert_eq!(nearest("Presons", &labels), ["person"]);
        assert_eq!(nearest("egiptian", &labels), ["egyptian cat"]);
        assert_eq!(nearest("auto", &labels), ["automobile"]);
        assert!(nearest("zzz", &labels).is_empty());
    }

    #[test]
    fn months_count_back_over_the_turn_of_the_year() {
        let now = 1_772_409_600_000; // 2026-03-02
        assert_eq!(moment(first_of_month(now, 1)), "2026-03-01 00:00:00Z");
        assert_eq!(moment(first_of_month(now, 4)), "2025-12-01 00:00:00Z");
        assert_eq!(moment(first_of_month(now, 15)), "2025-01-01 00:00:00Z");
    }
}
