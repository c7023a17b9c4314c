//! What a file is, by its content.

use crate::{bytes::be32, disguise};
use sightline_domain::model::{
    image::ImageFormat,
    rejection::{ReasonCode, Rejection},
};

/// How to get a picture out of formats that programs for pictures can open.
const EXPORT: &str = "open it in a program for pictures and export it as JPEG or PNG";
const RAW: &str = "develop it and export it as JPEG";
const HEIF: &str = "convert it, for example with `heif-convert photo.heic photo.jpg`; \
    an iPhone takes JPEGs itself with Settings > Camera > Formats > Most Compatible";
const AVIF: &str = "convert it, for example with `avifdec photo.avif photo.png`";
const JPEG_XL: &str = "convert it, for example with `djxl photo.jxl photo.jpg`";
const JPEG_2000: &str = "convert it, for example with `opj_decompress -i photo.jp2 -o photo.png`";

/// Formats of pictures that are not taken: how they begin, from which byte on; name, media type, what to do.
const OTHERS: [(usize, &[u8], &str, &str, &str); 32] = [
    (0, b"GIF8", "GIF", "image/gif", EXPORT),
    (0, b"BM", "BMP", "image/bmp", EXPORT),
    (8, b"CR\x02", "a camera's raw file, CR2", "image/x-canon-cr2", RAW),
    (6, b"HEAPCCDR", "a camera's raw file, CRW", "image/x-canon-crw", RAW),
    (0, b"IIRO", "a camera's raw file, ORF", "image/x-olympus-orf", RAW),
    (0, b"IIRS", "a camera's raw file, ORF", "image/x-olympus-orf", RAW),
    (0, b"MMOR", "a camera's raw file, ORF", "image/x-olympus-orf", RAW),
    (0, b"IIU\0", "a camera's raw file, RW2", "image/x-panasonic-rw2", RAW),
    (0, b"FUJIFILMCCD-RAW", "a camera's raw file, RAF", "image/x-fuji-raf", RAW),
    (0, b"\0MRM", "a camera's raw file, MRW", "image/x-minolta-mrw", RAW),
    (0, b"FOVb", "a camera's raw file, X3F", "image/x-sigma-x3f", RAW),
    (0, b"II*\0", "TIFF, or a camera's raw file such as DNG, NEF or ARW", "image/tiff", EXPORT),
    (0, b"MM\0*", "TIFF, or a camera's raw file such as DNG, NEF or ARW", "image/tiff", EXPORT),
    (0, b"II+\0", "BigTIFF", "image/tiff", EXPORT),
    (0, b"MM\0+", "BigTIFF", "image/tiff", EXPORT),
    (0, b"8BPS", "a Photoshop document, PSD", "image/vnd.adobe.photoshop", EXPORT),
    (0, b"gimp xcf", "a GIMP document, XCF", "image/x-xcf", EXPORT),
    (0, b"\xff\x0a", "JPEG XL", "image/jxl", JPEG_XL),
    (4, b"JXL \r\n\x87\n", "JPEG XL", "image/jxl", JPEG_XL),
    (4, b"jP  \r\n\x87\n", "JPEG 2000", "image/jp2", JPEG_2000),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000", "image/j2c", JPEG_2000),
    (0, b"II\xbc", "JPEG XR", "image/jxr", EXPORT),
    (0, b"\0\0\x01\0", "an icon, ICO", "image/vnd.microsoft.icon", EXPORT),
    (0, b"\0\0\x02\0", "a cursor, CUR", "image/vnd.microsoft.icon", EXPORT),
    (0, b"qoif", "QOI", "image/qoi", EXPORT),
    (0, b"\x76\x2f\x31\x01", "OpenEXR", "image/x-exr", EXPORT),
    (0, b"#?RADIANCE", "Radiance HDR", "image/vnd.radiance", EXPORT),
    (0, b"DDS ", "DDS", "image/vnd-ms.dds", EXPORT),
    (0, b"FLIF", "FLIF", "image/flif", EXPORT),
    (0, b"BPG\xfb", "BPG", "image/bpg", EXPORT),
    (0, b"AT&TFORM", "DjVu", "image/vnd.djvu", EXPORT),
    (0, b"\x8aMNG", "MNG", "video/x-mng", EXPORT),
];

