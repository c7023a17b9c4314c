//! Options that every command takes, and parsers of values that several commands take.

use crate::output::Format;
use clap::{
    Args,
    builder::{NonEmptyStringValueParser, RangedI64ValueParser},
};

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// How to print data
    #[arg(long, short, global = true, value_enum, ignore_case = true, default_value = "table", env = "SIGHTLINE_OUTPUT")]
    pub output: Format,
    /// Name of the deployment: its stacks are NAME-stateful and NAME-stateless
    #[arg(long, global = true, default_value = "sightline", env = "SIGHTLINE_NAME", value_parser = NonEmptyStringValueParser::new())]
    pub name: String,
    /// Profile in the AWS configuration files [env: AWS_PROFILE]
    #[arg(long, global = true, value_parser = NonEmptyStringValueParser::new())]
    pub profile: Option<String>,
    /// AWS region [env: AWS_REGION]
    #[arg(long, global = true, value_parser = NonEmptyStringValueParser::new())]
    pub region: Option<String>,
    /// Endpoint of all services, such as http://127.0.0.1:4566 for a local stack [env: AWS_ENDPOINT_URL]
    #[arg(long, global = true, value_parser = parse_endpoint)]
    pub endpoint_url: Option<String>,
    /// Show no progress
    #[arg(long, global = true)]
    pub no_progress: bool,
}

/// Parses a number from 1 to `max`.
pub fn up_to(max: i64) -> RangedI64ValueParser<usize> {
    RangedI64ValueParser::new().range(1..=max)
}

/// Parses an `ImageID`, a hyphenated UUID, and returns it in lower case.
pub fn parse_image_id(text: &str) -> Result<String, String> {
    let is_hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
    let id = uuid::Uuid::try_parse(text).ok().filter(|_| is_hyphenated);
    id.map(|id| id.to_string()).ok_or_else(|| "an ImageID is a UUID, such as 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4".to_owned())
}

fn parse_endpoint(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let is_valid = host.is_some_and(|host| !host.is_empty() && !host.contains(char::is_whitespace));
    is_valid.then(|| text.to_owned()).ok_or_else(|| "an endpoint is a URL, such as http://127.0.0.1:4566".to_owned())
}

/// Parses an owner: the first segment of a key below `raw-uploads/`, and the first part of a partition key.
pub fn parse_owner(text: &str) -> Result<String, String> {
    const MAX: usize = 64;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    let has_only_dots = text.chars().all(|c| c == '.');
    let is_valid = (1..=MAX).contains(&text.len()) && text.chars().all(is_allowed) && !has_only_dots;
    is_valid.then(|| text.to_owned()).ok_or_else(|| format!("an owner has 1 to {MAX} letters, digits and -_.@"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_id_is_a_hyphenated_uuid_in_any_case() {
        let id = "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4";
        assert_eq!(parse_image_id(&id.to_uppercase()), Ok(id.to_owned()));
        for wrong in ["", "x", "0b6f7c525d5b5c8ea4a17f3e2b60c9d4", "{0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4}", "../../etc/passwd"] {
            assert!(parse_image_id(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn owner_is_a_valid_part_of_a_key() {
        assert!(parse_owner("anna.b-1@x_y").is_ok());
        for wrong in ["", "..", "a/b", "a#b", "ä", "a b", &"x".repeat(65)] {
            assert!(parse_owner(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn endpoint_is_an_http_url() {
        assert!(parse_endpoint("http://127.0.0.1:4566").is_ok());
        for wrong in ["127.0.0.1:4566", "http://", "ftp://x", "http://a b"] {
            assert!(parse_endpoint(wrong).is_err(), "{wrong}");
        }
    }
}
