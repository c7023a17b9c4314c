//! EXIF: valid facts are read, invalid ones omitted, the picture is turned upright (fault matrix, rows 13 and 14), and the copies have none.

use crate::pictures::*;
use sightline_domain::model::{ExifFacts, GeoPoint};
use sightline_inspection::inspect;

const ASCII: u16 = 2;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;

const EXIF_IFD: u16 = 0x8769;
const GPS_IFD: u16 = 0x8825;
const MAKE: u16 = 0x010f;
const MODEL: u16 = 0x0110;
const TAKEN_AT: u16 = 0x9003;
const OFFSET: u16 = 0x9011;

type Entry = (u16, u16, u32, Vec<u8>);

/// A little-endian TIFF structure with up to three directories, as EXIF is written.
#[derive(Default, Clone)]
pub struct Tiff {
    main: Vec<Entry>,
    exif: Vec<Entry>,
    gps: Vec<Entry>,
}

fn ascii(tag: u16, text: &str) -> Entry {
    let bytes = [text.as_bytes(), b"\0"].concat();
    (tag, ASCII, u32::try_from(bytes.len()).unwrap(), bytes)
}

fn rationals(tag: u16, parts: [(u32, u32); 3]) -> Entry {
    (tag, RATIONAL, 3, parts.iter().flat_map(|(top, bottom)| [top.to_le_bytes(), bottom.to_le_bytes()].concat()).collect())
}

impl Tiff {
    pub fn orientation(mut self, orientation: u16) -> Self {
        self.main.push((0x0112, SHORT, 1, orientation.to_le_bytes().to_vec()));
        self
    }

    /// Adds an orientation entry of another type.
    fn orientation_as(mut self, kind: u16, value: &[u8]) -> Self {
        self.main.push((0x0112, kind, 1, value.to_vec()));
        self
    }

    fn camera(mut self, make: &str, model: &str) -> Self {
        self.main.extend([ascii(MAKE, make), ascii(MODEL, model)]);
        self
    }

    fn taken(mut self, at: &str, offset: Option<&str>) -> Self {
        self.exif.push(ascii(TAKEN_AT, at));
        self.exif.extend(offset.map(|offset| ascii(OFFSET, offset)));
        self
    }

    fn at(mut self, north: &str, latitude: [(u32, u32); 3], east: &str, longitude: [(u32, u32); 3]) -> Self {
        self.gps = vec![ascii(1, north), rationals(2, latitude), ascii(3, east), rationals(4, longitude)];
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut main = self.main.clone();
        let size = |entries: usize| 2 + entries * 12 + 4;
        let pointers = usize::from(!self.exif.is_empty()) + usize::from(!self.gps.is_empty());
        let mut offset = 8 + size(main.len() + pointers);
        for (tag, directory) in [(EXIF_IFD, &self.exif), (GPS_IFD, &self.gps)] {
            if !directory.is_empty() {
                main.push((tag, LONG, 1, u32::try_from(offset).unwrap().to_le_bytes().to_vec()));
                offset += size(directory.len());
            }
        }
        let mut out = b"II*\0\x08\0\0\0".to_vec();
        let mut data: Vec<u8> = Vec::new();
        for directory in [&main, &self.exif, &self.gps] {
            if directory.is_empty() {
                continue;
            }
            out.extend(u16::try_from(directory.len()).unwrap().to_le_bytes());
            for (tag, kind, count, value) in directory {
                out.extend([&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes()].concat());
                if value.len() <= 4 {
                    out.extend(value.iter().copied().chain([0; 4]).take(4));
                } else {
                    out.extend(u32::try_from(offset + data.len()).unwrap().to_le_bytes());
                    data.extend(value);
                }
            }
            out.extend([0; 4]);
        }
        out.extend(data);
        out
    }
}

fn facts(tiff: &Tiff) -> ExifFacts {
    accepted(&jpeg_with(&quadrants(96, 96), exif(tiff.bytes()))).exif
}

const LISBON: [[(u32, u32); 3]; 2] = [[(38, 1), (43, 1), (1_234, 100)], [(9, 1), (8, 1), (0, 1)]];

fn lisbon() -> Tiff {
    Tiff::default().camera("Canon", "Canon EOS 5D").taken("2024:02:29 12:30:59", Some("+01:00")).at("N", LISBON[0], "W", LISBON[1])
}