/// The format of `bytes`, if it is one that is taken.
///
/// # Errors
/// UNSUPPORTED_FORMAT for another format of pictures, by name and with what to do; NOT_AN_IMAGE with what it is instead.
pub fn format(bytes: &[u8]) -> Result<ImageFormat, Rejection> {
    match bytes {
        [0xff, 0xd8, rest @ ..] if begins_with_segment(rest) => return Ok(ImageFormat::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => return Ok(ImageFormat::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => return Ok(ImageFormat::WebP),
        _ => {}
    }
    if let Some((name, media_type, advice)) = other_picture(bytes) {
        let detail = format!("the content is {name} ({media_type}); JPEG, PNG and WebP are taken: {advice}");
        return Err(Rejection::new(ReasonCode::UnsupportedFormat, detail));
    }
    Err(Rejection::new(ReasonCode::NotAnImage, disguise::explanation(bytes)))
}

/// Whether a JPEG marker follows its start: at once, or behind a few stray bytes.
fn begins_with_segment(rest: &[u8]) -> bool {
    rest.first() == Some(&0xff) || rest.get(..64).unwrap_or(rest).windows(2).any(|pair| matches!(pair, [0xff, 0xc0..=0xfe]))
}

/// What `bytes` are called, where they are a picture in any known format.
pub fn picture_name(bytes: &[u8]) -> Option<&'static str> {
    match format_by_start(bytes) {
        Some(format) => Some(format.name()),
        None => other_picture(bytes).map(|(name, ..)| name),
    }
}

fn format_by_start(bytes: &[u8]) -> Option<ImageFormat> {
    let starts: [(&[u8], ImageFormat); 3] =
        [(b"\xff\xd8\xff", ImageFormat::Jpeg), (b"\x89PNG", ImageFormat::Png), (b"RIFF", ImageFormat::WebP)];
    starts.into_iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, format)| format)
}

/// Name, media type, and what to do.
fn other_picture(bytes: &[u8]) -> Option<(&'static str, &'static str, &'static str)> {
    let known = OTHERS.iter().find(|(place, start, ..)| bytes.get(*place..).is_some_and(|bytes| bytes.starts_with(start)));
    iso_media(bytes).or(known.map(|(.., name, media_type, advice)| (*name, *media_type, *advice)))
}

/// Pictures in ISO media files name their brands in the first box (ISO/IEC 14496-12, 4.3; 23008-12, annex B; AVIF 1.1). The major brand
/// comes first, the compatible ones from the third place on.
fn iso_media(bytes: &[u8]) -> Option<(&'static str, &'static str, &'static str)> {
    if bytes.get(4..8) != Some(b"ftyp") {
        return None;
    }
    let size = be32(bytes, 0).and_then(|size| usize::try_from(size).ok()).filter(|size| (16..=1024).contains(size)).unwrap_or(16);
    let brands = bytes.get(8..size.min(bytes.len()))?.as_chunks::<4>().0;
    let named = |brands: &[&[u8; 4]]| {
        let is = |known: &[&[u8; 4]]| brands.iter().any(|brand| known.contains(brand));
        if is(&[b"avif", b"avis", b"avio", b"MA1A", b"MA1B"]) {
            Some(("AVIF", "image/avif", AVIF))
        } else if is(&[b"crx "]) {
            Some(("a camera's raw file, CR3", "image/x-canon-cr3", RAW))
        } else if is(&[b"jpx ", b"jp2 ", b"jph "]) {
            Some(("JPEG 2000", "image/jp2", JPEG_2000))
        } else if is(&[
            b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"mif3", b"msf1", b"miaf", b"MiHB",
            b"MiHE", b"MiHA", b"heif", b"avci", b"avcs", b"jpeg", b"jpgs", b"j2ki", b"j2is", b"vvic", b"vvis", b"evbi", b"evbs",
        ]) {
            Some(("HEIF/HEIC", "image/heif", HEIF))
        } else {
            None
        }
    };
    let [major, rest @ ..] = brands else { return None };
    // `mif1` and `msf1` stand for HEIF of any kind: the compatible brands say which.
    let all: Vec<&[u8; 4]> = std::iter::once(major).chain(rest.iter().skip(1)).collect();
    if matches!(major, b"mif1" | b"msf1" | b"miaf" | b"mif2" | b"mif3") { named(&all) } else { named(&[major]).or_else(|| named(&all)) }
}

/// A warning where the ending of `key` names another format.
pub fn name_warning(key: &str, format: ImageFormat) -> Option<String> {
    let file = key.rsplit('/').next().unwrap_or(key);
    let (_, ending) = file.rsplit_once('.')?;
    let fits = format.extensions().iter().any(|known| known.eq_ignore_ascii_case(ending));
    (!fits).then(|| format!("the name ends in .{ending}, the content is {}", format.name()))
}
