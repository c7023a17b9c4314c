//! Row 14: files that are more than a picture.

use crate::pictures::*;

const HTML: &[u8] = b"<html><body><script>alert(document.domain)</script></body></html>";

/// Injected: HTML behind, within text chunks, comments and application segments of JPEG, PNG and WebP.
/// Seen: the copies hold none of it.
#[test]
fn row_14_of_a_polyglot_only_the_picture_is_left() {
    let picture = noise(120, 120);
    let behind = |file: Vec<u8>| [&file[..], HTML].concat();
    let text = chunk(*b"tEXt", &[b"Comment\0", HTML].concat());
    let private = chunk(*b"prVt", HTML);
    let cases = [
        ("PNG with HTML behind it", behind(png(picture.clone()))),
        ("JPEG with HTML behind it", behind(jpeg(&picture))),
        ("WebP with HTML behind it", behind(webp(&picture))),
        ("PNG with HTML in a text and a private chunk", with_chunks(&png(picture.clone()), &[text, private])),
        ("JPEG with HTML in a comment", with_segment(&jpeg(&picture), 0xfe, HTML)),
        ("JPEG with HTML in an application segment", with_segment(&jpeg(&picture), 0xef, HTML)),
    ];
    for (case, bytes) in cases {
        assert!(contains(&bytes, b"<script>"), "{case}: the file is what it claims to be");
        let inspected = take("raw-uploads/x.png", &bytes).unwrap_or_else(|rejection| panic!("{case}: {rejection}"));
        for copy in [&inspected.copy, &inspected.thumbnail] {
            assert!(!contains(copy, b"script") && !contains(copy, b"html"), "{case}");
            assert!(copy.starts_with(&[0xff, 0xd8, 0xff]) && copy.ends_with(&[0xff, 0xd9]), "{case}");
        }
    }
}

#[test]
fn a_jpeg_in_front_of_which_something_stands_is_no_image() {
    let bytes = [HTML, &jpeg(&noise(100, 100))].concat();
    assert_eq!(rejected(&bytes), sightline_domain::model::rejection::ReasonCode::NotAnImage);
}