#[test]
fn time_camera_and_location_are_read_from_every_format() {
    for (format, bytes) in in_every_format(&quadrants(96, 96), &exif(lisbon().bytes())) {
        let facts = accepted(&bytes).exif;
        assert_eq!(facts.taken_at.as_deref(), Some("2024-02-29T12:30:59+01:00"), "{format}");
        assert_eq!(facts.camera.as_deref(), Some("Canon EOS 5D"), "{format}");
        assert_eq!(facts.gps, Some(GeoPoint { latitude: 38.720_094, longitude: -9.133_333 }), "{format}");
    }
}

#[test]
fn the_location_is_omitted_unless_the_settings_allow_it() {
    let bytes = jpeg_with(&quadrants(96, 96), exif(lisbon().bytes()));
    let inspected = inspect("x", &bytes, &LIMITS, false).unwrap_or_else(|rejection| panic!("{rejection}"));
    assert_eq!(inspected.exif.gps, None);
    assert!(inspected.exif.camera.is_some());
}

#[test]
fn an_impossible_time_is_omitted() {
    let cases = [
        ("2024:02:29 12:30:59", Some("2024-02-29T12:30:59")),
        ("0000:00:00 00:00:00", None),
        ("2024:13:01 00:00:00", None),
        ("2024:01:32 00:00:00", None),
        ("2023:02:29 00:00:00", None),
        ("2024-02-29 12:30:59", Some("2024-02-29T12:30:59")),
        ("2024:01:01 24:00:00", None),
        ("    :  :     :  :  ", None),
        ("yesterday", None),
        ("", None),
        ("2024:01:01", None),
    ];
    for (written, expected) in cases {
        assert_eq!(facts(&Tiff::default().taken(written, None)).taken_at.as_deref(), expected, "{written:?}");
    }
}

#[test]
fn an_invalid_utc_offset_is_omitted() {
    for offset in ["Z", "1", "+1:00", "+01:00:00", "<script>", "+0x:00"] {
        assert_eq!(
            facts(&Tiff::default().taken("2024:01:01 00:00:00", Some(offset))).taken_at.as_deref(),
            Some("2024-01-01T00:00:00"),
            "{offset}"
        );
    }
}

#[test]
fn the_camera_name_is_short_and_does_not_repeat_the_make() {
    let cases = [
        ("NIKON", "NIKON D90", "NIKON D90"),
        ("Apple", "iPhone 15", "Apple iPhone 15"),
        ("", "Pixel", "Pixel"),
        ("Sony", "", "Sony"),
        ("A\x1b[31mB\r\n", "", "A[31mB"),
    ];
    for (make, model, expected) in cases {
        assert_eq!(facts(&Tiff::default().camera(make, model)).camera.as_deref(), Some(expected));
    }
    let long = facts(&Tiff::default().camera("", &"x".repeat(20_000))).camera.unwrap();
    assert!(long.chars().count() <= 100, "{} characters", long.chars().count());
}

/// Injected: GPS values that are not numbers, are divided by zero or lie beyond the poles.
/// Seen: no location is stored; the picture is accepted.
#[test]
fn row_14_an_impossible_location_is_omitted() {
    let zero = [(0, 0), (0, 0), (0, 0)];
    let cases = [
        ("not a number", zero, LISBON[1]),
        ("divided by zero", [(38, 0), (0, 1), (0, 1)], LISBON[1]),
        ("beyond the pole", [(91, 1), (0, 1), (0, 1)], LISBON[1]),
        ("beyond the date line", LISBON[0], [(180, 1), (1, 1), (0, 1)]),
        ("huge", [(u32::MAX, 1), (u32::MAX, 1), (u32::MAX, 1)], LISBON[1]),
    ];
    for (case, latitude, longitude) in cases {
        assert_eq!(facts(&Tiff::default().at("N", latitude, "W", longitude)).gps, None, "{case}");
    }
    assert!(facts(&Tiff::default().at("S", [(90, 1), (0, 1), (0, 1)], "E", [(180, 1), (0, 1), (0, 1)])).gps.is_some());
}

