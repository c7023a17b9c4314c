use crate::model::identity::ObjectRef;
use crate::model::{
    analysis::{Analysis, Question},
    error::RecognitionError,
};
use std::future::Future;

/// Rekognition.
pub trait ImageAnalyzer: Sync {
    /// Runs `analysis` on the JPEG or PNG at `image` with the parameters of `question`. Returns the whole answer as JSON, as it was sent.
    ///
    /// # Errors
    ///
    /// [`RecognitionError`] if Rekognition refuses the image or does not answer.
    fn analyze(
        &self,
        analysis: Analysis,
        question: &Question,
        image: ObjectRef<'_>,
    ) -> impl Future<Output = Result<Vec<u8>, RecognitionError>> + Send;
}
