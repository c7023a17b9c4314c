//! Sizes (fault matrix, row 11): too large or too small images are rejected before decoding, and copies have the right sides.
//!
//! Memory is measured as the high-water mark of a separate process, because other tests of this binary use memory too. Times are only
//! printed.

use crate::pictures::*;
use base64::{Engine, engine::general_purpose::STANDARD};
use sightline_domain::model::ReasonCode;
use sightline_inspection::{
    inspect,
    picture::{Limits, check_bytes},
};
use std::{fs, process::Command, time::Instant};

const FILE: &str = "SIGHTLINE_INSPECTED_FILE";
const SEA: [u8; 3] = [20, 90, 160];
const MEGABYTE: u64 = 1 << 20;

/// The result of an inspection, and the peak memory of the process.
struct Report {
    result: String,
    peak_bytes: u64,
}

/// Inspects `bytes` in a separate process: this test binary, running only the ignored test below.
fn inspect_in_own_process(case: &str, bytes: &[u8]) -> Report {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "limits::in_its_own_process", "--ignored", "--nocapture"])
        .env(FILE, file.path())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    let field =
        |name: &str| output.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{case}: {output}")).to_owned();
    let peak_kb: u64 = field("peak kB: ").parse().unwrap();
    println!("{case}: {} ms, {} MB, {}", field("ms: "), peak_kb / 1024, field("result: "));
    Report { result: field("result: "), peak_bytes: peak_kb * 1024 }
}

#[test]
#[ignore = "run by the other tests, in a separate process"]
fn in_its_own_process() {
    let Ok(path) = std::env::var(FILE) else { return };
    let bytes = fs::read(path).unwrap();
    let start = Instant::now();
    let result = match check_bytes(bytes.len() as u64, &LIMITS).and_then(|()| inspected("raw-uploads/x", &bytes)) {
        Ok(inspected) => format!("accepted {}x{}", inspected.width, inspected.height),
        Err(rejection) => rejection.to_string(),
    };
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim().trim_end_matches(" kB");
    println!("\nms: {}\npeak kB: {peak}\nresult: {result}", start.elapsed().as_millis());
}

