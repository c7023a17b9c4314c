//! Row 11: what claims or is too much is refused before anything is decoded. The memory is that of a process of its own (its
//! high-water mark), since the other tests of this binary use memory, too. Times are printed, and not asserted.

use crate::pictures::*;
use sightline_domain::model::rejection::ReasonCode;
use std::{fs, process::Command, time::Instant};

const FILE: &str = "SIGHTLINE_INSPECTED_FILE";
const MEGABYTE: u64 = 1 << 20;

/// What inspection said, and the most memory the process ever held.
struct Report {
    said: String,
    peak_bytes: u64,
}

/// Inspects `bytes` in a process of its own: this test binary, running the one ignored test below.
fn inspected_apart(case: &str, bytes: &[u8]) -> Report {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "limits::in_a_process_of_its_own", "--ignored", "--nocapture"])
        .env(FILE, file.path())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    let field =
        |name: &str| output.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{case}: {output}")).to_owned();
    let peak_kb: u64 = field("peak kB: ").parse().unwrap();
    println!("{case}: {} ms, {} MB, {}", field("ms: "), peak_kb / 1024, field("said: "));
    Report { said: field("said: "), peak_bytes: peak_kb * 1024 }
}

#[test]
#[ignore = "run by the other tests in a process of its own"]
fn in_a_process_of_its_own() {
    let Ok(path) = std::env::var(FILE) else { return };
    let bytes = fs::read(path).unwrap();
    let start = Instant::now();
    let said = match inspect_image::inspect::check_bytes(bytes.len() as u64, &LIMITS).and_then(|()| take("raw-uploads/x", &bytes)) {
        Ok(inspected) => format!("accepted {}x{}", inspected.width, inspected.height),
        Err(rejection) => rejection.to_string(),
    };
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim().trim_end_matches(" kB");
    println!("\nms: {}\npeak kB: {peak}\nsaid: {said}", start.elapsed().as_millis());
}

#[track_caller]
fn refused_cheaply(case: &str, bytes: &[u8], code: ReasonCode) {
    let report = inspected_apart(case, bytes);
    assert!(report.said.starts_with(code.as_str()), "{case}: {}", report.said);
    assert!(report.peak_bytes < 64 * MEGABYTE, "{case}: {} MB", report.peak_bytes / MEGABYTE);
}

