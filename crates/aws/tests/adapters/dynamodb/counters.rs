//! The port [`Counters`].

use super::{canceled, completed};
use crate::replay::{Replay, Request, json_error, ok, tables};
use serde_json::{Value, json};
use sightline_domain::{
    model::{
        error::{StepError, StorageError},
        record::{ProcessingStatus, Record},
    },
    ports::{Counters, Replaced, TallyChange},
    rules::tally::Tally,
};
use sightline_tests::samples::{EXECUTION, IMAGE_ID, NOW, UPLOADED, claimed};

fn failed() -> Record {
    Record { processing_status: ProcessingStatus::Failed, status_reason: Some("Storage.Unavailable".into()), ..claimed() }
}

fn tally(record: &Record) -> Tally {
    Tally::of(record).unwrap()
}

async fn replace(replay: &Replay, old: Option<&Record>, new: Option<&Record>) -> Result<Replaced, StorageError> {
    let (old, tallied) = (old.map(tally), new.map(tally));
    let change = TallyChange { image_id: IMAGE_ID, old: old.as_ref(), new: tallied.as_ref(), record: new };
    tables(replay).await.replace(&change).await
}

fn tally_key() -> Value {
    json!({"Counter": {"S": format!("image#{IMAGE_ID}")}, "Name": {"S": "tally"}})
}

/// Counter, name, and the numbers that are added to attributes.
type Addition = (String, String, Vec<(String, String)>);

/// The additions of a transaction.
fn additions(items: &Value) -> Vec<Addition> {
    let updates = items.as_array().unwrap().iter().filter_map(|item| item.get("Update"));
    updates
        .map(|update| {
            let text = |name: &str| update["Key"][name]["S"].as_str().unwrap().to_owned();
            let places = update["UpdateExpression"].as_str().unwrap().strip_prefix("ADD ").unwrap().split(", ");
            let added = places.map(|place| {
                let (name, value) = place.split_once(' ').unwrap();
                let name = update["ExpressionAttributeNames"][name].as_str().unwrap().to_owned();
                (name, update["ExpressionAttributeValues"][value]["N"].as_str().unwrap().to_owned())
            });
            (text("Counter"), text("Name"), added.collect())
        })
        .collect()
}

#[tokio::test]
async fn the_first_tally_is_put_with_its_counters_if_the_record_has_not_changed() {
    let replay = Replay::new([ok("{}")]);
    assert_eq!(replace(&replay, None, Some(&completed())).await.unwrap(), Replaced::Yes);
    let items = replay.only().json()["TransactItems"].clone();
    let put = &items[0]["Put"];
    assert_eq!((&put["TableName"], &put["ConditionExpression"]), (&json!("trends"), &json!("attribute_not_exists(#known)")));
    assert_eq!(put["ExpressionAttributeNames"], json!({"#known": "Counter"}));
    assert_eq!(put["Item"]["Counter"], tally_key()["Counter"]);
    assert_eq!(put["Item"]["Tally"]["M"]["Labels"], json!({"L": [{"S": "car"}, {"S": "road"}]}));
    assert_eq!(put["Item"]["ExpiresAt"], json!({"N": completed().expires_at.unwrap().to_string()}));
    let check = &items[1]["ConditionCheck"];
    assert_eq!(check["Key"], json!({"ImageID": {"S": IMAGE_ID}, "UploadTimestamp": {"N": UPLOADED.to_string()}}));
    assert_eq!(
        (&check["TableName"], &check["ConditionExpression"]),
        (
            &json!("records"),
            &json!("ProcessingStatus = :status AND ExecutionArn = :execution AND attribute_not_exists(Edits) AND FinishedAt = :finished")
        )
    );
    let values = json!({":status": {"S": "COMPLETED"}, ":execution": {"S": EXECUTION}, ":finished": {"N": NOW.to_string()}});
    assert_eq!(check["ExpressionAttributeValues"], values);
    let added = additions(&items);
    assert_eq!(added.len(), items.as_array().unwrap().len() - 2);
    assert!(added.contains(&("labels#2026-W09".into(), "car".into(), vec![("Count".into(), "1".into())])), "{added:?}");
}

#[tokio::test]
async fn a_new_outcome_moves_the_contributions_if_the_tally_has_not_changed() {
    let replay = Replay::new([ok("{}")]);
    replace(&replay, Some(&failed()), Some(&completed())).await.unwrap();
    let items = replay.only().json()["TransactItems"].clone();
    let put = &items[0]["Put"];
    assert_eq!((&put["ConditionExpression"], &put["ExpressionAttributeNames"]), (&json!("#known = :old"), &json!({"#known": "Tally"})));
    assert_eq!(put["ExpressionAttributeValues"][":old"]["M"]["Outcome"], json!({"S": "FAILED"}));
    let reason = ("reasons#2026-W09".to_owned(), "Storage.Unavailable".to_owned(), vec![("Count".to_owned(), "-1".to_owned())]);
    assert!(additions(&items).contains(&reason), "{items}");
}