#[test]
fn fields_of_the_wrong_type_are_omitted() {
    let mut tiff = lisbon();
    tiff.main = vec![(MAKE, SHORT, 1, vec![7, 0]), (0x0112, ASCII, 2, b"6\0".to_vec())];
    tiff.exif = vec![(TAKEN_AT, LONG, 1, vec![1, 2, 3, 4])];
    tiff.gps = vec![(1, SHORT, 1, vec![1, 0]), (2, ASCII, 3, b"38\0".to_vec()), ascii(3, "W"), rationals(4, LISBON[1])];
    let inspected = accepted(&jpeg_with(&quadrants(240, 160), exif(tiff.bytes())));
    assert_eq!(inspected.exif, ExifFacts::default());
}

const TAKEN: &str = "2024:02:29 12:30:59";

#[test]
fn the_orientation_is_read_from_any_integer_type() {
    for (kind, value) in [(1, &[6][..]), (SHORT, &[6, 0]), (LONG, &[6, 0, 0, 0])] {
        let tiff = Tiff::default().orientation_as(kind, value).bytes();
        let inspected = accepted(&jpeg_with(&quadrants(240, 160), exif(tiff)));
        assert_quadrants(&inspected, [BLUE, RED, YELLOW, GREEN], &format!("type {kind}"));
    }
}

#[test]
fn the_time_comes_from_the_most_relevant_valid_tag_in_either_directory() {
    const DIGITISED: u16 = 0x9004;
    const CHANGED: u16 = 0x0132;
    let blank = || ascii(TAKEN_AT, "    :  :     :  :  ");
    let cases: [(&str, Vec<Entry>, Vec<Entry>); 8] = [
        ("taken, in the main directory", vec![ascii(TAKEN_AT, TAKEN), ascii(OFFSET, "+01:00")], vec![]),
        ("digitised", vec![], vec![ascii(DIGITISED, TAKEN), ascii(0x9012, "+01:00")]),
        ("changed", vec![ascii(CHANGED, TAKEN)], vec![ascii(0x9010, "+01:00")]),
        ("changed, in the Exif directory", vec![], vec![ascii(CHANGED, TAKEN), ascii(0x9010, "+01:00")]),
        ("taken is blank", vec![ascii(CHANGED, TAKEN)], vec![blank(), ascii(0x9010, "+01:00")]),
        ("taken is not a time", vec![ascii(CHANGED, TAKEN)], vec![ascii(TAKEN_AT, "0000:00:00 00:00:00"), ascii(0x9010, "+01:00")]),
        ("taken is there twice", vec![], vec![blank(), ascii(TAKEN_AT, TAKEN), ascii(OFFSET, "+01:00")]),
        ("taken counts before changed", vec![ascii(CHANGED, "2025:01:01 00:00:00")], vec![ascii(TAKEN_AT, TAKEN), ascii(OFFSET, "+01:00")]),
    ];
    for (case, main, exif) in cases {
        let tiff = Tiff { main, exif, gps: Vec::new() };
        assert_eq!(facts(&tiff).taken_at.as_deref(), Some("2024-02-29T12:30:59+01:00"), "{case}");
    }
}

#[test]
fn a_bad_entry_only_loses_its_own_fact() {
    let odd_entries = [(0x0100, 99, 5, vec![1; 4]), (0x010e, ASCII, u32::MAX, vec![0xff; 4]), (0x011a, RATIONAL, 1, vec![0xff; 4])];
    let maker_note = (0x927c, 7, 0xffff_fff0, vec![1; 4]);
    let outside = |tag| (tag, LONG, 1, 0xffff_ff00_u32.to_le_bytes().to_vec());
    let mut full = lisbon();
    full.main.splice(0..0, odd_entries);
    full.exif.insert(0, maker_note);
    full.gps.insert(0, (0, 200, 9, vec![1; 4]));
    let facts_of = |tiff: &Tiff| {
        let facts = facts(tiff);
        (facts.taken_at.is_some(), facts.camera.is_some(), facts.gps.is_some())
    };
    assert_eq!(facts_of(&full), (true, true, true));

    let mut no_place = lisbon();
    no_place.gps.clear();
    no_place.main.push(outside(GPS_IFD));
    assert_eq!(facts_of(&no_place), (true, true, false));

    let mut no_exif = lisbon();
    no_exif.exif.clear();
    no_exif.main.push(outside(EXIF_IFD));
    assert_eq!(facts_of(&no_exif), (false, true, true));
}

