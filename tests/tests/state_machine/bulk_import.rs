//! The state machine of bulk imports: one distributed Map that AWS and the local engine accept.

use crate::{
    asl::{BULK_IMPORT, sample},
    payloads::takes,
};
use serde_json::{Value, json};
use sightline_domain::model::{LIST_HEADING, ListedObject};
use std::collections::BTreeSet;

fn map() -> &'static Value {
    &BULK_IMPORT["States"]["ImportImages"]
}

/// The names that a selector sets, without the suffix `.$`.
fn names(selector: &Value) -> BTreeSet<String> {
    selector.as_object().unwrap().keys().map(|name| name.trim_end_matches(".$").to_owned()).collect()
}

#[test]
fn bulk_import_is_jsonpath_only() {
    assert!(BULK_IMPORT.get("QueryLanguage").is_none() && !BULK_IMPORT.to_string().contains("{%"));
}

#[test]
fn items_are_standard_executions_and_can_be_redriven() {
    assert_eq!(map()["ItemProcessor"]["ProcessorConfig"], json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}));
}

#[test]
fn limits_are_plain_numbers_that_the_settings_replace() {
    assert_eq!((map()["MaxConcurrency"].as_u64(), map()["ToleratedFailurePercentage"].as_u64()), (Some(5), Some(5)));
}

#[test]
fn every_column_and_the_owner_reach_the_function() {
    let selector = &map()["ItemSelector"];
    for column in LIST_HEADING.split(',') {
        assert_eq!(selector[format!("{column}.$")], format!("$$.Map.Item.Value.{column}"));
    }
    let mut expected: BTreeSet<String> = LIST_HEADING.split(',').map(str::to_owned).collect();
    expected.insert("OwnerID".to_owned());
    assert_eq!(names(selector), expected);
    assert_eq!(names(selector), sample("import-image").as_object().unwrap().keys().cloned().collect());
}

#[test]
fn the_function_accepts_a_row_of_the_list() {
    let object = ListedObject { bucket: "photos".into(), key: "a, b\n.jpg".into(), version_id: None, etag: "e".into() };
    let row = object.row();
    let columns = LIST_HEADING.split(',').zip(row.split(','));
    let mut item: Value = columns.map(|(name, value)| (name.to_owned(), json!(value))).collect::<serde_json::Map<_, _>>().into();
    item["OwnerID"] = json!("anna");
    takes("import-image", item).unwrap();
}

#[test]
fn every_input_field_is_used_and_no_other() {
    let text = BULK_IMPORT.to_string();
    let asked: BTreeSet<&str> = text.split("\"$.").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    // The input from the command (cli/src/import/run.rs), and the function's result.
    assert_eq!(asked, ["Bucket", "ListKey", "OwnerID", "Payload", "ResultsPrefix"].into());
}
