//! Colours of the copies: opaque sRGB.
//!
//! Profiles are converted, and a transparent picture gets a background on which it stays visible, because a JPEG has no transparency.

use crate::picture::{Model, Profile};
use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};
use moxcms::{CmsError, ColorProfile, DataColorSpace, Layout, TransformOptions};

/// Candidate backgrounds, each with the penalty that another one must beat: most artwork is made for white.
const BACKGROUNDS: [(&str, u8, f64); 5] =
    [("white", 255, 0.0), ("black", 0, 0.02), ("grey", 128, 0.05), ("dark grey", 64, 0.05), ("light grey", 192, 0.05)];
/// Rows that are sampled to find where the foreground meets the background.
const SAMPLED_ROWS: u32 = 1_000;
/// A foreground pixel whose brightness differs less than this from the background is invisible.
const VISIBLE_DIFFERENCE: u8 = 64;

/// Converts a picture to sRGB.
///
/// Returns a warning if the profile cannot be used: the samples are then read as sRGB, or as inks without a profile.
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

/// Fails if the profile is for other samples than the picture's, or has no usable tables.
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

/// Converts inks without a profile, as browsers do.
fn inks_to_rgb(inks: &RgbaImage) -> RgbImage {
    RgbImage::from_fn(inks.width(), inks.height(), |x, y| {
        let Rgba([cyan, magenta, yellow, black]) = *inks.get_pixel(x, y);
        let light = |ink: u8| {
            let (light, white) = (u16::from(255 - ink), u16::from(255 - black));
            u8::try_from((light * white + 127) / 255).unwrap_or(u8::MAX)
        };
        Rgb([cyan, magenta, yellow].map(light))
    })
}

/// Makes a picture opaque, 8 bits per channel. Returns a warning if it has transparent parts.
pub fn flatten(picture: DynamicImage) -> (DynamicImage, Option<String>) {
    if !picture.color().has_alpha() {
        return (DynamicImage::ImageRgb8(picture.into_rgb8()), None);
    }
    let picture = picture.into_rgba8();
    if picture.pixels().all(|Rgba([.., alpha])| *alpha == u8::MAX) {
        return (DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(picture).into_rgb8()), None);
    }
    let (name, background) = background(&picture);
    let warning = format!("the picture has transparent parts; they are shown on {name}");
    (DynamicImage::ImageRgb8(over(&picture, background)), Some(warning))
}

fn over(picture: &RgbaImage, background: u8) -> RgbImage {
    let mixed = |channel: u8, alpha: u8| {
        let (channel, alpha) = (u16::from(channel), u16::from(alpha));
        u8::try_from((channel * alpha + u16::from(background) * (255 - alpha)) / 255).unwrap_or(u8::MAX)
    };
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let Rgba([red, green, blue, alpha]) = *picture.get_pixel(x, y);
        Rgb([red, green, blue].map(|channel| mixed(channel, alpha)))
    })
}

/// The background that hides the least of the foreground's outline.
fn background(picture: &RgbaImage) -> (&'static str, u8) {
    let outline = outline(picture);
    let all: u64 = outline.iter().sum();
    let cost = |background: u8, penalty: f64| {
        let near = outline.iter().zip(0_u8..=255).filter(|(_, brightness)| brightness.abs_diff(background) < VISIBLE_DIFFERENCE);
        #[allow(clippy::cast_precision_loss, reason = "a share of at most 50 million pixels")]
        let share = near.map(|(count, _)| count).sum::<u64>() as f64 / all.max(1) as f64;
        share + penalty
    };
    let best = BACKGROUNDS
        .into_iter()
        .min_by(|(_, one, one_penalty), (_, other, other_penalty)| cost(*one, *one_penalty).total_cmp(&cost(*other, *other_penalty)));
    best.map_or(("white", u8::MAX), |(name, background, _)| (name, background))
}

/// Number of foreground pixels of each brightness that touch the background. If none do, for example in an evenly transparent picture: all
/// pixels, weighted by their opacity.
fn outline(picture: &RgbaImage) -> [u64; 256] {
    let most = picture.pixels().map(|Rgba([.., alpha])| *alpha).max().unwrap_or(0);
    let is_foreground = |alpha: u8| alpha > most / 2;
    let (width, height) = (usize::try_from(picture.width()).unwrap_or(0), picture.height());
    let (mut outline, mut everything) = ([0; 256], [0; 256]);
    let count = |counts: &mut [u64; 256], pixel: &[u8], weight: u64| {
        if let Some(count) = counts.get_mut(usize::from(brightness(pixel))) {
            *count += weight;
        }
    };
    let row = |y: Option<u32>| y.filter(|y| *y < height).and_then(|y| picture.as_raw().chunks_exact(width * 4).nth(y as usize));
    for y in (0..height).step_by((height / SAMPLED_ROWS).max(1) as usize) {
        let (above, below) = (row(y.checked_sub(1)), row(Some(y + 1)));
        let alphas = |row: &[u8], x: usize| row.get(x * 4 + 3).copied();
        let Some(here) = row(Some(y)) else { continue };
        for (x, pixel) in here.chunks_exact(4).enumerate() {
            let [.., alpha] = pixel else { continue };
            count(&mut everything, pixel, u64::from(*alpha));
            let beside = [x.checked_sub(1), Some(x + 1)].map(|x| x.and_then(|x| alphas(here, x)));
            let over_and_under = [above, below].map(|row| row.and_then(|row| alphas(row, x)));
            if is_foreground(*alpha) && beside.into_iter().chain(over_and_under).flatten().any(|alpha| !is_foreground(alpha)) {
                count(&mut outline, pixel, 1);
            }
        }
    }
    if outline.iter().all(|count| *count == 0) { everything } else { outline }
}

/// Rec. 709 luma.
fn brightness(pixel: &[u8]) -> u8 {
    let [red, green, blue, ..] = pixel else { return 0 };
    let weighted = 54 * u32::from(*red) + 183 * u32::from(*green) + 19 * u32::from(*blue);
    u8::try_from(weighted / 256).unwrap_or(u8::MAX)
}
