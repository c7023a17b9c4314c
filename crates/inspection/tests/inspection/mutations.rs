//! Any bytes result in an image or a rejection, never in a panic.

use crate::{metadata::hostile, pictures::*};
use moxcms::ColorProfile;
use proptest::{prelude::*, sample::Index};
use sightline_inspection::{
    colour, exif as exif_reader, inspect,
    picture::{Limits, Model, Profile},
};
use std::sync::LazyLock;

/// One small file of each kind, with metadata because it is parsed too.
static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let picture = noise(80, 81);
    let exif = hostile().swap_remove(0).1;
    let extras = Extras { exif: Some(exif), icc: Some(ColorProfile::new_display_p3().encode().unwrap()) };
    vec![
        jpeg_with(&picture, extras.clone()),
        png_with(&picture.clone().into(), extras.clone()),
        png(image::DynamicImage::ImageRgb8(picture.clone()).into_luma_alpha16()),
        webp_with(&picture, extras),
        include_bytes!("../fixtures/progressive.jpg").to_vec(),
        include_bytes!("../fixtures/cmyk.jpg").to_vec(),
        include_bytes!("../fixtures/lossy.webp").to_vec(),
        include_bytes!("../fixtures/animated.webp").to_vec(),
        include_bytes!("../fixtures/animated.png").to_vec(),
        include_bytes!("../fixtures/restarts.jpg").to_vec(),
        include_bytes!("../fixtures/ycck-with-profile.jpg").to_vec(),
    ]
});

/// Smaller than the real limits, so that mutated headers do not make a test slow.
const SMALL: Limits = Limits { max_bytes: 1 << 20, max_pixels: 1 << 20 };

fn inspect_any(bytes: &[u8]) {
    if let Ok(accepted) = inspect("raw-uploads/x.jpg", bytes, &SMALL, true) {
        assert!(accepted.copy.starts_with(&[0xff, 0xd8]) && accepted.width >= 80 && accepted.height >= 80);
    }
}

#[derive(Debug, Clone)]
enum Change {
    Set(Index, u8),
    Remove(Index, u8),
    Repeat(Index, u8),
    Insert(Index, Vec<u8>),
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => (any::<Index>(), any::<u8>()).prop_map(|(offset, byte)| Change::Set(offset, byte)),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(offset, count)| Change::Remove(offset, count)),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(offset, count)| Change::Repeat(offset, count)),
        1 => (any::<Index>(), prop::collection::vec(any::<u8>(), 1..20)).prop_map(|(offset, bytes)| Change::Insert(offset, bytes)),
        1 => any::<Index>().prop_map(Change::Cut),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    match change {
        Change::Set(offset, byte) => bytes[offset.index(length)] = *byte,
        Change::Remove(offset, count) => drop(bytes.drain(offset.index(length)..(offset.index(length) + usize::from(*count)).min(length))),
        Change::Repeat(offset, count) => {
            let start = offset.index(length);
            let again = bytes[start..(start + usize::from(*count)).min(length)].to_vec();
            bytes.splice(start..start, again);
        }
        Change::Insert(offset, more) => drop(bytes.splice(offset.index(length)..offset.index(length), more.iter().copied())),
        Change::Cut(offset) => bytes.truncate(offset.index(length)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        inspect_any(&bytes);
    }

    #[test]
    fn arbitrary_bytes_after_a_signature_never_panic(start in 0_usize..5, bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let starts: [&[u8]; 5] = [&[0xff, 0xd8, 0xff, 0xe0], &PNG_SIGNATURE, b"RIFF\0\x08\0\0WEBPVP8 ", b"RIFF\0\x08\0\0WEBPVP8L", b"RIFF\0\x08\0\0WEBPVP8X"];
        inspect_any(&[starts[start], &bytes].concat());
    }

    #[test]
    fn mutations_of_valid_files_never_panic(file in 0_usize..11, changes in prop::collection::vec(change(), 1..6)) {
        let mut bytes = FILES[file].clone();
        for change in &changes {
            apply(&mut bytes, change);
        }
        inspect_any(&bytes);
    }

    /// Most changes of a file hit its pixels, so headers are mutated separately.
    #[test]
    fn mutations_of_headers_never_panic(file in 0_usize..11, places in prop::collection::vec((0_usize..700, any::<u8>()), 1..6)) {
        let mut bytes = FILES[file].clone();
        for (offset, byte) in places {
            let offset = offset % bytes.len();
            bytes[offset] = byte;
        }
        inspect_any(&bytes);
    }

    #[test]
    fn mutations_of_exif_never_panic(kind in 0_usize..14, changes in prop::collection::vec(change(), 0..8)) {
        let mut bytes = hostile().swap_remove(kind).1;
        for change in &changes {
            apply(&mut bytes, change);
        }
        exif_reader::facts(&bytes, true);
        exif_reader::orientation(&bytes);
    }

    #[test]
    fn mutations_of_colour_profiles_never_panic(changes in prop::collection::vec(change(), 1..8)) {
        let mut bytes = ColorProfile::new_display_p3().encode().unwrap();
        for change in &changes {
            apply(&mut bytes, change);
        }
        colour::to_srgb(flat(8, 8, RED).into(), Model::Rgb, &Profile::Icc(bytes));
    }
}
