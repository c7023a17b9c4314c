//! Errors have their own names, and the process continues.

use crate::{
    function::Function,
    image::Image,
    local_stack::{LocalStack, sample},
};
use image::{DynamicImage, ImageFormat};
use serde_json::json;
use std::io::Cursor;

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width, height).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn every_function_rejects_an_input_of_the_wrong_shape() {
    let settings = [
        ("RECORDS_TABLE", "records"),
        ("LABEL_INDEX_TABLE", "labels"),
        ("ALERTS_TOPIC_ARN", "arn:aws:sns:eu-west-1:123456789012:alerts"),
        ("MODERATION_POLICY", "[]"),
    ];
    let all = [
        "inspect-image",
        "record-rejection",
        "detect-labels",
        "analyze-faces",
        "detect-text",
        "moderate-image",
        "send-alert",
        "request-review",
        "store-record",
        "record-failure",
    ];
    for name in all {
        let mut function = Function::start(name, &settings);
        for input in [json!({ "Image": "a picture" }), json!([]), json!(null)] {
            let (error, message) = function.error(&input);
            assert_eq!(error, "Input.Invalid", "{name}: {message}");
            assert!(message.starts_with("the input does not have the expected shape: "), "{name}: {message}");
        }
    }
}

/// Injected: an image of 79 px, an empty file, a truncated file and an SVG, to one process of inspect-image.
/// Seen: Image.Rejected with the code each time; the same process then accepts a photo.
#[tokio::test]
async fn row_08_row_10_row_11_rejections_have_their_code_and_the_process_continues() {
    let local = LocalStack::default_stage().await;
    let mut function = local.function("inspect-image");
    let bad = [
        ("TOO_SMALL", png(79, 400)),
        ("EMPTY_FILE", Vec::new()),
        ("TRUNCATED", sample("cut-off.jpg")),
        ("NOT_AN_IMAGE", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()),
    ];
    for (code, bytes) in bad {
        let image = Image::uploaded(&local, &bytes).await;
        let (error, message) = function.error(&image.input(&local, "inspect-image"));
        assert_eq!(error, "Image.Rejected");
        assert!(message.starts_with(&format!("{code}: ")), "{message}");
        image.clean(&local).await;
    }
    let gone = Image::fresh();
    let (error, message) = function.error(&gone.input(&local, "inspect-image"));
    assert!(error == "Image.Rejected" && message.starts_with("OBJECT_DELETED: "), "{error}: {message}");
    let good = Image::uploaded(&local, &sample("coffee.jpg")).await;
    assert_eq!(function.result(&good.input(&local, "inspect-image"))["ImageID"], json!(good.id));
    good.clean(&local).await;
}

/// Injected: a second execution calls inspect-image for the same upload.
/// Seen: Image.Duplicate, which names the image and the execution that has it.
#[tokio::test]
async fn row_01_a_duplicate_names_the_execution_that_has_the_image() {
    let local = LocalStack::default_stage().await;
    let mut function = local.function("inspect-image");
    let image = Image::uploaded(&local, &sample("coffee.jpg")).await;
    let mut input = image.input(&local, "inspect-image");
    function.result(&input);
    input["ExecutionArn"] = json!("arn:aws:states:eu-west-1:123456789012:execution:tests:another");
    let (error, message) = function.error(&input);
    assert_eq!(error, "Image.Duplicate");
    assert!(message.contains(&image.id) && message.contains(&image.execution_arn), "{message}");
    image.clean(&local).await;
}

#[tokio::test]
async fn a_record_of_another_execution_is_superseded() {
    let local = LocalStack::default_stage().await;
    let image = Image::claimed(&local).await;
    for name in ["store-record", "request-review"] {
        let mut function = local.function(name);
        let mut input = image.input(&local, name);
        input["Image"]["ExecutionArn"] = json!("arn:aws:states:eu-west-1:123456789012:execution:tests:another");
        assert_eq!(function.error(&input).0, "Record.Superseded", "{name}");
    }
    assert!(local.rows(&image.id).await.is_empty());
    image.clean(&local).await;
}

/// Injected: a table name that does not exist.
/// Seen: Storage.Misconfigured.
#[tokio::test]
async fn row_20_a_missing_table_is_a_configuration_error() {
    let local = LocalStack::default_stage().await;
    let image = Image::fresh();
    let mut function = Function::start("request-review", &[("RECORDS_TABLE", "no-such-table")]);
    let (error, message) = function.error(&image.input(&local, "request-review"));
    assert_eq!(error, "Storage.Misconfigured", "{message}");
}
