//! The weekly report: a message for the people who run the system.

use crate::{
    alert::{AlertMessage, Attribute, one_line},
    calendar::day,
    outcome::ImageOutcome,
    trends::{Ended, Ranking, Week, most_frequent},
};
use std::fmt::Write as _;

/// Lines of a list.
const LIMIT: usize = 10;

/// The report on a week, compared with the week before. It names labels and reasons, never found text, faces or images.
pub fn report(week: &Week, before: &Week) -> AlertMessage {
    let (ended, ended_before) = (week.ended(), before.ended());
    let mut body = format!("Week {}: {} to {}, UTC\n\n", week.name, day(week.monday), week.sunday());
    outcomes(&mut body, &ended, &ended_before);
    figures(&mut body, &ended);
    list(&mut body, "Most frequent labels, by week of upload", &week.labels, &before.labels);
    list(&mut body, "Why images were rejected or failed", &week.reasons, &before.reasons);
    let images = if ended.all() == 1 { "1 image".to_owned() } else { format!("{} images", ended.all()) };
    AlertMessage {
        subject: format!("sightline: week {}, {images}, {} failed", week.name, ended.images(ImageOutcome::Failed)),
        body,
        attributes: vec![("Kind", Attribute::Text("WEEKLY_REPORT".to_owned())), ("Week", Attribute::Text(week.name.clone()))],
    }
}

// Writing to a String does not fail.

fn outcomes(body: &mut String, ended: &Ended, before: &Ended) {
    line(body, "Images", ended.all(), before.all());
    for outcome in ImageOutcome::ALL {
        line(body, &format!("  {}", outcome.as_str().to_lowercase()), ended.images(outcome), before.images(outcome));
    }
}

fn figures(body: &mut String, ended: &Ended) {
    if let Some(rate) = ended.error_rate() {
        let _ = writeln!(body, "\n{:<26}{:>9.1} %", "Failed and not mended", rate * 100.0);
    }
    for (name, share) in [("Half done within", 0.5), ("95 % done within", 0.95), ("99 % done within", 0.99)] {
        if let Some(millis) = ended.within(share) {
            let _ = writeln!(body, "{name:<26}{:>9} s (about)", seconds(millis));
        }
    }
    let _ = writeln!(body, "{:<26}{:>9}", "Rekognition calls", ended.calls());
    if let Some(price) = ended.dollars_per_thousand() {
        let _ = writeln!(body, "{:<26}{price:>9.2} dollars per 1,000 images, calls and states at list price", "Cost");
    }
}

fn list(body: &mut String, heading: &str, ranking: &Ranking, before: &Ranking) {
    let _ = writeln!(body, "\n{heading}");
    for (name, number) in most_frequent(ranking, LIMIT) {
        line(body, &format!("  {}", one_line(name)), number, before.get(name).copied().unwrap_or_default());
    }
    match ranking.len() {
        0 => body.push_str("  none\n"),
        more if more > LIMIT => {
            let _ = writeln!(body, "  and {} more", more - LIMIT);
        }
        _ => {}
    }
}

/// A number, and by how much it is more or less than the week before.
fn line(body: &mut String, name: &str, number: u64, before: u64) {
    let change = i128::from(number) - i128::from(before);
    let change = if change == 0 { "=".to_owned() } else { format!("{change:+}") };
    let _ = writeln!(body, "{name:<26}{number:>9}  {change}");
}

/// Tenths of seconds, cut off.
fn seconds(millis: i64) -> String {
    format!("{}.{}", millis / 1000, millis % 1000 / 100)
}