/// A JPEG whose frame header declares other sides.
fn declaring(mut jpeg: Vec<u8>, width: u16, height: u16) -> Vec<u8> {
    let frame = find(&jpeg, &[0xff, 0xc0]);
    jpeg[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    jpeg
}

/// Injected: headers that declare 65535×65535 (JPEG, PNG), the largest PNG and 16383×16383 (WebP), a PNG of 390 KB with 400 megapixels, a
/// JPEG followed by 16 MB, and a picture of 79×400 px.
/// Seen: TOO_MANY_PIXELS, TOO_LARGE or TOO_SMALL, with less than 64 MB of memory.
#[test]
fn row_11_too_large_and_too_small_images_are_rejected_without_decoding() {
    let png_header = |side, depth, colour| png_of(&[header(side, side, depth, colour), chunk(*b"IDAT", &deflated(&[0; 1000]))]);
    // VP8L: 14 bits each for width and height, less one (WebP lossless specification, 3).
    let vp8l = [b"VP8L\x0a\0\0\0\x2f".as_slice(), &[0xfe, 0xbf, 0xff, 0x0f, 0, 0, 0, 0, 0]].concat();
    let webp_header = [b"RIFF", &u32::try_from(vp8l.len() + 4).unwrap().to_le_bytes()[..], b"WEBP", &vp8l].concat();
    let zeros = png_of(&[header(20_000, 20_000, 8, 0), chunk(*b"IDAT", &deflated_zeros(20_001 * 20_000))]);
    assert!((300_000..500_000).contains(&zeros.len()), "{} bytes", zeros.len());
    let cases = [
        ("JPEG header", declaring(jpeg(&noise(100, 100)), 65_535, 65_535), ReasonCode::TooManyPixels),
        ("PNG header", png_header(65_535, 8, 2), ReasonCode::TooManyPixels),
        ("PNG header, largest", png_header(0x7fff_ffff, 16, 6), ReasonCode::TooManyPixels),
        ("WebP header", webp_header, ReasonCode::TooManyPixels),
        ("PNG of 400 megapixels", zeros, ReasonCode::TooManyPixels),
        ("16 MB", [jpeg(&noise(100, 100)), vec![0; 16 << 20]].concat(), ReasonCode::TooLarge),
        ("79×400", png(flat(79, 400, RED)), ReasonCode::TooSmall),
    ];
    for (case, bytes, code) in cases {
        let report = inspect_in_own_process(case, &bytes);
        assert!(report.result.starts_with(code.as_ref()), "{case}: {}", report.result);
        assert!(report.peak_bytes < 64 * MEGABYTE, "{case}: {} MB", report.peak_bytes / MEGABYTE);
    }
}

#[test]
fn a_compressed_chunk_that_expands_to_a_gigabyte_needs_no_memory() {
    let bomb = deflated_zeros(1 << 30);
    let picture = png(quadrants(96, 96));
    let named = |kind: &[u8; 4], head: &[u8]| with_chunks(&picture, &[chunk(*kind, &[head, &bomb].concat())]);
    let cases =
        [("iCCP", named(b"iCCP", b"bomb\0\0")), ("zTXt", named(b"zTXt", b"bomb\0\0")), ("iTXt", named(b"iTXt", b"bomb\0\x01\0\0\0"))];
    for (kind, bytes) in cases {
        let report = inspect_in_own_process(&format!("{kind} bomb"), &bytes);
        assert!(report.peak_bytes < 64 * MEGABYTE, "{kind}: {} MB, {}", report.peak_bytes / MEGABYTE, report.result);
    }
}

/// inspect-image has 1,024 MB, of which the runtime and the SDK need a few.
#[test]
fn the_largest_accepted_pictures_fit_into_the_functions_memory() {
    let rows = |bytes_per_row: usize, height: usize| deflated_zeros((bytes_per_row + 1) * height);
    let cases = [
        ("RGBA, 16 bit, 50 megapixels", png_of(&[header(10_000, 5_000, 16, 6), chunk(*b"IDAT", &rows(80_000, 5_000))])),
        ("RGB, 8 bit, 50 megapixels", png_of(&[header(10_000, 5_000, 8, 2), chunk(*b"IDAT", &rows(30_000, 5_000))])),
        ("JPEG, 50 megapixels", jpeg(&flat(10_000, 5_000, SEA))),
    ];
    for (case, bytes) in cases {
        let report = inspect_in_own_process(case, &bytes);
        assert!(report.result.starts_with("accepted"), "{case}: {}", report.result);
        assert!(report.peak_bytes < 900 * MEGABYTE, "{case}: {} MB", report.peak_bytes / MEGABYTE);
    }
}

fn outcome(width: u32, height: u32) -> Option<ReasonCode> {
    inspected("raw-uploads/x", &png(flat(width, height, RED))).err().map(|rejection| rejection.code)
}

#[test]
fn a_side_below_eighty_pixels_is_too_small() {
    for (width, height, code) in [
        (79, 400, Some(ReasonCode::TooSmall)),
        (400, 79, Some(ReasonCode::TooSmall)),
        (1, 1, Some(ReasonCode::TooSmall)),
        (80, 80, None),
        (80, 400, None),
    ] {
        assert_eq!(outcome(width, height), code, "{width}×{height}");
    }
    let small = flat(79, 100, RED);
    assert_eq!((rejected(&jpeg(&small)), rejected(&webp(&small))), (ReasonCode::TooSmall, ReasonCode::TooSmall));
}

#[test]
fn the_maximum_number_of_pixels_is_inclusive_in_every_format() {
    let limits = Limits { max_pixels: 100 * 120, ..LIMITS };
    let code = |bytes: &[u8]| inspect("x", bytes, &limits, false).err().map(|rejection| rejection.code);
    for encode in [|picture| jpeg(&picture), |picture| png(picture), |picture| webp(&picture)] as [fn(_) -> _; 3] {
        assert_eq!(code(&encode(flat(100, 120, RED))), None);
        assert_eq!(code(&encode(flat(100, 121, RED))), Some(ReasonCode::TooManyPixels));
    }
}

#[test]
fn a_picture_too_narrow_for_rekognition_after_shrinking_is_rejected() {
    for (width, height) in [(10_001, 80), (80, 30_000), (12_000, 90), (90, 12_000)] {
        let rejection = inspected("raw-uploads/x", &png(flat(width, height, RED))).err().unwrap();
        assert_eq!(rejection.code, ReasonCode::TooNarrow);
        assert!(rejection.detail.contains("125 times") && !rejection.detail.contains("pixels"), "{rejection}");
    }
    assert_eq!(outcome(12_500, 100), None, "10,000 px by 80 px is exactly what Rekognition accepts");
}

#[test]
fn copies_have_limited_sides_and_keep_their_proportions() {
    let cases = [
        ("small ones are unchanged", (640, 480), (640, 480), (320, 240)),
        ("wide", (4096, 1024), (2048, 512), (320, 80)),
        ("tall", (1024, 4096), (512, 2048), (80, 320)),
        ("exactly the longest side", (2048, 100), (2048, 100), (320, 40)),
        ("a panorama keeps 80 px", (10_000, 100), (8_000, 80), (320, 40)),
        ("a tall panorama", (100, 10_000), (80, 8_000), (40, 320)),
        ("not quite a panorama", (3200, 400), (2048, 256), (320, 40)),
        ("tiny", (80, 80), (80, 80), (80, 80)),
    ];
    for (case, (width, height), copy, thumbnail) in cases {
        let inspected = accepted(&png(flat(width, height, RED)));
        assert_eq!((inspected.width, inspected.height), (width, height), "{case}: the record has the original size");
        assert_eq!(decoded(&inspected.copy).dimensions(), copy, "{case}: copy");
        assert_eq!(decoded(&inspected.thumbnail).dimensions(), thumbnail, "{case}: thumbnail");
    }
}

#[test]
fn the_large_thumbnail_has_twice_the_sides_or_is_left_out() {
    let cases = [
        ("wide", (4096, 1024), Some((640, 160))),
        ("tall", (1024, 4096), Some((160, 640))),
        ("a panorama", (10_000, 100), Some((640, 80))),
        ("smaller than the large one", (480, 360), Some((480, 360))),
        ("as small as the first one", (320, 240), None),
        ("tiny", (80, 80), None),
    ];
    for (case, (width, height), large) in cases {
        let inspected = accepted(&png(flat(width, height, RED)));
        assert_eq!(inspected.large_thumbnail.map(|large| decoded(&large).dimensions()), large, "{case}");
    }
}

#[test]
fn the_thumbhash_has_proportions_and_colour_of_the_upright_image() {
    for (case, (width, height), colour) in [("wide", (1600, 800), GREEN), ("tall", (300, 900), BLUE), ("panorama", (8_000, 80), RED)] {
        let inspected = accepted(&png(flat(width, height, colour)));
        let hash = STANDARD.decode(&inspected.thumbhash).unwrap();
        assert!((5..=25).contains(&hash.len()), "{case}: {} bytes", hash.len());
        let average = thumbhash::thumb_hash_to_average_rgba(&hash).unwrap();
        for (channel, expected) in [average.0, average.1, average.2].into_iter().zip(colour) {
            assert!((channel * 255.0 - f32::from(expected)).abs() < 12.0, "{case}: {average:?}");
        }
        let shown = decoded(&inspected.thumbnail).dimensions();
        let is_wide = |ratio: f32| ratio > 1.0;
        assert_eq!(is_wide(thumbhash::thumb_hash_to_approximate_aspect_ratio(&hash).unwrap()), shown.0 > shown.1, "{case}");
    }
}

#[test]
fn shrinking_keeps_colours() {
    assert_quadrants(&accepted(&png(quadrants(4000, 3000))), [RED, GREEN, BLUE, YELLOW], "12 megapixels");
}

#[test]
fn the_thumbnail_of_a_panorama_shows_its_middle() {
    // Eight fields, each 1,000 px wide; the middle two are green and blue.
    let fields = [RED, YELLOW, RED, GREEN, BLUE, RED, YELLOW, RED];
    let panorama = image::RgbImage::from_fn(8_000, 80, |x, _| image::Rgb(fields[(x / 1_000) as usize]));
    let thumbnail = decoded(&accepted(&png(panorama)).thumbnail);
    assert_eq!(thumbnail.dimensions(), (320, 40));
    assert_close(thumbnail.get_pixel(100, 20).0, GREEN, 8, "left of the middle");
    assert_close(thumbnail.get_pixel(220, 20).0, BLUE, 8, "right of the middle");
}
