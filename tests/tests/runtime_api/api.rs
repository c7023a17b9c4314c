//! The HTTP API as Lambda runs it, against the local stack: from the link of an upload to the image, its search, a change and its erasure.

use crate::{
    function::Function,
    local_stack::{LocalStack, sample},
};
use serde_json::{Value, json};
use sightline_domain::{model::identity::hex_sha256, ports::Records};
use sightline_tests::http;
use std::time::Duration;
use uuid::Uuid;

/// The program of the API, with its settings on this stack.
fn start(local: &LocalStack) -> Function {
    let settings = [
        ("RECORDS_TABLE", local.stack.records_table.as_str()),
        ("LABEL_INDEX_TABLE", local.stack.label_index_table.as_str()),
        ("TRENDS_TABLE", local.stack.trends_table.as_str()),
        ("IMAGES_BUCKET", local.stack.images_bucket.as_str()),
        ("STATE_MACHINE_ARN", local.stack.state_machine_arn.as_str()),
        ("LIVE_STATE_MACHINE_ARN", local.stack.live_state_machine_arn.as_str()),
        ("MEDIA_SECRET", "0123456789abcdef0123456789abcdef"),
    ];
    Function::start("api", &settings)
}

/// Sends a request; returns its status and body.
fn call(function: &mut Function, sub: &str, request: &str, body: Option<&Value>) -> (u64, Value) {
    let answer = function.result(&http::event(Some(http::claims(sub, "")), request, body));
    let text = answer["body"].as_str().unwrap_or_default();
    (answer["statusCode"].as_u64().unwrap(), serde_json::from_str(text).unwrap())
}

/// Sends a file to a granted link; returns the status of S3.
fn put(granted: &Value, bytes: &[u8]) -> u16 {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = agent.put(granted["url"].as_str().unwrap());
    for (name, value) in granted["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    request.send(bytes).unwrap().status().as_u16()
}

#[tokio::test]
async fn a_photo_is_uploaded_by_a_link_found_changed_and_erased() {
    let local = LocalStack::default_stage().await;
    let mut function = start(&local);
    let ann = Uuid::new_v4().to_string();
    let bytes = sample("coffee.jpg");
    let files = json!({"files": [{"name": "Kaffee ☕.jpg", "type": "image/jpeg", "size": bytes.len(), "sha256": hex_sha256(&bytes)}]});

    // Given a link for one photo: S3 refuses other content, and a second upload.
    let (status, answer) = call(&mut function, &ann, "POST /api/uploads", Some(&files));
    let granted = &answer["files"][0];
    assert_eq!((status, &granted["outcome"]), (200, &json!("UPLOAD")), "{answer:#}");
    assert!(put(granted, b"other content") >= 400);
    assert_eq!(put(granted, &bytes), 200);
    assert_eq!(put(granted, &bytes), 412, "once");
    let id = granted["imageId"].as_str().unwrap().to_owned();

    // When it was analysed, its owner finds it by what it shows and by its name.
    let image = loop {
        let (_, page) = call(&mut function, &ann, &format!("GET /api/images?ids={id}"), None);
        match page["images"].get(0).filter(|image| image["status"] != "PENDING") {
            Some(image) => break image.clone(),
            None => tokio::time::sleep(Duration::from_millis(500)).await,
        }
    };
    assert_eq!((&image["status"], &image["name"]), (&json!("COMPLETED"), &json!("Kaffee ☕.jpg")), "{image:#}");
    for query in ["q=cup", "q=kaffee", "label=cup"] {
        let (_, page) = call(&mut function, &ann, &format!("GET /api/images?{query}"), None);
        assert_eq!(page["images"][0]["imageId"], json!(id), "{query}: {page:#}");
        assert!(!page["images"][0]["why"].as_array().unwrap().is_empty());
    }
    let (_, listed) = call(&mut function, &ann, "GET /api/images", None);
    assert_eq!(listed["images"].as_array().unwrap().len(), 1);
    let (_, known) = call(&mut function, &ann, "POST /api/uploads", Some(&files));
    assert_eq!((&known["files"][0]["outcome"], &known["files"][0]["imageId"]), (&json!("KNOWN"), &json!(id)));
    let (_, shown) = call(&mut function, &ann, &format!("GET /api/images/{id}"), None);
    assert_eq!(ureq::get(shown["original"].as_str().unwrap()).call().unwrap().body_mut().read_to_vec().unwrap(), bytes);
    let (_, answer) = call(&mut function, &ann, &format!("GET /api/images/{id}/answers/labels"), None);
    assert!(answer["Labels"].is_array());

    // And a stranger sees nothing of it.
    let ben = Uuid::new_v4().to_string();
    assert_eq!(call(&mut function, &ben, &format!("GET /api/images/{id}"), None).0, 404);
    assert_eq!(call(&mut function, &ben, "GET /api/images?q=cup", None).1["images"], json!([]));

    // When its owner corrects and erases it, the change is searched, and then nothing is left.
    let edit = json!({"edits": 0, "title": "Breakfast", "addLabels": ["espresso"]});
    let (status, edited) = call(&mut function, &ann, &format!("PATCH /api/images/{id}"), Some(&edit));
    assert_eq!((status, &edited["ownLabels"]), (200, &json!(["espresso"])), "{edited:#}");
    assert_eq!(call(&mut function, &ann, "GET /api/images?q=espresso%20breakfast", None).1["images"][0]["imageId"], json!(id));
    let (status, receipt) = call(&mut function, &ann, &format!("DELETE /api/images/{id}"), None);
    assert_eq!((status, &receipt["records"], &receipt["originals"]), (200, &json!(1), &json!(1)), "{receipt:#}");
    assert_eq!(call(&mut function, &ann, &format!("GET /api/images/{id}"), None).0, 404);
    assert!(local.tables().find(&id).await.unwrap().is_some_and(|record| record.is_tombstone()));
    // The same file can be uploaded again, as a new image.
    let (_, again) = call(&mut function, &ann, "POST /api/uploads", Some(&files));
    assert_eq!(again["files"][0]["outcome"], "UPLOAD");
    assert_ne!(again["files"][0]["imageId"], json!(id));

    // Its metrics name the route and the status, and no data of people.
    let log = function.log().join("\n");
    assert!(log.contains("\"route\":\"GET /api/images/{id}\"") && log.contains("\"status\":\"404\""), "{log}");
    assert!(!log.contains("Kaffee") && !log.contains(&ann) && !log.contains("X-Amz-Signature"), "{log}");
}

#[tokio::test]
async fn nobody_without_claims_gets_more_than_the_document() {
    let local = LocalStack::default_stage().await;
    let mut function = start(&local);
    let document = function.result(&http::event(None, "GET /api/openapi.json", None));
    assert_eq!(document["statusCode"], 200);
    let refused = function.result(&http::event(None, "GET /api/images", None));
    assert_eq!((&refused["statusCode"], &refused["headers"]["content-type"]), (&json!(401), &json!("application/problem+json")));
}
