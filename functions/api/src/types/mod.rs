//! Requests and responses. All JSON is camelCase; times are ISO 8601 in UTC with milliseconds; confidences are percentages.

pub mod erase;
pub mod execution;
pub mod image;
pub mod me;
pub mod review;
pub mod trends;
pub mod upload;

use serde::{Serialize, Serializer};
use sightline_domain::model::clock::{DAY_MILLIS, EpochMillis};
use time::{
    Date, OffsetDateTime,
    format_description::{BorrowedFormatItem, well_known::Rfc3339},
    macros::format_description,
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, schema::Type},
};

const FORMAT: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// A time: epoch milliseconds here, ISO 8601 in UTC in JSON, such as `2026-11-24T09:41:07.123Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub EpochMillis);

impl Time {
    /// The text in JSON.
    pub fn text(self) -> String {
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        at.format(FORMAT).unwrap_or_default()
    }
}

impl Time {
    /// Parses a day in UTC, such as `2026-11-24`, or an ISO 8601 time; `None` if the text is neither. A day means its first millisecond, or its
    /// last one if `is_end`.
    pub fn parse(text: &str, is_end: bool) -> Option<Self> {
        if let Ok(day) = Date::parse(text, DAY) {
            let first = day.midnight().assume_utc().unix_timestamp() * 1000;
            return Some(Self(if is_end { first + DAY_MILLIS - 1 } else { first }));
        }
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        EpochMillis::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Self)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
        text.description(Some("ISO 8601 in UTC with milliseconds.")).examples(["2026-11-24T09:41:07.123Z"]).into()
    }
}

impl ToSchema for Time {}

/// A box, in fractions of the image's width and height. Values can be outside 0–1 if a part of the box is outside the image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Box {
    /// Left edge.
    pub left: f64,
    /// Top edge.
    pub top: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_iso_8601_in_utc_with_milliseconds() {
        assert_eq!(Time(1_795_513_267_123).text(), "2026-11-24T09:41:07.123Z");
        assert_eq!(serde_json::json!(Time(0)), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_time_is_parsed_from_a_day_or_an_iso_8601_time() {
        assert_eq!(Time::parse("1970-01-02", false), Some(Time(DAY_MILLIS)));
        assert_eq!(Time::parse("1970-01-02", true), Some(Time(2 * DAY_MILLIS - 1)));
        assert_eq!(Time::parse("2026-11-24T09:41:07.123Z", false), Some(Time(1_795_513_267_123)));
        assert_eq!(Time::parse("2026-11-24T10:41:07.123+01:00", true), Some(Time(1_795_513_267_123)));
        for wrong in ["", "yesterday", "2026-13-01", "24.11.2026", "1795513267123"] {
            assert_eq!(Time::parse(wrong, false), None, "{wrong}");
        }
    }
}
