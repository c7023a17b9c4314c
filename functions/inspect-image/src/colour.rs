//! Colour profiles: everything after inspection is sRGB.

use crate::bytes::be32;
use image::{DynamicImage, RgbImage, RgbaImage};
use moxcms::{CmsError, ColorProfile, DataColorSpace, Layout, TransformOptions};

/// Longest profile that is used, in bytes. The largest in public use are printing profiles of two to four megabytes.
pub const MAX_PROFILE_BYTES: usize = 8 * 1024 * 1024;

/// What the samples of a file mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// One sample a pixel, spread to three.
    Grey,
    /// Red, green, blue.
    Rgb,
    /// Four inks, in the four channels of an RGBA picture: 0 is no ink.
    Cmyk,
}

/// What a file says about its colours.
pub enum Profile {
    /// Nothing: sRGB.
    Absent,
    /// An ICC profile.
    Icc(Vec<u8>),
    /// An ICC profile that is empty, incomplete or damaged.
    Broken,
    /// Other primaries and another white point than those of sRGB, with its tone curve.
    Matrix(Box<ColorProfile>),
}

impl Profile {
    /// The profile, if it is as long as it says, and describes the colours of a picture: not those between two devices, and no named ones
    /// (ICC.1, 7.2).
    pub fn of_icc(icc: Vec<u8>) -> Self {
        let is_whole = be32(&icc, 0).and_then(|size| usize::try_from(size).ok()).is_some_and(|size| size <= icc.len());
        let class = icc.get(12..16).unwrap_or_default();
        if is_whole && !matches!(class, b"link" | b"nmcl" | b"abst") { Self::Icc(icc) } else { Self::Broken }
    }
}

/// Turns `picture` into sRGB.
///
/// Comes with a warning where the profile cannot be used: the samples are taken for sRGB then, or for inks without a profile.
pub fn to_srgb(picture: DynamicImage, model: Model, profile: &Profile) -> (RgbImage, Option<String>) {
    let transformed = match profile {
        Profile::Absent => return (without_profile(picture, model), None),
        Profile::Broken => None,
        Profile::Icc(icc) => ColorProfile::new_from_slice(icc).and_then(|profile| transformed(&picture, model, &profile)).ok(),
        Profile::Matrix(profile) => transformed(&picture, model, profile).ok(),
    };
    match transformed {
        Some(picture) => (picture, None),
        None => (without_profile(picture, model), Some("the colour profile cannot be used; colours may be off".to_owned())),
    }
}

/// Fails where the profile describes other samples than the picture has, or has no usable tables.
fn transformed(picture: &DynamicImage, model: Model, profile: &ColorProfile) -> Result<RgbImage, CmsError> {
    let grey;
    let (layout, samples) = match (profile.color_space, model) {
        (DataColorSpace::Rgb, Model::Rgb | Model::Grey) => (Layout::Rgb, picture.as_bytes()),
        (DataColorSpace::Cmyk, Model::Cmyk) => (Layout::Rgba, picture.as_bytes()),
        (DataColorSpace::Gray, Model::Grey) => {
            grey = picture.to_luma8().into_raw();
            (Layout::Gray, grey.as_slice())
        }
        _ => return Err(CmsError::UnsupportedProfileConnection),
    };
    let transform = profile.create_transform_8bit(layout, &ColorProfile::new_srgb(), Layout::Rgb, TransformOptions::default())?;
    let mut srgb = RgbImage::new(picture.width(), picture.height());
    transform.transform(samples, &mut srgb)?;
    Ok(srgb)
}

fn without_profile(picture: DynamicImage, model: Model) -> RgbImage {
    match model {
        Model::Grey | Model::Rgb => picture.into_rgb8(),
        Model::Cmyk => inks_to_rgb(&picture.into_rgba8()),
    }
}

/// As browsers show inks without a profile.
fn inks_to_rgb(inks: &RgbaImage) -> RgbImage {
    RgbImage::from_fn(inks.width(), inks.height(), |x, y| {
        let image::Rgba([cyan, magenta, yellow, black]) = *inks.get_pixel(x, y);
        let light = |ink: u8| {
            let (light, white) = (u16::from(255 - ink), u16::from(255 - black));
            u8::try_from((light * white + 127) / 255).unwrap_or(u8::MAX)
        };
        image::Rgb([cyan, magenta, yellow].map(light))
    })
}
