//! What the camera wrote into the file. The file may lie, loop or overflow: what does not read well is left out.

use exif::{Exif, In, Rational, Reader, Tag, Value};
use sightline_domain::image::{ExifFacts, GeoPoint};

/// Longest camera name that is kept, in characters.
const MAX_CAMERA_CHARS: usize = 100;

/// Reads the facts from a TIFF structure; the place only where `with_gps`.
pub fn facts(exif: &[u8], with_gps: bool) -> ExifFacts {
    let Ok(exif) = Reader::new().read_raw(exif.to_vec()) else { return ExifFacts::default() };
    ExifFacts { taken_at: taken_at(&exif), camera: camera(&exif), gps: if with_gps { gps(&exif) } else { None } }
}

fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let Value::Ascii(lines) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let text = String::from_utf8_lossy(lines.first()?);
    let clean: String = text.chars().filter(|c| !c.is_control()).take(MAX_CAMERA_CHARS).collect();
    Some(clean.trim().to_owned()).filter(|clean| !clean.is_empty())
}

/// EXIF writes `YYYY:MM:DD hh:mm:ss`, and the offset apart.
fn taken_at(exif: &Exif) -> Option<String> {
    let written = text(exif, Tag::DateTimeOriginal)?;
    let at = exif::DateTime::from_ascii(written.as_bytes()).ok()?;
    let plausible =
        at.year > 0 && (1..=12).contains(&at.month) && (1..=31).contains(&at.day) && at.hour < 24 && at.minute < 60 && at.second < 61;
    let offset = text(exif, Tag::OffsetTimeOriginal).filter(|offset| is_offset(offset)).unwrap_or_default();
    plausible.then(|| format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{offset}", at.year, at.month, at.day, at.hour, at.minute, at.second))
}

/// `+hh:mm` or `-hh:mm`.
fn is_offset(text: &str) -> bool {
    matches!(text.as_bytes(), [b'+' | b'-', h1, h2, b':', m1, m2] if [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit()))
}

fn camera(exif: &Exif) -> Option<String> {
    match (text(exif, Tag::Make), text(exif, Tag::Model)) {
        (Some(make), Some(model)) if model.starts_with(&make) => Some(model),
        (Some(make), Some(model)) => Some(format!("{make} {model}")),
        (make, model) => make.or(model),
    }
}

fn gps(exif: &Exif) -> Option<GeoPoint> {
    let latitude = degrees(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, "S")?;
    let longitude = degrees(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, "W")?;
    let on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
    on_earth.then_some(GeoPoint { latitude, longitude })
}

fn degrees(exif: &Exif, tag: Tag, reference: Tag, negative: &str) -> Option<f64> {
    let Value::Rational(parts) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let [degrees, minutes, seconds] = parts.as_slice() else { return None };
    let value = number(*degrees)? + number(*minutes)? / 60.0 + number(*seconds)? / 3600.0;
    let sign = if text(exif, reference)? == negative { -1.0 } else { 1.0 };
    Some((sign * value * 1e6).round() / 1e6)
}

fn number(rational: Rational) -> Option<f64> {
    Some(rational.to_f64()).filter(|value| value.is_finite())
}
