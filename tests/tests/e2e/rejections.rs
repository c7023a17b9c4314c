//! Fault matrix rows 7 to 14, end to end: executions of rejected images succeed, with the reason in the record and no paid call.
//! The many kinds of damaged files are tested in crates/inspection/tests.

use crate::local_stack::{LocalStack, sample};
use aws_sdk_sfn::types::ExecutionStatus;
use image::{DynamicImage, ImageFormat, RgbImage};
use sightline_domain::ports::Records;
use std::{
    io::{Cursor, Write},
    net::TcpStream,
};

fn encoded(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(RgbImage::new(width, height)).write_to(&mut bytes, format).expect("an image is encoded");
    bytes.into_inner()
}

/// Injected: nine files with image extensions: empty, text, SVG, GIF, truncated JPEG and PNG, 79 px, 52 megapixels, 16 MB.
/// Seen: each record is FAILED with its code, its execution ends in ImageRejected, nothing is paid for, and the original is kept in archived/.
#[tokio::test]
async fn row_07_row_08_row_10_row_11_rejected_images_have_a_reason_and_cost_nothing() {
    let local = LocalStack::default_stage().await;
    let (jpeg, png) = (sample("coffee.jpg"), sample("printed-page.png"));
    let cases: [(&str, Vec<u8>, &str); 9] = [
        ("png", Vec::new(), "EMPTY_FILE"),
        ("png", b"just some text".to_vec(), "NOT_AN_IMAGE"),
        ("png", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), "NOT_AN_IMAGE"),
        ("gif", [b"GIF89a".as_slice(), &[0; 64]].concat(), "UNSUPPORTED_FORMAT"),
        ("jpg", jpeg[..jpeg.len() / 2].to_vec(), "TRUNCATED"),
        ("png", png[..png.len() / 2].to_vec(), "TRUNCATED"),
        ("jpg", encoded(79, 400, ImageFormat::Jpeg), "TOO_SMALL"),
        ("png", encoded(20_000, 2_600, ImageFormat::Png), "TOO_MANY_PIXELS"),
        ("jpg", [jpeg.clone(), vec![0; 16_000_000]].concat(), "TOO_LARGE"),
    ];
    let mut uploads = Vec::new();
    for (extension, bytes, expected) in &cases {
        uploads.push((local.upload(bytes, extension).await, *expected));
    }

    for (upload, expected) in uploads {
        let (record, reason) = local.failed(&upload.id).await;
        assert_eq!(reason, expected);
        let (status, states) = local.ended(&record.execution_arn).await;
        assert_eq!((status, states.last().map(String::as_str)), (ExecutionStatus::Succeeded, Some("ImageRejected")), "{expected}");
        assert_eq!(local.recognition.answered(&upload.id).await, [0, 0, 0, 0], "{expected}");
        assert!(local.has(&format!("archived/{}/original", upload.id)).await, "{expected}");
        assert_eq!(local.status_tag(&upload.key).await.as_deref(), Some("rejected"), "{expected}");
    }
}

/// Injected: the connection is closed after half of the declared bytes of an upload.
/// Seen: no object, no record, nothing started.
#[tokio::test]
async fn row_06_row_07_an_interrupted_upload_leaves_nothing() {
    let local = LocalStack::default_stage().await;
    let (id, photo) = (uuid::Uuid::new_v4().to_string(), sample("coffee.jpg"));
    let key = format!("raw-uploads/tests/{id}.jpg");
    let address = std::env::var("AWS_ENDPOINT_URL").expect("the stack's address").replace("http://", "");

    let mut connection = TcpStream::connect(&address).expect("the local S3 listens");
    let head = format!("PUT /{}/{key} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n", local.stack.images_bucket, photo.len());
    connection.write_all(&[head.as_bytes(), &photo[..photo.len() / 2]].concat()).expect("half of it goes out");
    drop(connection);

    // A later upload shows that there was enough time.
    let whole = local.upload(&photo, "jpg").await;
    local.completed(&whole.id).await;
    assert!(!local.has(&key).await);
    assert!(local.tables().find(&id).await.expect("the table can be read").is_none());
}