/// A JPEG whose frame header claims other sides.
fn claiming(mut jpeg: Vec<u8>, width: u16, height: u16) -> Vec<u8> {
    let frame = jpeg.windows(2).position(|window| window == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    jpeg
}

/// Injected: a JPEG header that claims 65535×65535.
/// Seen: TOO_MANY_PIXELS, in a process that never held 64 MB.
#[test]
fn row_11_a_jpeg_that_claims_65535_by_65535_is_refused_without_decoding() {
    refused_cheaply("JPEG header", &claiming(jpeg(&noise(100, 100)), 65_535, 65_535), ReasonCode::TooManyPixels);
}

/// Injected: PNG headers that claim 65535×65535 and more.
/// Seen: TOO_MANY_PIXELS, in a process that never held 64 MB.
#[test]
fn row_11_a_png_that_claims_65535_by_65535_is_refused_without_decoding() {
    let bytes = png_of(&[header(65_535, 65_535, 8, 2), chunk(*b"IDAT", &deflated(&[0; 1000]))]);
    refused_cheaply("PNG header", &bytes, ReasonCode::TooManyPixels);
    let bytes = png_of(&[header(0x7fff_ffff, 0x7fff_ffff, 16, 6), chunk(*b"IDAT", &deflated(&[0; 1000]))]);
    refused_cheaply("PNG header, largest", &bytes, ReasonCode::TooManyPixels);
}

/// Injected: a WebP header that claims 16383×16383.
/// Seen: TOO_MANY_PIXELS, in a process that never held 64 MB.
#[test]
fn row_11_a_webp_that_claims_16383_by_16383_is_refused_without_decoding() {
    // VP8L: 14 bits each for width and height, less one (WebP lossless specification, 3).
    let body = [b"VP8L\x0a\0\0\0\x2f".as_slice(), &[0xfe, 0xbf, 0xff, 0x0f, 0, 0, 0, 0, 0]].concat();
    let bytes = [b"RIFF", &u32::try_from(body.len() + 4).unwrap().to_le_bytes()[..], b"WEBP", &body].concat();
    refused_cheaply("WebP header", &bytes, ReasonCode::TooManyPixels);
}

/// Injected: a PNG of 390 KB with 400 megapixels.
/// Seen: TOO_MANY_PIXELS, in a process that never held 64 MB.
#[test]
fn row_11_a_png_of_390_kb_with_400_megapixels_is_refused_without_decoding() {
    let bytes = png_of(&[header(20_000, 20_000, 8, 0), chunk(*b"IDAT", &deflated_zeros(20_001 * 20_000))]);
    assert!((300_000..500_000).contains(&bytes.len()), "{} bytes", bytes.len());
    refused_cheaply("PNG of 400 megapixels", &bytes, ReasonCode::TooManyPixels);
}

/// Injected: a JPEG followed by 16 MB.
/// Seen: TOO_LARGE, in a process that never held 64 MB.
#[test]
fn row_11_sixteen_megabytes_are_refused_unread() {
    let bytes = [jpeg(&noise(100, 100)), vec![0; 16 << 20]].concat();
    refused_cheaply("16 MB", &bytes, ReasonCode::TooLarge);
}

/// Injected: a picture of 79×400 px.
/// Seen: TOO_SMALL, in a process that never held 64 MB.
#[test]
fn row_11_a_picture_of_79_pixels_is_refused_without_decoding() {
    refused_cheaply("79×400", &png(flat(79, 400, RED)), ReasonCode::TooSmall);
}

#[test]
fn a_compressed_chunk_that_swells_to_a_gigabyte_takes_no_memory() {
    let bomb = deflated_zeros(1 << 30);
    let picture = png(quadrants(96, 96));
    let named = |kind: &[u8; 4], head: &[u8]| with_chunks(&picture, &[chunk(*kind, &[head, &bomb].concat())]);
    let cases =
        [("iCCP", named(b"iCCP", b"bomb\0\0")), ("zTXt", named(b"zTXt", b"bomb\0\0")), ("iTXt", named(b"iTXt", b"bomb\0\x01\0\0\0"))];
    for (kind, bytes) in cases {
        let report = inspected_apart(&format!("{kind} bomb"), &bytes);
        assert!(report.peak_bytes < 64 * MEGABYTE, "{kind}: {} MB, {}", report.peak_bytes / MEGABYTE, report.said);
    }
}

/// inspect-image has 1,024 MB; runtime and SDK take a few of them.
#[test]
fn the_largest_pictures_that_are_taken_fit_into_the_functions_memory() {
    let rows = |bytes_per_row: usize, height: usize| deflated_zeros((bytes_per_row + 1) * height);
    let cases = [
        ("RGBA, 16 bit, 50 megapixels", png_of(&[header(10_000, 5_000, 16, 6), chunk(*b"IDAT", &rows(80_000, 5_000))])),
        ("RGB, 8 bit, 50 megapixels", png_of(&[header(10_000, 5_000, 8, 2), chunk(*b"IDAT", &rows(30_000, 5_000))])),
        ("JPEG, 50 megapixels", jpeg(&flat(10_000, 5_000, SEA))),
    ];
    for (case, bytes) in cases {
        let report = inspected_apart(case, &bytes);
        assert!(report.said.starts_with("accepted"), "{case}: {}", report.said);
        assert!(report.peak_bytes < 900 * MEGABYTE, "{case}: {} MB", report.peak_bytes / MEGABYTE);
    }
}

const SEA: [u8; 3] = [20, 90, 160];
