//! Colour profiles: everything after inspection is sRGB.

use image::RgbImage;
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

/// Turns `picture` from its file's profile into sRGB.
///
/// Gives a warning where the profile cannot be used; the pixels stay as they are then.
pub fn to_srgb(picture: &mut RgbImage, icc_profile: &[u8]) -> Option<String> {
    let warning = |_| "the colour profile cannot be used; colours may be off".to_owned();
    match transformed(picture, icc_profile) {
        Ok(Some(pixels)) => picture.copy_from_slice(&pixels),
        Ok(None) => {}
        Err(error) => return Some(warning(error)),
    }
    None
}

fn transformed(picture: &RgbImage, icc_profile: &[u8]) -> Result<Option<Vec<u8>>, moxcms::CmsError> {
    let profile = ColorProfile::new_from_slice(icc_profile)?;
    // A grey profile says nothing about pixels that were spread to RGB.
    if profile.color_space != DataColorSpace::Rgb {
        return Ok(None);
    }
    let transform = profile.create_transform_8bit(Layout::Rgb, &ColorProfile::new_srgb(), Layout::Rgb, TransformOptions::default())?;
    let mut pixels = vec![0; picture.as_raw().len()];
    transform.transform(picture.as_raw(), &mut pixels)?;
    Ok(Some(pixels))
}
