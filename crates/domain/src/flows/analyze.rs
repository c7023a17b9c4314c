//! Asks Rekognition once for each analysis of an image, and keeps the answer.

use crate::{
    model::{
        analysis::{Analysis, Question},
        error::{RecognitionError, StorageError},
        identity::ObjectRef,
        image::ImageRef,
        layout,
    },
    ports::{ImageAnalyzer, Objects},
};
use serde::de::DeserializeOwned;

/// The answer of `analysis` to `question`: the stored one if it covers the question, else Rekognition's, which is stored whole before
/// this returns. The first attempt of a new image ([`ImageRef::is_first_attempt`]) does not look for a stored answer.
///
/// A stored answer to a narrower question, such as one with a higher `MinConfidence`, lacks findings that the settings now ask for, so
/// Rekognition is asked again. Only then is an analysis of an image paid for again on purpose.
///
/// # Errors
///
/// [`RecognitionError`] if Rekognition refuses the image or does not answer, also if its answer is not the expected JSON, which is then
/// not stored; [`StorageError`] if the answer cannot be read or stored.
pub async fn analyze_once<A, E>(
    analyzer: &impl ImageAnalyzer,
    objects: &impl Objects,
    image: &ImageRef,
    earlier_attempts: u64,
    analysis: Analysis,
    question: Question,
) -> Result<A, E>
where
    A: DeserializeOwned,
    E: From<RecognitionError> + From<StorageError>,
{
    let key = layout::result(&image.image_id, analysis);
    if !image.is_first_attempt(earlier_attempts)
        && let Some(stored) = objects.read_answer(&image.bucket, &key).await?
        && stored.question(analysis).covers(&question)
        && let Ok(answer) = serde_json::from_slice(&stored.json)
    {
        return Ok(answer);
    }
    let fresh = analyzer.analyze(analysis, &question, ObjectRef::current(&image.bucket, &image.processed_key)).await?;
    let answer = serde_json::from_slice(&fresh)
        .map_err(|source| RecognitionError::Unavailable { operation: analysis.operation(), source: source.into() })?;
    objects.write_answer(&image.bucket, &key, fresh, &question).await?;
    Ok(answer)
}
