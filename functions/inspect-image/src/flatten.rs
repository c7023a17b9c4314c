//! Puts a ground behind transparent pictures: a JPEG has no transparency, and what is analysed and shown must stay visible.

use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};

/// Grounds with the share of hidden art that is put up with before another one is chosen: white is what most art is made for.
const GROUNDS: [(&str, u8, f64); 5] =
    [("white", 255, 0.0), ("black", 0, 0.02), ("grey", 128, 0.05), ("dark grey", 64, 0.05), ("light grey", 192, 0.05)];
/// So many rows are enough to see where the art meets the ground.
const ROWS_LOOKED_AT: u32 = 1_000;
/// Art whose brightness differs by less from its ground is as good as hidden.
const VISIBLE_DIFFERENCE: u8 = 64;

/// Eight opaque bits per channel. Comes with a warning where the picture had transparent parts.
pub fn flattened(picture: DynamicImage) -> (DynamicImage, Option<String>) {
    if !picture.color().has_alpha() {
        return (DynamicImage::ImageRgb8(picture.into_rgb8()), None);
    }
    let picture = picture.into_rgba8();
    if picture.pixels().all(|Rgba([.., alpha])| *alpha == u8::MAX) {
        return (DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(picture).into_rgb8()), None);
    }
    let (name, ground) = ground(&picture);
    let warning = format!("the picture has transparent parts; they are shown on {name}");
    (DynamicImage::ImageRgb8(over(&picture, ground)), Some(warning))
}

fn over(picture: &RgbaImage, ground: u8) -> RgbImage {
    let mixed = |channel: u8, alpha: u8| {
        let (channel, alpha) = (u16::from(channel), u16::from(alpha));
        u8::try_from((channel * alpha + u16::from(ground) * (255 - alpha)) / 255).unwrap_or(u8::MAX)
    };
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let Rgba([red, green, blue, alpha]) = *picture.get_pixel(x, y);
        Rgb([red, green, blue].map(|channel| mixed(channel, alpha)))
    })
}

/// The ground on which the least of the art's outline is hidden.
fn ground(picture: &RgbaImage) -> (&'static str, u8) {
    let outline = outline(picture);
    let all: u64 = outline.iter().sum();
    let hidden = |ground: u8, tolerated: f64| {
        let near = outline.iter().zip(0_u8..=255).filter(|(_, brightness)| brightness.abs_diff(ground) < VISIBLE_DIFFERENCE);
        #[allow(clippy::cast_precision_loss, reason = "a share of at most 50 million pixels")]
        let share = near.map(|(count, _)| count).sum::<u64>() as f64 / all.max(1) as f64;
        share + tolerated
    };
    let best = GROUNDS.into_iter().min_by(|(_, one, one_tolerated), (_, other, other_tolerated)| {
        hidden(*one, *one_tolerated).total_cmp(&hidden(*other, *other_tolerated))
    });
    best.map_or(("white", u8::MAX), |(name, ground, _)| (name, ground))
}

/// How many pixels of each brightness lie where the art meets the ground. Where it meets the ground nowhere, as when all of it is equally
/// transparent: all pixels, by their opacity.
fn outline(picture: &RgbaImage) -> [u64; 256] {
    let most = picture.pixels().map(|Rgba([.., alpha])| *alpha).max().unwrap_or(0);
    let is_art = |alpha: u8| alpha > most / 2;
    let (width, height) = (usize::try_from(picture.width()).unwrap_or(0), picture.height());
    let (mut outline, mut everything) = ([0; 256], [0; 256]);
    let count = |counts: &mut [u64; 256], pixel: &[u8], weight: u64| {
        if let Some(count) = counts.get_mut(usize::from(brightness(pixel))) {
            *count += weight;
        }
    };
    let row = |y: Option<u32>| y.filter(|y| *y < height).and_then(|y| picture.as_raw().chunks_exact(width * 4).nth(y as usize));
    for y in (0..height).step_by((height / ROWS_LOOKED_AT).max(1) as usize) {
        let (above, below) = (row(y.checked_sub(1)), row(Some(y + 1)));
        let alphas = |row: &[u8], x: usize| row.get(x * 4 + 3).copied();
        let Some(here) = row(Some(y)) else { continue };
        for (x, pixel) in here.chunks_exact(4).enumerate() {
            let [.., alpha] = pixel else { continue };
            count(&mut everything, pixel, u64::from(*alpha));
            let beside = [x.checked_sub(1), Some(x + 1)].map(|x| x.and_then(|x| alphas(here, x)));
            let over_and_under = [above, below].map(|row| row.and_then(|row| alphas(row, x)));
            if is_art(*alpha) && beside.into_iter().chain(over_and_under).flatten().any(|alpha| !is_art(alpha)) {
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
