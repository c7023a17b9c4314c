//! What the pixels of an upload cost: decoding, resizing and encoding a photo of 3 megapixels, and a whole inspection of each format.

#![allow(clippy::unwrap_used, missing_docs, reason = "benches fail by panicking; the macros of Criterion write no docs")]

use criterion::{Criterion, criterion_group, criterion_main};
use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage, codecs::png::PngEncoder, codecs::webp::WebPEncoder};
use sightline_inspection::{
    encode, inspect,
    picture::{Chroma, Limits},
};
use sightline_resize::{Filter, resize};
use std::{hint::black_box, time::Duration};

const LIMITS: Limits = Limits { max_bytes: 50_000_000, max_pixels: 50_000_000 };

fn photo(width: u32, height: u32) -> RgbImage {
    let mut state = 1_u32;
    RgbImage::from_fn(width, height, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [grain, ..] = state.to_be_bytes();
        let light = |length: u32, at: u32| u8::try_from(at % length * 200 / length).unwrap();
        Rgb([light(700, x), light(900, y), light(1_100, x + y)].map(|light| light + grain / 8))
    })
}

fn file(photo: &RgbImage, write: impl FnOnce(&mut Vec<u8>, &[u8], u32, u32) -> image::ImageResult<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes, photo, photo.width(), photo.height()).unwrap();
    bytes
}

fn pictures(criterion: &mut Criterion) {
    let photo = photo(2100, 1500);
    let rgb = ExtendedColorType::Rgb8;
    let files = [
        ("JPEG", encode(&photo, Chroma::Half, 90).unwrap()),
        ("PNG", file(&photo, |to, pixels, width, height| PngEncoder::new(to).write_image(pixels, width, height, rgb))),
        ("lossless WebP", file(&photo, |to, pixels, width, height| WebPEncoder::new_lossless(to).write_image(pixels, width, height, rgb))),
    ];
    for (format, bytes) in &files {
        criterion.bench_function(&format!("decode/{format}"), |bench| {
            bench.iter(|| image::load_from_memory(black_box(bytes)).unwrap());
        });
        criterion.bench_function(&format!("inspect/{format}"), |bench| {
            bench.iter(|| inspect("raw-uploads/photo", black_box(bytes), &LIMITS, false).unwrap());
        });
    }
    criterion.bench_function("resize/to 1050 px", |bench| bench.iter(|| resize(black_box(&photo), 1050, 750, Filter::Cubic)));
    for (name, chroma) in [("4:2:0", Chroma::Half), ("4:4:4", Chroma::Full)] {
        criterion.bench_function(&format!("encode/{name}"), |bench| bench.iter(|| encode(black_box(&photo), chroma, 90)));
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    targets = pictures
}
criterion_main!(benches);
