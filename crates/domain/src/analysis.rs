//! The four analyses of an image, and what became of each.

use crate::{
    error::{RecognitionError, StorageError},
    image::ImageRef,
    layout,
    ports::{ResultStore, StoredResult},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// One paid Rekognition call per image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Analysis {
    /// `DetectLabels`.
    Labels,
    /// `DetectFaces`.
    Faces,
    /// `DetectText`.
    Text,
    /// `DetectModerationLabels`.
    Moderation,
}

impl Analysis {
    /// The Rekognition operation.
    pub const fn operation(self) -> &'static str {
        match self {
            Self::Labels => "DetectLabels",
            Self::Faces => "DetectFaces",
            Self::Text => "DetectText",
            Self::Moderation => "DetectModerationLabels",
        }
    }

    /// File name, without ending, of the stored answer.
    pub const fn file_stem(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Faces => "faces",
            Self::Text => "text",
            Self::Moderation => "moderation",
        }
    }
}

/// What became of an analysis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "Status", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "PascalCase")]
pub enum Outcome {
    /// Answered; the whole answer lies at `ResultKey`.
    Done {
        /// Key of the whole answer.
        result_key: String,
    },
    /// Not asked for, and why.
    Skipped {
        /// One sentence.
        reason: String,
    },
    /// Failed for good, and why.
    Failed {
        /// One sentence.
        reason: String,
    },
}

/// Gives the stored answer of `analysis` where there is one, else asks for it with `ask` and stores it whole before returning:
/// a stored answer is never paid for again (docs/decisions, 2).
///
/// An answer that cannot be read is not stored, and counts as [`RecognitionError::Unavailable`].
pub async fn answered_once<A, E>(
    results: &impl ResultStore,
    image: &ImageRef,
    analysis: Analysis,
    ask: impl Future<Output = Result<StoredResult, RecognitionError>> + Send,
) -> Result<A, E>
where
    A: DeserializeOwned,
    E: From<RecognitionError> + From<StorageError>,
{
    let key = layout::result(&image.image_id, analysis);
    if let Some(stored) = results.read_result(&image.bucket, &key).await?
        && let Ok(answer) = serde_json::from_slice(&stored)
    {
        return Ok(answer);
    }
    let fresh = ask.await?;
    let answer = serde_json::from_slice(&fresh)
        .map_err(|source| RecognitionError::Unavailable { operation: analysis.operation(), source: source.into() })?;
    results.write_result(&image.bucket, &key, fresh).await?;
    Ok(answer)
}