#[test]
fn a_bad_pointer_does_not_prevent_reading_the_rest() {
    let good = lisbon().bytes();
    let patched = |offset: usize, value: u32| {
        let mut bytes = good.clone();
        bytes[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        bytes
    };
    let (entries, directory) = (4, 8);
    let next = directory + 2 + entries * 12;
    let cases = [
        ("the main directory points to nowhere", patched(next, u32::MAX)),
        ("the main directory points to itself", patched(next, 8)),
        ("the header points to nowhere", patched(4, u32::MAX)),
        ("the Exif directory points to nowhere", patched(next + 4 + 2 + 2 * 12, u32::MAX)),
    ];
    for (case, bytes) in cases {
        for file in [jpeg_with(&quadrants(96, 96), exif(bytes.clone())), webp_with(&quadrants(96, 96), exif(bytes))] {
            let facts = accepted(&file).exif;
            assert!(facts.taken_at.is_some() && facts.camera.is_some() && facts.gps.is_some(), "{case}: {facts:?}");
        }
    }
}

#[test]
fn the_exif_prefix_of_jpeg_is_accepted_in_every_format() {
    let picture = quadrants(240, 160);
    let tiff = Tiff::default().orientation(6).bytes();
    for prefix in [b"".as_slice(), b"Exif\0\0", b"Exif\0\xff"] {
        let payload = [prefix, &tiff].concat();
        let png = with_chunks(&png(picture.clone()), &[chunk(*b"eXIf", &payload)]);
        for (format, file) in [("PNG", png), ("WebP", webp_with(&picture, exif(payload)))] {
            assert_quadrants(&accepted(&file), [BLUE, RED, YELLOW, GREEN], format);
        }
    }
}

#[test]
fn the_first_valid_exif_counts() {
    let picture = quadrants(240, 160);
    let segment = |payload: &[u8]| [b"Exif\0\0", payload].concat();
    let (turned, plain) = (segment(&Tiff::default().orientation(6).bytes()), segment(&Tiff::default().orientation(1).bytes()));
    let upright = [BLUE, RED, YELLOW, GREEN];
    let jpeg = jpeg(&picture);
    assert_quadrants(&accepted(&with_segment(&with_segment(&jpeg, 0xe1, &plain), 0xe1, &turned)), upright, "two");
    assert_quadrants(&accepted(&with_segment(&with_segment(&jpeg, 0xe1, &turned), 0xe1, b"Exif\0\0")), upright, "after an empty one");
    let png = png(picture);
    let at_the_end = [&png[..png.len() - 12], &chunk(*b"eXIf", &turned), &png[png.len() - 12..]].concat();
    assert_quadrants(&accepted(&at_the_end), upright, "after the pixels of a PNG");
}

/// Every kind of invalid directory; none affects the picture.
pub fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let good = lisbon().bytes();
    let patched = |offset: usize, value: &[u8]| {
        let mut bytes = good.clone();
        bytes[offset..offset + value.len()].copy_from_slice(value);
        bytes
    };
    let entries = 4; // make, model and two pointers
    let next = 8 + 2 + entries * 12;
    vec![
        ("next directory is the first", patched(next, &8_u32.to_le_bytes())),
        ("sub-directory is the first", patched(8 + 2 + 2 * 12 + 8, &8_u32.to_le_bytes())),
        ("both", {
            let mut bytes = patched(next, &8_u32.to_le_bytes());
            bytes[8 + 2 + 2 * 12 + 8..8 + 2 + 2 * 12 + 12].copy_from_slice(&8_u32.to_le_bytes());
            bytes
        }),
        ("a count of four billion", patched(8 + 2 + 4, &u32::MAX.to_le_bytes())),
        ("a count that overflows with its size", patched(8 + 2 + 4, &0x2000_0001_u32.to_le_bytes())),
        ("a value far outside", patched(8 + 2 + 8, &u32::MAX.to_le_bytes())),
        ("65535 entries", patched(8, &u16::MAX.to_le_bytes())),
        ("directory far outside", patched(4, &u32::MAX.to_le_bytes())),
        ("directory inside of the header", patched(4, &0_u32.to_le_bytes())),
        ("unknown types", patched(8 + 2 + 2, &0xffff_u16.to_le_bytes())),
        ("cut off", good[..30].to_vec()),
        ("header alone", good[..8].to_vec()),
        ("empty", Vec::new()),
        ("no TIFF structure", vec![0xff; 60_000]),
    ]
}

