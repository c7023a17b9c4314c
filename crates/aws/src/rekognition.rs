//! The port [`ImageAnalyzer`] over Rekognition. It returns the whole response body, unchanged.

use crate::classify::{ErrorClass, cause, class_of};
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
    model::{Analysis, ObjectRef, Question, RecognitionError},
    ports::ImageAnalyzer,
};
use std::sync::{Arc, Mutex, PoisonError};

/// Rekognition.
#[derive(Debug, Clone)]
pub struct Rekognition {
    client: Client,
}

impl Rekognition {
    /// Rekognition over an SDK client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl ImageAnalyzer for Rekognition {
    async fn analyze(&self, analysis: Analysis, question: &Question, image: ObjectRef<'_>) -> Result<Vec<u8>, RecognitionError> {
        let (body, image) = (WholeBody::default(), object(&image));
        let min_confidence = question.min_confidence.map(to_f32);
        let sent = match analysis {
            Analysis::Labels => {
                let max_labels = question.max_labels.and_then(|number| number.try_into().ok());
                let request = self.client.detect_labels().image(image).set_min_confidence(min_confidence).set_max_labels(max_labels);
                without_answer(analysis, request.customize().interceptor(body.clone()).send().await)
            }
            Analysis::Faces => {
                let attributes = question.all_attributes.then(|| vec![Attribute::All]);
                let request = self.client.detect_faces().image(image).set_attributes(attributes);
                without_answer(analysis, request.customize().interceptor(body.clone()).send().await)
            }
            Analysis::Text => {
                let request = self.client.detect_text().image(image);
                without_answer(analysis, request.customize().interceptor(body.clone()).send().await)
            }
            Analysis::Moderation => {
                let request = self.client.detect_moderation_labels().image(image).set_min_confidence(min_confidence);
                without_answer(analysis, request.customize().interceptor(body.clone()).send().await)
            }
        };
        sent?;
        body.take()
            .ok_or_else(|| RecognitionError::Unavailable { operation: analysis.operation(), source: "the answer had no body".into() })
    }
}

/// Discards the parsed answer, because [`WholeBody`] keeps the body, and classifies the error.
fn without_answer<T, E>(analysis: Analysis, sent: Result<T, SdkError<E, HttpResponse>>) -> Result<(), RecognitionError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    sent.map(drop).map_err(|error| classify(analysis.operation(), error))
}

#[allow(clippy::cast_possible_truncation, reason = "a percentage")]
const fn to_f32(percent: f64) -> f32 {
    percent as f32
}

fn object(image: &ObjectRef<'_>) -> Image {
    let object = S3Object::builder().bucket(image.bucket).name(image.key).set_version(image.version_id.map(str::to_owned));
    Image::builder().s3_object(object.build()).build()
}

/// Keeps the body of the last response, because the types of the SDK cannot be serialised.
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
    fn take(&self) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The two errors about the image. `InvalidS3ObjectException`, `AccessDeniedException` and `InvalidParameterException` are about the
/// configuration (Rekognition developer guide, error handling).
const REFUSED: [&str; 2] = ["ImageTooLargeException", "InvalidImageFormatException"];

fn classify<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> RecognitionError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let refused = error.as_service_error().and_then(ProvideErrorMetadata::code).is_some_and(|code| REFUSED.contains(&code));
    let class = class_of(&error);
    let source = cause(error);
    match class {
        _ if refused => RecognitionError::Refused { operation, source },
        ErrorClass::Throttled => RecognitionError::Throttled { operation, source },
        ErrorClass::Unavailable => RecognitionError::Unavailable { operation, source },
        ErrorClass::NotFound | ErrorClass::Misconfigured => RecognitionError::Misconfigured { operation, source },
    }
}
