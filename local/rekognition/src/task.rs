//! A task: the checked parameters of one of the four operations, the call of its model, and its response.

mod faces;
mod labels;
mod moderation;
mod text;

use serde::Serialize;
use sightline_vision::{Models, Photo, VisionError};

use self::{faces::FaceParameters, labels::LabelParameters, moderation::ModerationParameters, text::TextParameters};
use crate::{error::ApiError, operation::Operation, wire::Request};

/// The checked parameters of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    Labels(LabelParameters),
    Faces(FaceParameters),
    Text(TextParameters),
    Moderation(ModerationParameters),
}

impl Task {
    /// Checks the parameters of a request.
    ///
    /// # Errors
    /// `InvalidParameter` for a value outside the documented range, `NotSupportedLocally` for a feature without a local model.
    pub fn new(operation: Operation, request: &Request<'_>) -> Result<Self, ApiError> {
        Ok(match operation {
            Operation::DetectLabels => Self::Labels(LabelParameters::new(request)?),
            Operation::DetectFaces => Self::Faces(FaceParameters::new(request)?),
            Operation::DetectText => Self::Text(TextParameters::new(request)?),
            Operation::DetectModerationLabels => Self::Moderation(ModerationParameters::new(request)?),
        })
    }

    /// Runs the model on a photo and returns the JSON of the response.
    ///
    /// # Errors
    /// `InternalServerError` if the model fails.
    pub fn run(&self, models: &Models, photo: &Photo) -> Result<String, ApiError> {
        match self {
            Self::Labels(parameters) => response(models.labels(photo), |found| parameters.response(found)),
            Self::Faces(parameters) => response(models.faces(photo), |found| parameters.response(found)),
            Self::Text(parameters) => response(models.text(photo), |found| parameters.response(found)),
            Self::Moderation(parameters) => response(models.moderation(photo), |found| parameters.response(found)),
        }
    }
}

fn response<T, R: Serialize>(found: Result<T, VisionError>, shape: impl FnOnce(T) -> R) -> Result<String, ApiError> {
    let found = found.map_err(|error| ApiError::internal(&format!("a model failed: {error}")))?;
    serde_json::to_string(&shape(found)).map_err(|_| ApiError::internal("the response could not be written"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{faces::Attribute, text::WordFilter, *};
    use crate::error::Code;

    fn task(operation: Operation, body: &Value) -> Result<Task, ApiError> {
        let body = body.to_string();
        Task::new(operation, &Request::parse(body.as_bytes())?)
    }

    fn code(operation: Operation, body: &Value) -> Code {
        task(operation, body).expect_err("should be an error").code
    }

    #[test]
    fn detect_labels_has_the_documented_defaults() {
        let Task::Labels(request) = task(Operation::DetectLabels, &json!({})).unwrap() else { panic!("labels expected") };
        assert!((request.min_confidence - 55.).abs() < f32::EPSILON);
        assert_eq!(request.max_labels, None);
    }

    #[test]
    fn detect_moderation_labels_has_the_documented_default() {
        assert_eq!(
            task(Operation::DetectModerationLabels, &json!({})).unwrap(),
            Task::Moderation(ModerationParameters { min_confidence: 50. })
        );
    }

    #[test]
    fn numbers_out_of_range_are_invalid_parameters() {
        for body in
            [json!({"MinConfidence": 100.5}), json!({"MinConfidence": -1}), json!({"MaxLabels": -1}), json!({"Features": ["COLOURS"]})]
        {
            assert_eq!(code(Operation::DetectLabels, &body), Code::InvalidParameter, "{body}");
        }
        assert_eq!(code(Operation::DetectModerationLabels, &json!({"MinConfidence": 101})), Code::InvalidParameter);
        assert_eq!(code(Operation::DetectText, &json!({"Filters": {"WordFilter": {"MinBoundingBoxWidth": 1.5}}})), Code::InvalidParameter);
        assert_eq!(code(Operation::DetectText, &json!({"Filters": {"RegionsOfInterest": [{}]}})), Code::InvalidParameter);
    }

    #[test]
    fn wrong_types_are_serialization_errors() {
        for body in [json!({"MinConfidence": "80"}), json!({"Image": "x"}), json!({"Image": {"Bytes": 1}}), json!({"MaxLabels": 1.5})] {
            assert_eq!(code(Operation::DetectLabels, &body), Code::Serialization, "{body}");
        }
        assert_eq!(Request::parse(b"{").unwrap_err().code, Code::Serialization);
    }

    #[test]
    fn features_without_a_local_model_are_not_supported() {
        let unsupported = [
            (Operation::DetectLabels, json!({"Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"]})),
            (Operation::DetectFaces, json!({"Attributes": ["BEARD"]})),
            (Operation::DetectText, json!({"Filters": {"RegionsOfInterest": [{"Polygon": [{"X": 0.1, "Y": 0.1}]}]}})),
            (Operation::DetectModerationLabels, json!({"ProjectVersion": "arn:aws:rekognition:eu-west-1:123456789012:project/x"})),
            (Operation::DetectModerationLabels, json!({"HumanLoopConfig": {"HumanLoopName": "x"}})),
        ];
        for (operation, body) in unsupported {
            assert_eq!(code(operation, &body), Code::NotSupportedLocally, "{body}");
        }
    }

    #[test]
    fn default_adds_no_attributes_and_all_adds_the_measured_ones() {
        let attributes = |names: Value| task(Operation::DetectFaces, &json!({ "Attributes": names }));
        assert_eq!(attributes(json!(["DEFAULT"])).unwrap(), Task::Faces(FaceParameters::default()));
        let Task::Faces(all) = attributes(json!(["DEFAULT", "ALL"])).unwrap() else { panic!("faces expected") };
        assert!(all.all_landmarks && all.attributes.len() == 6);
        let Task::Faces(one) = attributes(json!(["SMILE"])).unwrap() else { panic!("faces expected") };
        assert_eq!(one, FaceParameters { attributes: vec![Attribute::Smile], all_landmarks: false });
        assert_eq!(attributes(json!(["HAIR"])).unwrap_err().code, Code::InvalidParameter);
    }

    #[test]
    fn the_default_threshold_of_a_word_filter_is_80() {
        let Task::Text(request) = task(Operation::DetectText, &json!({"Filters": {"WordFilter": {}}})).unwrap() else {
            panic!("text expected")
        };
        assert_eq!(request.words, Some(WordFilter { confidence: 80., height: 0., width: 0. }));
    }

    #[test]
    fn parameters_of_other_operations_are_ignored() {
        assert!(task(Operation::DetectFaces, &json!({"MinConfidence": 200})).is_ok());
    }
}
