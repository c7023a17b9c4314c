//! What a file is, by its content.

use sightline_domain::{
    image::ImageFormat,
    rejection::{ReasonCode, Rejection},
};

/// The format of `bytes`, if it is one that we take.
pub fn format(bytes: &[u8]) -> Result<ImageFormat, Rejection> {
    let Some(kind) = infer::get(bytes) else {
        return Err(Rejection::new(ReasonCode::NotAnImage, "the content is no image format that is known"));
    };
    match kind.mime_type() {
        "image/jpeg" => Ok(ImageFormat::Jpeg),
        "image/png" => Ok(ImageFormat::Png),
        "image/webp" => Ok(ImageFormat::WebP),
        image if image.starts_with("image/") => {
            Err(Rejection::new(ReasonCode::UnsupportedFormat, format!("the content is {image}; JPEG, PNG and WebP are taken")))
        }
        other => Err(Rejection::new(ReasonCode::NotAnImage, format!("the content is {other}, not an image"))),
    }
}

/// A warning where the ending of `key` names another format.
pub fn name_warning(key: &str, format: ImageFormat) -> Option<String> {
    let file = key.rsplit('/').next().unwrap_or(key);
    let (_, ending) = file.rsplit_once('.')?;
    let fits = format.extensions().iter().any(|known| known.eq_ignore_ascii_case(ending));
    (!fits).then(|| format!("the name ends in .{ending}, the content is {}", format.name()))
}