#[tokio::test]
async fn a_record_without_finished_at_must_still_have_none() {
    let replay = Replay::new([ok("{}")]);
    replace(&replay, None, Some(&failed())).await.unwrap();
    let items = replay.only().json()["TransactItems"].clone();
    let condition =
        "ProcessingStatus = :status AND ExecutionArn = :execution AND attribute_not_exists(Edits) AND attribute_not_exists(FinishedAt)";
    assert_eq!(items[1]["ConditionCheck"]["ConditionExpression"], condition);
    assert!(items[0]["Put"]["Item"].get("ExpiresAt").is_none(), "it is kept as long as its record");
}

#[tokio::test]
async fn contributions_are_removed_without_checking_the_record() {
    let replay = Replay::new([ok("{}")]);
    replace(&replay, Some(&completed()), None).await.unwrap();
    let items = replay.only().json()["TransactItems"].clone();
    assert_eq!((&items[0]["Delete"]["Key"], &items[0]["Delete"]["ConditionExpression"]), (&tally_key(), &json!("#known = :old")));
    assert!(items.as_array().unwrap().iter().all(|item| item.get("ConditionCheck").is_none()));
    let numbers: Vec<String> = additions(&items).into_iter().flat_map(|(_, _, added)| added).map(|(_, number)| number).collect();
    assert!(!numbers.is_empty() && numbers.iter().all(|number| number.starts_with('-')), "{numbers:?}");
}

#[tokio::test]
async fn a_canceled_counting_transaction_is_classified_by_its_reasons() {
    let none = json!({"Code": "None"});
    let cases = [
        ("another tally", json!([{"Code": "ConditionalCheckFailed"}, none]), Ok(Replaced::Changed)),
        ("another record", json!([none, {"Code": "ConditionalCheckFailed"}]), Ok(Replaced::Changed)),
        ("a counter that others change", json!([none, none, {"Code": "TransactionConflict"}]), Ok(Replaced::Changed)),
        ("throttled", json!([none, {"Code": "ThrottlingError"}]), Err("Storage.Unavailable")),
        ("out of throughput", json!([none, {"Code": "ProvisionedThroughputExceeded"}]), Err("Storage.Unavailable")),
        ("a wrong item", json!([none, {"Code": "ValidationError"}]), Err("Storage.Misconfigured")),
    ];
    for (case, reasons, expected) in cases {
        let replaced = replace(&Replay::new([canceled(&reasons)]), None, Some(&completed())).await;
        assert_eq!(replaced.as_ref().map_err(StepError::name), expected.as_ref().map_err(|name| *name), "{case}");
    }
    let down = Replay::new([json_error(500, "InternalServerError")]);
    assert_eq!(replace(&down, None, Some(&completed())).await.unwrap_err().name(), "Storage.Unavailable");
}

#[tokio::test]
async fn a_stored_tally_is_read_as_it_was_written() {
    let replay = Replay::new([ok("{}")]);
    replace(&replay, None, Some(&completed())).await.unwrap();
    let item = replay.only().json()["TransactItems"][0]["Put"]["Item"].clone();
    let replay = Replay::new([ok(json!({ "Item": item }).to_string())]);
    assert_eq!(tables(&replay).await.tally(IMAGE_ID).await.unwrap(), Some(tally(&completed())));
    let sent = replay.only().json();
    assert_eq!((&sent["ConsistentRead"], &sent["Key"]), (&json!(true), &tally_key()));
    assert_eq!(tables(&Replay::new([ok("{}")])).await.tally(IMAGE_ID).await.unwrap(), None);
}

#[tokio::test]
async fn all_pages_of_counters_between_two_names_are_read() {
    let item =
        |name: &str, count: &str| json!({"Counter": {"S": "hours"}, "Name": {"S": name}, "Completed": {"N": count}, "Calls": {"N": "4"}});
    let first =
        json!({"Items": [item("2026-03-01T12", "2")], "LastEvaluatedKey": {"Counter": {"S": "hours"}, "Name": {"S": "2026-03-01T12"}}});
    let replay = Replay::new([ok(first.to_string()), ok(json!({"Items": [item("2026-03-01T13", "-1")]}).to_string())]);
    let counts = tables(&replay).await.counts("hours", Some("2026-03-01T12"..="2026-03-01T14")).await.unwrap();
    assert_eq!(counts.len(), 2);
    assert_eq!((counts["2026-03-01T12"]["Completed"], counts["2026-03-01T13"]["Completed"], counts["2026-03-01T12"]["Calls"]), (2, -1, 4));
    let sent: Vec<Value> = replay.requests().iter().map(Request::json).collect();
    assert_eq!(sent[0]["KeyConditionExpression"], "#counter = :counter AND #name BETWEEN :from AND :to");
    assert_eq!(sent[1]["ExclusiveStartKey"]["Name"], json!({"S": "2026-03-01T12"}));
}
