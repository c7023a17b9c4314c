//! Rekognition behind the four detector ports. Answers are handed on whole, as they were sent.

use crate::classify::{Trouble, cause, trouble};
use aws_sdk_rekognition::{
    Client,
    types::{Attribute, Image, S3Object},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::AfterDeserializationInterceptorContextRef, dyn_dispatch_hint},
        orchestrator::HttpResponse,
        result::SdkError,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{config_bag::ConfigBag, error::metadata::ProvideErrorMetadata};
use sightline_domain::{
    analysis::Question,
    error::RecognitionError,
    ports::{FaceDetector, LabelDetector, ModerationDetector, ObjectRef, StoredResult, TextDetector},
};
use std::sync::{Arc, Mutex, PoisonError};

/// Rekognition.
#[derive(Debug, Clone)]
pub struct Rekognition {
    client: Client,
}

impl Rekognition {
    /// Over an SDK client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl LabelDetector for Rekognition {
    async fn detect_labels(&self, image: ObjectRef<'_>) -> Result<StoredResult, RecognitionError> {
        let whole = WholeBody::default();
        let Question { min_confidence, max_labels, .. } = Question::LABELS;
        let request = self.client.detect_labels().image(object(&image)).set_min_confidence(min_confidence.map(single));
        let request = request.set_max_labels(max_labels.and_then(|number| number.try_into().ok()));
        let sent = request.customize().interceptor(whole.clone()).send().await;
        whole.of("DetectLabels", sent)
    }
}

impl FaceDetector for Rekognition {
    async fn detect_faces(&self, image: ObjectRef<'_>) -> Result<StoredResult, RecognitionError> {
        let whole = WholeBody::default();
        let request = self.client.detect_faces().image(object(&image)).attributes(Attribute::All);
        let sent = request.customize().interceptor(whole.clone()).send().await;
        whole.of("DetectFaces", sent)
    }
}

impl TextDetector for Rekognition {
    async fn detect_text(&self, image: ObjectRef<'_>) -> Result<StoredResult, RecognitionError> {
        let whole = WholeBody::default();
        let sent = self.client.detect_text().image(object(&image)).customize().interceptor(whole.clone()).send().await;
        whole.of("DetectText", sent)
    }
}

impl ModerationDetector for Rekognition {
    async fn detect_moderation_labels(&self, image: ObjectRef<'_>, min_confidence: f64) -> Result<StoredResult, RecognitionError> {
        let whole = WholeBody::default();
        let request = self.client.detect_moderation_labels().image(object(&image)).min_confidence(single(min_confidence));
        let sent = request.customize().interceptor(whole.clone()).send().await;
        whole.of("DetectModerationLabels", sent)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a percentage")]
const fn single(percent: f64) -> f32 {
    percent as f32
}

fn object(image: &ObjectRef<'_>) -> Image {
    let object = S3Object::builder().bucket(image.bucket).name(image.key).set_version(image.version_id.map(str::to_owned));
    Image::builder().s3_object(object.build()).build()
}

/// Keeps the body of the last response, so that the whole answer can be stored: the SDK's own types cannot be serialised.
#[derive(Debug, Clone, Default)]
struct WholeBody(Arc<Mutex<Option<Vec<u8>>>>);

#[dyn_dispatch_hint]
impl Intercept for WholeBody {
    fn name(&self) -> &'static str {
        "WholeBody"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = context.response().body().bytes().map(<[u8]>::to_vec);
        Ok(())
    }
}

impl WholeBody {
    fn of<T, E>(&self, operation: &'static str, sent: Result<T, SdkError<E, HttpResponse>>) -> Result<StoredResult, RecognitionError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        sent.map_err(|error| classify(operation, error))?;
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        body.ok_or_else(|| RecognitionError::Unavailable { operation, source: "the answer had no body".into() })
    }
}

/// The two errors that speak of the image itself. `InvalidS3ObjectException`, `AccessDeniedException` and
/// `InvalidParameterException` speak of our set-up (Rekognition developer guide, error handling).
const REFUSED: [&str; 2] = ["ImageTooLargeException", "InvalidImageFormatException"];

fn classify<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> RecognitionError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let refused = error.as_service_error().and_then(ProvideErrorMetadata::code).is_some_and(|code| REFUSED.contains(&code));
    let trouble = trouble(&error);
    let source = cause(error);
    match trouble {
        _ if refused => RecognitionError::Refused { operation, source },
        Trouble::Throttled => RecognitionError::Throttled { operation, source },
        Trouble::Unavailable => RecognitionError::Unavailable { operation, source },
        Trouble::NotFound | Trouble::Ours => RecognitionError::Misconfigured { operation, source },
    }
}
