//! Detects what a file is from its content: a format that is accepted, another image format, or something else, such as an image that is
//! still wrapped in a transport encoding. A rejection says what the content is and what to do.

use crate::picture::be32;
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use sightline_domain::model::{ImageFormat, ReasonCode, Rejection};

// What to do with an image in an unsupported format.
const EXPORT: &str = "open it in an image editor and export it as JPEG or PNG";
const RAW: &str = "develop it and export it as JPEG";
const HEIF: &str = "convert it, for example with `heif-convert photo.heic photo.jpg`; \
    an iPhone takes photos as JPEG with Settings > Camera > Formats > Most Compatible";
const AVIF: &str = "convert it, for example with `avifdec photo.avif photo.png`";
const JPEG_XL: &str = "convert it, for example with `djxl photo.jxl photo.jpg`";
const JPEG_2000: &str = "convert it, for example with `opj_decompress -i photo.jp2 -o photo.png`";

/// Image formats that are not supported: offset and bytes of the signature, name, media type, what to do.
const UNSUPPORTED: [(usize, &[u8], &str, &str, &str); 32] = [
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

/// The format of an accepted file.
///
/// # Errors
/// UNSUPPORTED_FORMAT for another image format, NOT_AN_IMAGE for any other content.
pub fn detect(bytes: &[u8]) -> Result<ImageFormat, Rejection> {
    match bytes {
        [0xff, 0xd8, rest @ ..] if has_marker(rest) => return Ok(ImageFormat::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => return Ok(ImageFormat::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => return Ok(ImageFormat::WebP),
        _ => {}
    }
    if let Some((name, media_type, advice)) = unsupported_image(bytes) {
        let detail = format!("the content is {name} ({media_type}); JPEG, PNG and WebP are accepted: {advice}");
        return Err(Rejection::new(ReasonCode::UnsupportedFormat, detail));
    }
    Err(Rejection::new(ReasonCode::NotAnImage, describe(bytes)))
}

/// Whether a marker follows SOI, at once or after a few stray bytes.
fn has_marker(rest: &[u8]) -> bool {
    rest.first() == Some(&0xff) || rest.get(..64).unwrap_or(rest).windows(2).any(|pair| matches!(pair, [0xff, 0xc0..=0xfe]))
}

/// The name of the image format that the first bytes of a file indicate.
fn image_name(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(ImageFormat::Jpeg.as_ref()),
        [0x89, b'P', b'N', b'G', ..] => Some(ImageFormat::Png.as_ref()),
        [b'R', b'I', b'F', b'F', ..] => Some(ImageFormat::WebP.as_ref()),
        _ => unsupported_image(bytes).map(|(name, ..)| name),
    }
}

/// Name, media type, and what to do.
fn unsupported_image(bytes: &[u8]) -> Option<(&'static str, &'static str, &'static str)> {
    let known = UNSUPPORTED.iter().find(|(offset, start, ..)| bytes.get(*offset..).is_some_and(|bytes| bytes.starts_with(start)));
    iso_media(bytes).or(known.map(|(.., name, media_type, advice)| (*name, *media_type, *advice)))
}

/// An image in an ISO media file. Its first box lists the brands: the major brand first, the compatible brands from the third position
/// (ISO/IEC 14496-12, 4.3; 23008-12, annex B; AVIF 1.1).
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
    // `mif1` and `msf1` mean any kind of HEIF: the compatible brands are more specific.
    let all: Vec<&[u8; 4]> = std::iter::once(major).chain(rest.iter().skip(1)).collect();
    if matches!(major, b"mif1" | b"msf1" | b"miaf" | b"mif2" | b"mif3") { named(&all) } else { named(&[major]).or_else(|| named(&all)) }
}

/// A warning if the extension of `key` belongs to another format.
pub fn extension_warning(key: &str, format: ImageFormat) -> Option<String> {
    let file = key.rsplit('/').next().unwrap_or(key);
    let (_, extension) = file.rsplit_once('.')?;
    let fits = format.extensions().iter().any(|known| known.eq_ignore_ascii_case(extension));
    (!fits).then(|| format!("the name ends in .{extension}, the content is {}", format.as_ref()))
}

/// How much of a file that is not an image is examined.
const START_BYTES: usize = 16_384;

/// First bytes of content that is uploaded instead of an image (case is ignored), and its description.
const NOT_IMAGES: [(&[u8], &str); 27] = [
    (b"version https://git-lfs.github.com/spec/", "a Git LFS pointer, not the image itself: run `git lfs pull` and upload the file again"),
    (b"version https://hawser.github.com/spec/", "a Git LFS pointer, not the image itself: run `git lfs pull` and upload the file again"),
    (b"/annex/objects/", "a git-annex pointer, not the image itself: run `git annex get` and upload the file again"),
    (b"oid sha256:", "a Git LFS pointer, not the image itself: run `git lfs pull` and upload the file again"),
    (b"\x1f\x8b", "a gzip archive: unpack it before uploading; Content-Encoding is not decoded"),
    (b"BZh", "a bzip2 archive: unpack it before uploading"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive: unpack it before uploading; Content-Encoding is not decoded"),
    (b"\xfd7zXZ\0", "an xz archive: unpack it before uploading"),
    (b"PK\x03\x04", "a ZIP archive, or an Office document: upload the images in it one by one"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: upload the images in it one by one"),
    (b"Rar!", "a RAR archive: upload the images in it one by one"),
    (b"%PDF", "a PDF: export its pages as images"),
    (b"\0\x05\x16\x07", "a macOS AppleDouble file, which only holds attributes of another file: upload the other file"),
    (b"bplist00", "an Apple property list, such as the placeholder of a file in iCloud: download the file first"),
    (b"\xef\xbf\xbd\xef\xbf\xbd", "binary data that was decoded as text, which destroyed it: send the file as binary, not as UTF-8 text"),
    (b"\xef\xbf\xbdPNG", "binary data that was decoded as text, which destroyed it: send the file as binary, not as UTF-8 text"),
    (b"\xc3\xbf\xc3\x98\xc3\xbf", "a JPEG whose bytes were converted to UTF-8 text: send the file as binary"),
    (b"\xc2\x89PNG", "a PNG whose bytes were converted to UTF-8 text: send the file as binary"),
    (b"\x89PNG", "a PNG whose line ends were converted: send the file as binary, not as text"),
    (b"b'\\xff\\xd8", "the text form of Python bytes: write the bytes themselves"),
    (b"b'\\x89PNG", "the text form of Python bytes: write the bytes themselves"),
    (b"HTTP/", "a whole HTTP response: upload only its body"),
    (b"<!doctype html", "an HTML page, such as an error or a sign-in page that was saved in place of the image: get the image itself"),
    (b"<html", "an HTML page, such as an error or a sign-in page that was saved in place of the image: get the image itself"),
    (b"<svg", "an SVG drawing: export it as PNG"),
    (b"[InternetShortcut]", "a shortcut to a web page: save the image itself"),
    (b"L\0\0\0\x01\x14\x02\0", "a Windows shortcut: upload the file that it points to"),
];

/// One sentence that says what content that is not an image is and, if known, what to do.
fn describe(bytes: &[u8]) -> String {
    let start = utf16_to_utf8(bytes.get(..START_BYTES).unwrap_or(bytes));
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start).trim_ascii_start();
    if let Some(name) = image_name(text).filter(|_| text.len() < start.len()) {
        return format!("the content is an image ({name}) after an empty line or a byte order mark: send the file without them");
    }
    let known = NOT_IMAGES.iter().find(|(known, _)| begins(text, known)).map(|(_, description)| (*description).to_owned());
    if let Some(description) = known.or_else(|| http_body(text)).or_else(|| encoded_text(text)).or_else(|| markup(text)) {
        return format!("the content is {description}");
    }
    match infer::get(bytes) {
        Some(kind) => format!("the content is {}, not an image", kind.mime_type()),
        None if bytes.iter().all(|byte| *byte == 0) => "the content is only zeros; the file was never written".to_owned(),
        None => "the content is not in any known image format".to_owned(),
    }
}

/// Converts UTF-16 with a byte order mark, which PowerShell writes, to UTF-8.
fn utf16_to_utf8(start: &[u8]) -> Vec<u8> {
    let unit: fn([u8; 2]) -> u16 = match start {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return start.to_vec(),
    };
    let units: Vec<u16> = start.as_chunks::<2>().0.iter().skip(1).map(|pair| unit(*pair)).collect();
    String::from_utf16_lossy(&units).into_bytes()
}

/// A whole HTTP request body, with the image in a part of it.
fn http_body(text: &[u8]) -> Option<String> {
    let line = text.split(|byte| *byte == b'\n').next()?;
    if contains(line, b";chunk-signature=") {
        return Some("an aws-chunked request body: send the image itself as the body".to_owned());
    }
    let has_boundary = line.starts_with(b"--") || contains(text, b"\n--");
    let has_part = contains(text, b"\ncontent-disposition:") || contains(text, b"\ncontent-type:") || contains(text, b"\ncontent-id:");
    let starts: [&[u8]; 3] = [b"content-disposition:", b"content-type: multipart/", b"mime-version:"];
    if has_boundary && has_part || starts.iter().any(|start| begins(text, start)) {
        return Some("a multipart form, not the image in it: send the image itself as the body".to_owned());
    }
    None
}

/// Base64 (alone, in a data URL, in JSON, or in a form field) or hexadecimal text.
fn encoded_text(text: &[u8]) -> Option<String> {
    if begins(text, b"data:") {
        return Some("a data URL: decode its base64 part and upload the bytes".to_owned());
    }
    // In a URL, JSON, a form or XML it follows a comma, a quote, an equals sign or a tag.
    let starts = std::iter::once(0).chain(text.iter().enumerate().filter(|(_, byte)| b"\"'=,>".contains(byte)).map(|(at, _)| at + 1));
    if let Some(name) = starts.take(2000).find_map(|start| image_name(&base64_start(text.get(start..)?)?)) {
        let advice = "decode it and upload the bytes; in API Gateway, set the binary media types";
        return Some(format!("base64 text of an image ({name}): {advice}"));
    }
    if text.get(..32).and_then(|text| image_name(&hex::decode(text).ok()?)).is_some() {
        return Some("hexadecimal text of an image: decode it and upload the bytes".to_owned());
    }
    is_long_base64(text).then(|| "base64 text: decode it and upload the bytes".to_owned())
}

/// The first bytes that base64 text encodes, in either alphabet and with the escapes of forms (`%2B`) and JSON (`\/`); `None` for other text.
fn base64_start(text: &[u8]) -> Option<Vec<u8>> {
    let unescaped = String::from_utf8_lossy(text.get(..64).unwrap_or(text)).replace("%2B", "+").replace("%2b", "+");
    let unescaped = unescaped.replace("%2F", "/").replace("%2f", "/").replace("\\/", "/").replace('-', "+").replace('_', "/");
    let characters = unescaped.bytes().filter(|byte| !byte.is_ascii_whitespace()).take_while(|byte| is_base64(*byte)).take(32);
    let characters: Vec<u8> = characters.collect();
    let groups = characters.as_chunks::<4>().0;
    (groups.len() >= 4).then(|| BASE64_STANDARD_NO_PAD.decode(groups.as_flattened()).ok())?
}

fn is_base64(character: u8) -> bool {
    character.is_ascii_alphanumeric() || b"+-/_".contains(&character)
}

/// Whether all of `text` may be base64, and its lines are too long without spaces to be words.
fn is_long_base64(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let is_dense = |line: &[u8]| line.iter().all(|byte| is_base64(*byte) || *byte == b'=');
    text.len() >= 200 && lines.clone().all(is_dense) && lines.clone().next().is_some_and(|line| line.len() >= 60)
}

/// XML, HTML and JSON, such as error responses of services.
fn markup(text: &[u8]) -> Option<String> {
    if contains(text, b"<svg") {
        return Some("an SVG drawing: export it as PNG".to_owned());
    }
    if contains(text, b"<error>") && contains(text, b"<code>") {
        return Some("an S3 error response (XML) that was saved in place of the image: get the image itself".to_owned());
    }
    if contains(text, b"<html") {
        return Some(
            "an HTML page, such as an error or a sign-in page that was saved in place of the image: get the image itself".to_owned(),
        );
    }
    let is_json = text.starts_with(b"{") && contains(text, b"\"") || text.starts_with(b"[{") || text.starts_with(b"[\"");
    if is_json {
        return Some("JSON, such as an error that was saved in place of the image: get the image itself".to_owned());
    }
    begins(text, b"<?xml").then(|| "XML, not an image".to_owned())
}

fn begins(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}
