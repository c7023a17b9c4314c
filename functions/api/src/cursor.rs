//! Cursors: positions in lists, as opaque texts.

use crate::problem::Problem;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

/// Longer texts are not cursors of ours.
const MAX_CHARS: usize = 4_096;

/// The cursor of a position.
pub fn encode(position: &impl Serialize) -> Option<String> {
    serde_json::to_vec(position).ok().map(|json| URL_SAFE_NO_PAD.encode(json))
}

/// The position of a cursor.
///
/// # Errors
///
/// 400 if the text is not a cursor of this list.
pub fn decode<T: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<T>, Problem> {
    let Some(cursor) = cursor.filter(|cursor| !cursor.is_empty()) else { return Ok(None) };
    let json = (cursor.len() <= MAX_CHARS).then(|| URL_SAFE_NO_PAD.decode(cursor).ok()).flatten();
    let position = json.and_then(|json| serde_json::from_slice(&json).ok());
    position.map(Some).ok_or_else(|| Problem::invalid("The cursor is not valid. Start again at the first page."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_domain::ports::RecordKey;

    #[test]
    fn a_cursor_decodes_to_its_position_and_other_texts_are_refused() {
        let position = RecordKey { image_id: "an-id".into(), upload_timestamp: 5 };
        let cursor = encode(&position).unwrap();
        assert_eq!(decode(Some(&cursor)).unwrap(), Some(position));
        assert_eq!(decode::<RecordKey>(None).unwrap(), None);
        for wrong in ["x", "e30", "😀", &"A".repeat(5_000)] {
            assert_eq!(decode::<RecordKey>(Some(wrong)).unwrap_err().status, 400, "{wrong}");
        }
    }
}