/// Injected: a PNG named .jpg, a JPEG named .heic.
/// Seen: COMPLETED, with a warning that names extension and content.
#[tokio::test]
async fn row_09_the_content_decides_and_a_wrong_extension_is_a_warning() {
    let local = LocalStack::default_stage().await;
    let (png, jpeg) = (local.upload(&sample("printed-page.png"), "jpg").await, local.upload(&sample("coffee.jpg"), "heic").await);

    for (upload, warning) in [(png, "the name ends in .jpg, the content is PNG"), (jpeg, "the name ends in .heic, the content is JPEG")] {
        let record = local.completed(&upload.id).await;
        assert_eq!(record.warnings.as_deref(), Some([warning.to_owned()].as_slice()));
    }
}

/// Injected: a JPEG without its end marker, a PNG of 16 bits, a PNG followed by HTML with a script.
/// Seen: COMPLETED; no copy contains the script.
#[tokio::test]
async fn row_10_row_12_row_14_unusual_but_complete_images_are_completed() {
    let local = LocalStack::default_stage().await;
    let jpeg = sample("coffee.jpg");
    let without_end_marker = jpeg[..jpeg.len() - 2].to_vec();
    let sixteen_bits = {
        let mut bytes = Cursor::new(Vec::new());
        let picture = DynamicImage::ImageRgb8(image::load_from_memory(&jpeg).expect("a sample").into_rgb8());
        DynamicImage::ImageRgba16(picture.into_rgba16()).write_to(&mut bytes, ImageFormat::Png).expect("a PNG");
        bytes.into_inner()
    };
    let polyglot = [sample("printed-page.png"), b"<html><script>alert(1)</script></html>".to_vec()].concat();
    let mut uploads = Vec::new();
    for (bytes, extension) in [(without_end_marker, "jpg"), (sixteen_bits, "png"), (polyglot, "png")] {
        uploads.push(local.upload(&bytes, extension).await);
    }

    for upload in uploads {
        let record = local.completed(&upload.id).await;
        let key = record.processed_key.expect("a copy");
        let object = local.clients.s3().get_object().bucket(&local.stack.images_bucket).key(&key).send().await.expect("the copy");
        let copy = object.body.collect().await.expect("its bytes").to_vec();
        assert!(!copy.windows(6).any(|window| window == b"script"), "the copy still holds what was behind the image");
    }
}

/// Injected: a portrait stored in each of the orientations 2 to 8.
/// Seen: the box of the face is at the same place as in the upright photo, in all of them.
#[tokio::test]
async fn row_13_boxes_match_the_upright_copy_in_every_orientation() {
    let local = LocalStack::default_stage().await;
    let upright = local.upload_sample("astronaut.jpg").await;
    let expected = local.completed(&upright.id).await.face_data.expect("faces")[0].r#box;
    let picture = image::load_from_memory(&sample("astronaut.jpg")).expect("a sample");
    let mut uploads = Vec::new();
    for orientation in 2..=8_u8 {
        uploads.push((orientation, local.upload(&turned(&picture, orientation), "jpg").await));
    }

    for (orientation, upload) in uploads {
        let record = local.completed(&upload.id).await;
        let found = record.face_data.expect("faces")[0].r#box;
        for (found, expected) in
            [(found.left, expected.left), (found.top, expected.top), (found.width, expected.width), (found.height, expected.height)]
        {
            assert!((found - expected).abs() < 0.04, "orientation {orientation}: {found} instead of {expected}");
        }
    }
}

/// A JPEG that EXIF `orientation` turns upright.
fn turned(picture: &DynamicImage, orientation: u8) -> Vec<u8> {
    let pixels = match orientation {
        2 => picture.fliph(),
        3 => picture.rotate180(),
        4 => picture.flipv(),
        5 => picture.rotate90().fliph(),
        6 => picture.rotate270(),
        7 => picture.rotate270().fliph(),
        8 => picture.rotate90(),
        _ => picture.clone(),
    };
    let mut jpeg = Cursor::new(Vec::new());
    pixels.write_to(&mut jpeg, ImageFormat::Jpeg).expect("a JPEG");
    let jpeg = jpeg.into_inner();
    // An APP1 segment after the start marker: EXIF with the field Orientation only.
    let tiff: Vec<u8> = [b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[orientation, 0, 0, 0, 0, 0, 0]].concat();
    let length = u16::try_from(tiff.len() + 2).expect("a short segment").to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &tiff, &jpeg[2..]].concat()
}
