//! The names of all errors, as the SDK and a plain HTTP client receive them.

use crate::{Server, grey, in_s3, inline, sample};
use aws_sdk_rekognition::{
    error::ProvideErrorMetadata,
    operation::detect_labels::DetectLabelsError as E,
    types::{Attribute, DetectLabelsFeatureName, Image},
};
use serde_json::json;

#[tokio::test]
async fn invalid_input_gets_rekognitions_errors() {
    let server = Server::start(&[]);
    images_have_limits(&server).await;
    parameters_have_limits(&server).await;
    requests_that_aws_cannot_parse_are_errors(&server);
    features_without_a_local_model_are_not_supported(&server).await;
    assert_eq!(server.calls("DetectLabels", "")[0], 0, "errors are not billed");
}

/// The error of `DetectLabels`, as the SDK's enum.
async fn labels_error(server: &Server, image: Image) -> E {
    server.client().detect_labels().image(image).send().await.expect_err("should be an error").into_service_error()
}

async fn images_have_limits(server: &Server) {
    let truncated = sample("cut-off.jpg");
    for bytes in [sample("cat.webp"), truncated, b"no image".to_vec(), grey(100, 100)[..60].to_vec()] {
        let error = labels_error(server, inline(bytes)).await;
        assert!(matches!(error, E::InvalidImageFormatException(_)), "{error:?}");
    }
    let small = labels_error(server, inline(grey(79, 100))).await;
    assert!(matches!(small, E::InvalidParameterException(_)), "{small:?}");
    let wide = labels_error(server, inline(grey(10_001, 80))).await;
    assert!(matches!(wide, E::ImageTooLargeException(_)), "{wide:?}");
    assert_eq!(wide.message(), Some("Input image dimensions 10001 x 80 exceed maximum dimension size of 10000 pixels"));
    for size in [5 * 1024 * 1024 + 1, 9_000_000] {
        let heavy = labels_error(server, inline(vec![0; size])).await;
        assert!(matches!(heavy, E::ImageTooLargeException(_)), "{size} bytes: {heavy:?}");
    }
    let faces = server.client().detect_faces().image(inline(grey(10_001, 80))).send().await;
    assert!(faces.is_ok(), "DetectFaces does not limit the sides: {faces:?}");
}

async fn parameters_have_limits(server: &Server) {
    let client = server.client();
    let ask = || client.detect_labels().image(inline(grey(100, 100)));
    for request in [ask().min_confidence(100.1), ask().min_confidence(-1.), ask().max_labels(-1)] {
        let error = request.send().await.unwrap_err().into_service_error();
        assert!(matches!(error, E::InvalidParameterException(_)), "{error:?}");
    }
    let both =
        Image::builder().bytes(inline(grey(100, 100)).bytes().unwrap().clone()).s3_object(in_s3("b", "k").s3_object().unwrap().clone());
    for image in [both.build(), Image::builder().build()] {
        let error = labels_error(server, image).await;
        assert!(matches!(error, E::InvalidParameterException(_)), "{error:?}");
    }
}

fn requests_that_aws_cannot_parse_are_errors(server: &Server) {
    for body in ["{", "[1]", "\"x\"", r#"{"MinConfidence":"80"}"#, r#"{"Image":{"Bytes":1}}"#, r#"{"Image":{"Bytes":"%%%"}}"#] {
        let (status, error) = server.call("DetectLabels", body.as_bytes());
        assert_eq!((status, &error["__type"]), (400, &json!("SerializationException")), "{body}");
    }
    let (status, error) = server.call("DetectDragons", b"{}");
    assert_eq!((status, &error["__type"]), (400, &json!("UnknownOperationException")));
    let headers = [("content-type", "application/json"), ("x-amz-target", "RekognitionService.DetectLabels")];
    assert!(server.http("POST", "/", &headers, b"{}").1.contains("UnknownOperationException"));

    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "RekognitionService.DetectLabels")];
    let (_, head, _) = server.http_with_headers("POST", "/", &headers, b"{}");
    assert!(head.contains("x-amzn-requestid: "), "{head}");
    assert!(head.contains("content-type: application/x-amz-json-1.1"), "{head}");
    assert!(!head.contains("x-amzn-errortype"), "the SDK would use an empty one as the name: {head}");
}

async fn features_without_a_local_model_are_not_supported(server: &Server) {
    let client = server.client();
    let celebrities = client.recognize_celebrities().image(inline(grey(100, 100))).send().await.unwrap_err().into_service_error();
    assert_eq!(celebrities.code(), Some("NotSupportedLocallyException"));
    let message = celebrities.message().unwrap();
    assert!(message.contains("RecognizeCelebrities") && message.contains("Rekognition itself does"), "{message}");

    let properties = client.detect_labels().image(inline(grey(100, 100))).features(DetectLabelsFeatureName::ImageProperties);
    assert_eq!(properties.send().await.unwrap_err().code(), Some("NotSupportedLocallyException"));
    let beards = client.detect_faces().image(inline(grey(100, 100))).attributes(Attribute::Beard);
    assert_eq!(beards.send().await.unwrap_err().code(), Some("NotSupportedLocallyException"));
    let s3 = client.detect_labels().image(in_s3("b", "k"));
    assert_eq!(s3.send().await.unwrap_err().code(), Some("NotSupportedLocallyException"), "no S3 endpoint");
}
