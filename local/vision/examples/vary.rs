//! Makes many different small photos from a few photos, the same ones in each run:
//! `cargo run -p sightline-vision --example vary -- COUNT FOLDER PHOTOS…`

use std::{error::Error, fs, path::Path};

use image::{DynamicImage, GenericImageView, imageops::FilterType};

/// Longest side of the photos, px.
const SIDE: u32 = 360;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(count), Some(folder)) = (arguments.next(), arguments.next()) else { return Err("usage: vary COUNT FOLDER PHOTOS…".into()) };
    let (count, folder) = (count.parse::<u32>()?, Path::new(&folder));
    let photos = arguments.map(image::open).collect::<Result<Vec<_>, _>>()?;
    fs::create_dir_all(folder)?;
    for number in 0..count {
        let photo = photos.iter().cycle().nth(number as usize % photos.len().max(1)).ok_or("no photos to vary")?;
        varied(photo, number).save(folder.join(format!("{number:05}.jpg")))?;
    }
    Ok(())
}

/// Crops, mirrors, brightens and shrinks a photo, depending on the number.
fn varied(photo: &DynamicImage, number: u32) -> DynamicImage {
    let (width, height) = photo.dimensions();
    let (left, top) = (width * (number % 7) / 100, height * (number / 7 % 7) / 100);
    let cut = photo.crop_imm(left, top, width * 94 / 100, height * 94 / 100).resize(SIDE, SIDE, FilterType::Triangle);
    let mirrored = if (number / 49).is_multiple_of(2) { cut } else { cut.fliph() };
    let light = i32::try_from(number / 98).unwrap_or_default() * 2 - 16;
    // JPEG has no alpha.
    DynamicImage::ImageRgb8(mirrored.brighten(light).into_rgb8())
}
