//! Row 13: the processed copy is upright.

use crate::{metadata::Tiff, pictures::*};

/// What the stored quadrants red, green / blue, yellow look like upright, by EXIF orientation (TIFF 6.0, tag 274).
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
/// Seen: width, height and the four corners of the copy are upright in all of them.
#[test]
fn row_13_all_orientations_come_out_upright_in_every_format() {
    let stored = quadrants(240, 160);
    for (orientation, expected) in UPRIGHT {
        let exif = exif(Tiff::default().orientation(orientation).bytes());
        let files = [
            ("JPEG", jpeg_with(&stored, exif.clone())),
            ("PNG", png_with(&stored.clone().into(), exif.clone())),
            ("WebP", webp_with(&stored, exif)),
        ];
        for (format, bytes) in files {
            let inspected = accepted(&bytes);
            let upright = if orientation >= 5 { (160, 240) } else { (240, 160) };
            assert_eq!((inspected.width, inspected.height), upright, "{format}, orientation {orientation}");
            assert_eq!(decoded(&inspected.copy).dimensions(), upright, "{format}, orientation {orientation}");
            assert_quadrants(&inspected, expected, &format!("{format}, orientation {orientation}"));
        }
    }
}

#[test]
fn an_orientation_out_of_range_is_none() {
    for orientation in [0, 9, 255, 65_535] {
        let inspected = accepted(&jpeg_with(&quadrants(240, 160), exif(Tiff::default().orientation(orientation).bytes())));
        assert_quadrants(&inspected, UPRIGHT[0].1, &format!("orientation {orientation}"));
    }
}

#[test]
fn the_copy_says_nothing_of_an_orientation_so_that_nobody_turns_it_twice() {
    let inspected = accepted(&jpeg_with(&quadrants(240, 160), exif(Tiff::default().orientation(6).bytes())));
    let again = accepted(&inspected.copy);
    assert_eq!((again.width, again.height), (160, 240));
}