/// Injected: EXIF with loops, counts of four billion, offsets far outside and random bytes, in three formats.
/// Seen: every picture is accepted with the right colours.
#[test]
fn row_14_hostile_exif_does_not_affect_the_picture() {
    for (case, bytes) in hostile() {
        for (format, file) in in_every_format(&quadrants(96, 96), &exif(bytes)) {
            let case = format!("{case}, {format}");
            let inspected = inspected("raw-uploads/x", &file).unwrap_or_else(|rejection| panic!("{case}: {rejection}"));
            assert_quadrants(&inspected, [RED, GREEN, BLUE, YELLOW], &case);
        }
    }
}

#[test]
fn no_metadata_of_the_original_is_in_the_copies() {
    let picture = quadrants(300, 300);
    let bytes =
        jpeg_with(&picture, Extras { exif: Some(lisbon().bytes()), icc: Some(moxcms::ColorProfile::new_display_p3().encode().unwrap()) });
    let bytes = with_segment(&bytes, 0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>secret</x:xmpmeta>");
    let bytes = with_segment(&bytes, 0xed, b"Photoshop 3.0\x008BIMsecret");
    let bytes = with_segment(&bytes, 0xfe, b"secret comment");
    let inspected = accepted(&bytes);
    for copy in [&inspected.copy, &inspected.thumbnail] {
        for trace in [b"Exif".as_slice(), b"Canon", b"2024", b"secret", b"xmpmeta", b"8BIM", b"ICC_PROFILE"] {
            assert!(!contains(copy, trace), "{}", String::from_utf8_lossy(trace));
        }
        assert_eq!(other_segments(copy), [] as [u8; 0]);
    }
}

/// Markers of segments other than JFIF, tables, frame and scan.
fn other_segments(jpeg: &[u8]) -> Vec<u8> {
    let (mut offset, mut other) = (2, Vec::new());
    while let [0xff, marker, high, low] = jpeg[offset..offset + 4] {
        if !matches!(marker, 0xe0 | 0xdb | 0xc0 | 0xc4 | 0xda) {
            other.push(marker);
        }
        if marker == 0xda {
            break;
        }
        offset += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
    other
}

/// The stored quadrants (red, green / blue, yellow) after turning upright, by EXIF orientation (TIFF 6.0, tag 274).
const UPRIGHT: [(u16, [[u8; 3]; 4]); 8] = [
    (1, [RED, GREEN, BLUE, YELLOW]),
    (2, [GREEN, RED, YELLOW, BLUE]),
    (3, [YELLOW, BLUE, GREEN, RED]),
    (4, [BLUE, YELLOW, RED, GREEN]),
    (5, [RED, BLUE, GREEN, YELLOW]),
    (6, [BLUE, RED, YELLOW, GREEN]),
    (7, [YELLOW, GREEN, BLUE, RED]),
    (8, [GREEN, YELLOW, RED, BLUE]),
];

/// Injected: EXIF orientations 1 to 8 in JPEG, PNG and WebP.
/// Seen: width, height and the four corners of the copy are upright in all.
#[test]
fn row_13_all_orientations_become_upright_in_every_format() {
    let stored = quadrants(240, 160);
    for (orientation, expected) in UPRIGHT {
        let exif = exif(Tiff::default().orientation(orientation).bytes());
        for (format, bytes) in in_every_format(&stored, &exif) {
            let inspected = accepted(&bytes);
            let upright = if orientation >= 5 { (160, 240) } else { (240, 160) };
            assert_eq!((inspected.width, inspected.height), upright, "{format}, orientation {orientation}");
            assert_eq!(decoded(&inspected.copy).dimensions(), upright, "{format}, orientation {orientation}");
            assert_quadrants(&inspected, expected, &format!("{format}, orientation {orientation}"));
        }
    }
}

#[test]
fn an_invalid_orientation_is_ignored() {
    for orientation in [0, 9, 255, 65_535] {
        let inspected = accepted(&jpeg_with(&quadrants(240, 160), exif(Tiff::default().orientation(orientation).bytes())));
        assert_quadrants(&inspected, UPRIGHT[0].1, &format!("orientation {orientation}"));
    }
}

#[test]
fn the_copy_has_no_orientation_tag() {
    let inspected = accepted(&jpeg_with(&quadrants(240, 160), exif(Tiff::default().orientation(6).bytes())));
    let again = accepted(&inspected.copy);
    assert_eq!((again.width, again.height), (160, 240));
}
