//! Settings from the environment, read once before the first event. All problems are reported together.

use serde::de::DeserializeOwned;
use sightline_domain::{
    model::{DEFAULT_RETENTION_DAYS, SettingsInvalid},
    rules::quota::calls_per_second,
};
use std::str::FromStr;

/// Reads settings and collects their problems.
pub struct Reader<'a> {
    look_up: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

/// Reads settings with `read` from the environment of the process.
///
/// # Errors
///
/// [`SettingsInvalid`] with all problems.
pub fn from_environment<T>(read: impl FnOnce(&mut Reader<'_>) -> T) -> Result<T, SettingsInvalid> {
    from(&|name| std::env::var(name).ok(), read)
}

/// Reads settings with `read` from `look_up`.
///
/// # Errors
///
/// [`SettingsInvalid`] with all problems.
pub fn from<T>(look_up: &dyn Fn(&str) -> Option<String>, read: impl FnOnce(&mut Reader<'_>) -> T) -> Result<T, SettingsInvalid> {
    let mut reader = Reader { look_up, problems: Vec::new() };
    let settings = read(&mut reader);
    if reader.problems.is_empty() { Ok(settings) } else { Err(SettingsInvalid { problems: reader.problems }) }
}

impl Reader<'_> {
    /// A required text; a missing one is a problem.
    pub fn text(&mut self, name: &str) -> String {
        (self.look_up)(name).filter(|value| !value.is_empty()).unwrap_or_else(|| {
            self.problems.push(format!("{name} is missing"));
            String::new()
        })
    }

    /// A value parsed from a text, or its default if the setting is absent.
    pub fn parsed<T: FromStr>(&mut self, name: &str, default: T) -> T {
        match (self.look_up)(name).map(|value| value.parse()) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(_)) => {
                self.problems.push(format!("{name} is not a valid {}", std::any::type_name::<T>()));
                default
            }
        }
    }

    /// A percentage, 0 to 100.
    pub fn percent(&mut self, name: &str, default: f64) -> f64 {
        let value = self.parsed(name, default);
        if !(0.0..=100.0).contains(&value) {
            self.problems.push(format!("{name} is not within 0 to 100"));
        }
        value
    }

    /// The setting `RETENTION_DAYS`: days until a record expires; 0: never.
    pub fn retention_days(&mut self) -> u32 {
        self.parsed("RETENTION_DAYS", DEFAULT_RETENTION_DAYS)
    }

    /// Rekognition's quota in calls a second per operation: the setting `REKOGNITION_CALLS_PER_SECOND`, or the default quota of the region,
    /// whose name Lambda sets.
    pub fn calls_per_second(&mut self) -> u32 {
        let region = self.parsed("AWS_REGION", String::new());
        calls_per_second(self.parsed("REKOGNITION_CALLS_PER_SECOND", 0), &region)
    }

    /// A value parsed from JSON, or its default if the setting is absent.
    pub fn json<T: DeserializeOwned>(&mut self, name: &str, default: T) -> T {
        match (self.look_up)(name).map(|value| serde_json::from_str(&value)) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(error)) => {
                self.problems.push(format!("{name} is not JSON of the expected shape: {error}"));
                default
            }
        }
    }

    /// Adds a problem that the caller found.
    pub fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_problems_are_reported_together() {
        let environment = |name: &str| match name {
            "SHARE" => Some("120".to_owned()),
            "COUNT" => Some("many".to_owned()),
            _ => None,
        };
        let read = from(&environment, |reader| (reader.text("TABLE"), reader.percent("SHARE", 1.0), reader.parsed("COUNT", 3_u32)));
        let Err(error) = read else { panic!("settings with three problems were accepted") };
        assert_eq!(error.problems, ["TABLE is missing", "SHARE is not within 0 to 100", "COUNT is not a valid u32"]);
    }

    #[test]
    fn absent_settings_have_their_defaults() {
        let read = from(&|_| None, |reader| (reader.percent("SHARE", 1.0), reader.json::<Vec<String>>("LIST", vec!["a".into()])));
        assert!(matches!(read, Ok((share, list)) if (share - 1.0).abs() < f64::EPSILON && list == ["a"]));
    }
}
