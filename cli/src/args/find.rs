//! `find`.

use super::{Cli, parse_owner};
use crate::{
    clock::{Since, parse_since},
    output::Format,
};
use clap::{Args, CommandFactory, ValueEnum, builder::NonEmptyStringValueParser, value_parser};
use std::ffi::OsString;

/// `find`.
#[derive(Debug, Args)]
#[command(
    override_usage = "sightline find [OPTIONS] <TERM>... [-TERM]...",
    after_help = "\
Newest first, each with what matched and how certain it is: the label itself, another name of it (alias), a broader
label (parent), a word of the file's name, or a word found in the image (text). Several terms mean all of them, in one
image; a term with a hyphen in front excludes. Case, accents, apostrophes and plurals do not matter. Images withheld by
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
pub struct Find {
    /// Labels, such as person, words found in images, and names of files; -TERM excludes
    #[arg(required = true, value_name = "TERM", value_parser = NonEmptyStringValueParser::new())]
    pub terms: Vec<String>,
    /// Leave out what is less certain, in percent
    #[arg(long, value_name = "N", default_value = "0", value_parser = parse_percent)]
    pub min_confidence: f64,
    /// Whose images
    #[arg(long, default_value = "default", value_parser = parse_owner)]
    pub owner: String,
    /// Uploaded since then: 24h, 7d or 2026-11-24
    #[arg(long, value_name = "WHEN", conflicts_with = "months", value_parser = parse_since)]
    pub since: Option<Since>,
    /// Uploaded in this and the months before, N in all
    #[arg(long, value_name = "N", default_value = "12", value_parser = value_parser!(u32).range(1..=240))]
    pub months: u32,
    /// At most so many images
    #[arg(long, value_name = "N", default_value = "50", value_parser = value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
    /// Also what is withheld
    #[arg(long)]
    pub withheld: bool,
}

/// Moves the excluded terms of `find`, such as `-car`, behind `--`, so that they are not read as flags. Everything else stays as it is.
pub fn exclusions_last(typed: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let typed: Vec<OsString> = typed.into_iter().collect();
    let Some(verb) = verb(&typed).filter(|place| typed.get(*place).is_some_and(|verb| verb == "find")) else { return typed };
    let (before, after) = typed.split_at(verb + 1);
    let literal = after.iter().position(|argument| argument == "--").unwrap_or(after.len());
    let (flags, literal) = after.split_at(literal);
    let mut kept = before.to_vec();
    let mut excluded = Vec::new();
    for argument in flags {
        if is_exclusion(argument) { excluded.push(argument.clone()) } else { kept.push(argument.clone()) }
    }
    if !excluded.is_empty() || !literal.is_empty() {
        kept.push("--".into());
    }
    kept.extend(excluded);
    kept.extend(literal.iter().skip(1).cloned());
    kept
}

/// Place of the verb: the first argument that is neither a flag nor the value of one.
fn verb(typed: &[OsString]) -> Option<usize> {
    let command = Cli::command();
    let takes_value = |argument: &str| {
        let is = |flag: &&clap::Arg| {
            let long = argument.strip_prefix("--").is_some_and(|name| flag.get_long() == Some(name));
            let short = argument.strip_prefix('-').is_some_and(|name| flag.get_short().is_some_and(|short| name == short.to_string()));
            (long || short) && flag.get_action().takes_values()
        };
        command.get_arguments().any(|flag| is(&flag))
    };
    let mut place = 1;
    while let Some(argument) = typed.get(place) {
        let argument = argument.to_string_lossy();
        match argument.starts_with('-') {
            true if takes_value(&argument) => place += 2,
            true => place += 1,
            false => return Some(place),
        }
    }
    None
}

/// Whether an argument of `find` is an excluded term: one hyphen and a word that is not one of the short flags, `-h`, `-V`, `-o json`.
fn is_exclusion(argument: &OsString) -> bool {
    const SHORT_FLAGS: [&str; 3] = ["h", "V", "o"];
    let argument = argument.to_string_lossy();
    let is_output =
        |word: &str| word.strip_prefix('o').is_some_and(|format| Format::from_str(format.trim_start_matches('='), true).is_ok());
    let word = argument.strip_prefix('-').filter(|word| !word.is_empty() && !word.starts_with('-'));
    word.is_some_and(|word| !SHORT_FLAGS.contains(&word) && !is_output(word))
}

fn parse_percent(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    number.filter(|number| (0.0..=100.0).contains(number)).ok_or_else(|| "a confidence is a number from 0 to 100".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{exclusions_last, parse_percent};
    use crate::args::{Cli, Command};
    use clap::Parser;

    fn terms(line: &str) -> Vec<String> {
        let cli = Cli::try_parse_from(exclusions_last(line.split(' ').map(Into::into))).unwrap_or_else(|error| panic!("{line}: {error}"));
        let Command::Find(find) = cli.command else { panic!("{line} is not the verb find") };
        assert_eq!((find.limit, cli.global.output), (5, crate::output::Format::Json), "{line}");
        find.terms
    }

    #[test]
    fn a_term_with_a_hyphen_in_front_excludes_wherever_it_stands() {
        for line in [
            "sightline find person -text --limit 5 -o json",
            "sightline find -text --limit 5 -ojson person",
            "sightline --name find -o json find person --limit 5 -text",
            "sightline find --output=json --limit=5 person -- -text",
        ] {
            assert_eq!(terms(line), ["person", "-text"], "{line}");
        }
        assert_eq!(terms("sightline find a -b --limit 5 -c -o json -- d -e"), ["a", "-b", "-c", "d", "-e"]);
    }

    #[test]
    fn other_verbs_keep_their_arguments() {
        for line in ["sightline show -x", "sightline", "sightline --name find show -x", "sightline logs find -x"] {
            let typed: Vec<std::ffi::OsString> = line.split(' ').map(Into::into).collect();
            assert_eq!(exclusions_last(typed.clone()), typed);
        }
    }

    #[test]
    fn a_confidence_is_a_percentage() {
        assert_eq!(parse_percent("99.5"), Ok(99.5));
        for wrong in ["", "-1", "100.1", "NaN", "inf", "x"] {
            assert!(parse_percent(wrong).is_err(), "{wrong}");
        }
    }
}
