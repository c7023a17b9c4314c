//! The OpenAPI document.

use crate::world::{InMemory, Who, World, event};
use serde_json::Value;
use std::{collections::BTreeSet, fs};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/openapi.json");

/// `make openapi` sets the variable, and rewrites the file.
#[test]
fn the_committed_document_is_the_one_that_the_types_generate() {
    let generated = api::document::<InMemory>().unwrap();
    if std::env::var("UPDATE_OPENAPI").is_ok() {
        fs::write(PATH, &generated).unwrap();
    }
    let committed = fs::read_to_string(PATH).unwrap_or_default();
    assert!(committed == generated, "web/openapi.json is not current: run `make openapi`");
}

#[tokio::test]
async fn the_document_is_served_without_sign_in() {
    let answer = World::default().send(event(Who::Nobody, "GET /api/openapi.json", None)).await;
    assert_eq!((answer.status, &answer.headers["content-type"]), (200, &"application/json".into()));
    assert_eq!(answer.body, serde_json::from_str::<Value>(&fs::read_to_string(PATH).unwrap()).unwrap());
}

/// All operations: method, path, and the description.
pub fn operations() -> Vec<(String, String, Value)> {
    let document: Value = serde_json::from_str(&api::document::<InMemory>().unwrap()).unwrap();
    let paths = document["paths"].as_object().unwrap().clone();
    let operations = paths.into_iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().clone();
        methods.into_iter().map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
    });
    operations.collect()
}

#[test]
fn every_operation_has_an_id_a_summary_a_token_and_problems() {
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations() {
        let name = format!("{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{name}");
        assert!(operation["summary"].as_str().is_some_and(|summary| summary.ends_with('.')), "{name}");
        assert!(operation["security"][0]["accessToken"].is_array(), "{name}");
        for status in ["400", "401", "500", "503"] {
            let problem = &operation["responses"][status]["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/Problem", "{name}");
        }
        let has_group = operation["responses"]["403"].is_object();
        assert_eq!(has_group, path.starts_with("/api/reviews") || path.starts_with("/api/executions") || path == "/api/trends", "{name}");
    }
    assert!(ids.len() >= 19, "{ids:?}");
}

#[test]
fn all_names_are_camel_case() {
    let document: Value = serde_json::from_str(&api::document::<InMemory>().unwrap()).unwrap();
    let mut unseen = vec![&document["paths"], &document["components"]["schemas"]];
    while let Some(value) = unseen.pop() {
        if let Some(object) = value.as_object() {
            for name in object.get("properties").and_then(Value::as_object).into_iter().flat_map(|properties| properties.keys()) {
                assert!(name.starts_with(char::is_lowercase) && !name.contains('_'), "{name}");
            }
            for parameter in object.get("parameters").and_then(Value::as_array).into_iter().flatten() {
                assert!(!parameter["name"].as_str().unwrap().contains('_'), "{parameter}");
            }
            unseen.extend(object.values());
        }
        unseen.extend(value.as_array().into_iter().flatten());
    }
}

#[test]
fn every_schema_and_property_is_described_and_every_reference_exists() {
    let text = api::document::<InMemory>().unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        assert!(schema["description"].is_string(), "{name} has no description");
        for (property, described) in schema["properties"].as_object().into_iter().flatten() {
            let is_described = ["description", "$ref", "oneOf", "allOf"].iter().any(|key| described.get(key).is_some());
            assert!(is_described, "{name}.{property} has no description");
        }
    }
    for reference in text.split("\"#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(schemas.contains_key(reference), "{reference}");
    }
}
