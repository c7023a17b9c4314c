use serde_json::{Value, json};

use super::*;

fn task(operation: Operation, body: &Value) -> Result<Task, Refusal> {
    let body = body.to_string();
    Request::parse(body.as_bytes())?.task(operation)
}

fn code(operation: Operation, body: &Value) -> Code {
    task(operation, body).expect_err("should be refused").code
}

#[test]
fn labels_have_the_documented_defaults() {
    let Task::Labels(request) = task(Operation::DetectLabels, &json!({})).unwrap() else { panic!("labels expected") };
    assert!((request.min_confidence - 55.).abs() < f32::EPSILON);
    assert_eq!(request.max_labels, None);
}

#[test]
fn moderation_has_the_documented_default() {
    assert_eq!(task(Operation::DetectModerationLabels, &json!({})).unwrap(), Task::Moderation { min_confidence: 50. });
}

#[test]
fn numbers_out_of_range_are_invalid_parameters() {
    for body in [json!({"MinConfidence": 100.5}), json!({"MinConfidence": -1}), json!({"MaxLabels": -1}), json!({"Features": ["COLOURS"]})]
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
fn what_no_model_measures_is_refused_by_name() {
    let refused = [
        (Operation::DetectLabels, json!({"Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"]})),
        (Operation::DetectFaces, json!({"Attributes": ["BEARD"]})),
        (Operation::DetectText, json!({"Filters": {"RegionsOfInterest": [{"Polygon": [{"X": 0.1, "Y": 0.1}]}]}})),
        (Operation::DetectModerationLabels, json!({"ProjectVersion": "arn:aws:rekognition:eu-west-1:123456789012:project/x"})),
        (Operation::DetectModerationLabels, json!({"HumanLoopConfig": {"HumanLoopName": "x"}})),
    ];
    for (operation, body) in refused {
        assert_eq!(code(operation, &body), Code::NotSupportedLocally, "{body}");
    }
}

#[test]
fn default_attributes_add_nothing_and_all_adds_what_is_measured() {
    let attributes = |names: Value| task(Operation::DetectFaces, &json!({ "Attributes": names }));
    assert_eq!(attributes(json!(["DEFAULT"])).unwrap(), Task::Faces(FacesRequest::default()));
    let Task::Faces(all) = attributes(json!(["DEFAULT", "ALL"])).unwrap() else { panic!("faces expected") };
    assert!(all.all_landmarks && all.attributes.len() == 6);
    let Task::Faces(one) = attributes(json!(["SMILE"])).unwrap() else { panic!("faces expected") };
    assert_eq!(one, FacesRequest { attributes: vec![Attribute::Smile], all_landmarks: false });
    assert_eq!(attributes(json!(["HAIR"])).unwrap_err().code, Code::InvalidParameter);
}

#[test]
fn a_word_filter_without_a_threshold_takes_80() {
    let Task::Text(request) = task(Operation::DetectText, &json!({"Filters": {"WordFilter": {}}})).unwrap() else {
        panic!("text expected")
    };
    assert_eq!(request.words, Some(WordRules { confidence: 80., height: 0., width: 0. }));
}

#[test]
fn fields_of_other_operations_are_ignored() {
    assert!(task(Operation::DetectFaces, &json!({"MinConfidence": 200})).is_ok());
}
