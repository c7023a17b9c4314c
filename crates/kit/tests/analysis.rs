//! The step of the four analyses over fakes. How each reads its answer is tested in crates/domain/tests.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use sightline_domain::{
    model::RecognitionError,
    ports::Objects,
    rules::{analysis::AnalysisRules, faces::FaceRules, labels::LabelRules, moderation::Policy, text::TextRules},
};
use sightline_kit::{AnalysisStep, Step, StepFailure};
use sightline_tests::{
    analyzer::{Call, ScriptedAnalyzer},
    failing::{Failing, When},
    objects::MemoryObjects,
    ready,
    samples::{IMAGE_ID, image, label},
};

/// One of the four analyses with an answer of Rekognition.
struct Case<R> {
    rules: fn() -> R,
    operation: &'static str,
    min_confidence: Option<f64>,
    result: &'static str,
    answer: Value,
    /// Parts of the findings, with their values.
    found: Vec<(&'static str, Value)>,
}

impl<R: AnalysisRules> Case<R> {
    fn run(&self, analyzer: &ScriptedAnalyzer, objects: &(impl Objects + Clone)) -> Result<Value, StepFailure> {
        self.attempt(0, analyzer, objects)
    }

    fn attempt(&self, earlier: u64, analyzer: &ScriptedAnalyzer, objects: &(impl Objects + Clone)) -> Result<Value, StepFailure> {
        let step = AnalysisStep::new((self.rules)(), analyzer.clone(), objects.clone());
        let input = serde_json::from_value(json!({"Image": image(), "EarlierAttempts": earlier})).unwrap();
        ready(step.run(input)).map(|found| serde_json::to_value(found).unwrap())
    }

    fn check(&self) {
        self.stores_the_whole_answer_and_reads_it_only_in_a_later_attempt();
        self.neither_uses_nor_stores_a_response_of_the_wrong_shape();
        self.keeps_name_and_cause_of_an_error();
        self.fails_if_the_answer_cannot_be_stored();
    }

    fn stores_the_whole_answer_and_reads_it_only_in_a_later_attempt(&self) {
        let (answer, objects) = (self.answer.to_string(), MemoryObjects::default());
        let analyzer = ScriptedAnalyzer::default().answering(answer.clone());
        let found = self.attempt(0, &analyzer, &Failing::new(objects.clone()).fail("read_answer", When::Before, 1)).unwrap();
        for (part, value) in &self.found {
            assert_eq!(found.pointer(part), Some(value), "{part} of {found}");
        }
        assert_eq!((&found["Status"], &found["ResultKey"]), (&json!("DONE"), &json!(format!("results/{IMAGE_ID}/{}", self.result))));
        assert_eq!(objects.current(found["ResultKey"].as_str().unwrap()).unwrap().bytes, answer.as_bytes());
        assert_eq!(self.attempt(1, &analyzer, &objects).unwrap(), found);
        let key = image().processed_key;
        assert_eq!(analyzer.calls(), [Call { operation: self.operation, key, min_confidence: self.min_confidence }]);
    }

    fn neither_uses_nor_stores_a_response_of_the_wrong_shape(&self) {
        let objects = MemoryObjects::default();
        for rubbish in ["", "{}", "null", "<html>"] {
            let failure = self.run(&ScriptedAnalyzer::default().answering(rubbish), &objects).unwrap_err();
            assert_eq!(failure.name(), "Recognition.Unavailable", "{}: {rubbish}", self.operation);
        }
        assert!(objects.keys().is_empty());
    }

    fn keeps_name_and_cause_of_an_error(&self) {
        let (operation, source) = (self.operation, || "the reason".into());
        for (error, name) in [
            (RecognitionError::Throttled { operation, source: source() }, "Recognition.Throttled"),
            (RecognitionError::Refused { operation, source: source() }, "Recognition.Refused"),
            (RecognitionError::Misconfigured { operation, source: source() }, "Recognition.Misconfigured"),
        ] {
            let failure = self.run(&ScriptedAnalyzer::default().failing(error), &MemoryObjects::default()).unwrap_err();
            assert_eq!(failure.name(), name);
            // record-rejection reads the analysis from it.
            assert!(failure.message().starts_with(&format!("{operation} ")), "{}", failure.message());
            assert!(failure.message().ends_with(": the reason"), "{}", failure.message());
        }
    }

    fn fails_if_the_answer_cannot_be_stored(&self) {
        let objects = Failing::new(MemoryObjects::default()).fail("write_answer", When::Before, 1);
        let analyzer = ScriptedAnalyzer::default().answering(self.answer.to_string());
        assert_eq!(self.run(&analyzer, &objects).unwrap_err().name(), "Storage.Unavailable");
    }
}

fn bounds() -> Value {
    json!({"Left": 0.1, "Top": 0.1, "Width": 0.2, "Height": 0.2})
}

/// The state machine reads these findings.
#[test]
fn detect_labels_stores_its_answer_once_and_decides_about_faces_and_text() {
    let case = Case {
        rules: LabelRules::default,
        operation: "DetectLabels",
        min_confidence: Some(50.0),
        result: "labels.json",
        answer: json!({"Labels": [label("Person", 99.0), label("Weapon", 70.0)], "LabelModelVersion": "3.0"}),
        found: vec![
            ("/Labels/0/Name", json!("person")),
            ("/Person/Found", json!(true)),
            ("/Text/Found", json!(false)),
            ("/Text/Reason", json!("no text among the labels")),
            ("/Watched/0/Name", json!("Weapon")),
        ],
    };
    case.check();
}

#[test]
fn analyze_faces_stores_its_answer_once() {
    let face = |confidence: f64| json!({"BoundingBox": bounds(), "Confidence": confidence});
    let case = Case {
        rules: || FaceRules { min_confidence: 80.0 },
        operation: "DetectFaces",
        min_confidence: None,
        result: "faces.json",
        answer: json!({"FaceDetails": [face(79.9), face(99.9)]}),
        found: vec![("/FaceData/0/Confidence", json!(99.9))],
    };
    case.check();
}

#[test]
fn detect_text_stores_its_answer_once() {
    let geometry = json!({"BoundingBox": bounds(), "Polygon": []});
    let detection = |kind: &str, id: i32| json!({"DetectedText": "EXIT", "Type": kind, "Id": id, "Confidence": 99.0, "Geometry": geometry});
    let case = Case {
        rules: || TextRules { min_confidence: 80.0 },
        operation: "DetectText",
        min_confidence: None,
        result: "text.json",
        answer: json!({"TextDetections": [detection("LINE", 0), detection("WORD", 1)], "TextModelVersion": "3.0"}),
        found: vec![("/TextLines/0/Text", json!("EXIT"))],
    };
    case.check();
}

#[test]
fn moderate_image_asks_for_the_lowest_confidence_of_the_policy_and_stores_its_answer_once() {
    let case = Case {
        rules: || serde_json::from_str::<Policy>(r#"[{"category": "Violence", "minConfidence": 40, "action": "REVIEW"}]"#).unwrap(),
        operation: "DetectModerationLabels",
        min_confidence: Some(40.0),
        result: "moderation.json",
        answer: json!({"ModerationLabels": [{"Name": "Violence", "ParentName": "", "TaxonomyLevel": 1, "Confidence": 45.0}]}),
        found: vec![("/Verdict", json!("REVIEW"))],
    };
    case.check();
}
