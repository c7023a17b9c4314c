//! Says what a file is that is not an image: mostly an image in the wrapping of some transport, which the sender can take off.

use crate::sniff::picture_name;

/// How much of a file is looked at.
const START_BYTES: usize = 16_384;

/// Starts of what is sent instead of an image, in any case, and what to say about it.
const STARTS: [(&[u8], &str); 27] = [
    (b"version https://git-lfs.github.com/spec/", "a Git LFS pointer, not the image itself: run `git lfs pull` and upload the file again"),
    (b"version https://hawser.github.com/spec/", "a Git LFS pointer, not the image itself: run `git lfs pull` and upload the file again"),
    (b"/annex/objects/", "a git-annex pointer, not the image itself: run `git annex get` and upload the file again"),
    (b"oid sha256:", "a Git LFS pointer, not the image itself: run `git lfs pull` and upload the file again"),
    (b"\x1f\x8b", "a gzip archive: unpack it before it is uploaded; a Content-Encoding is not undone"),
    (b"BZh", "a bzip2 archive: unpack it before it is uploaded"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive: unpack it before it is uploaded; a Content-Encoding is not undone"),
    (b"\xfd7zXZ\0", "an xz archive: unpack it before it is uploaded"),
    (b"PK\x03\x04", "a ZIP archive, or an Office document: upload the images in it one by one"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: upload the images in it one by one"),
    (b"Rar!", "a RAR archive: upload the images in it one by one"),
    (b"%PDF", "a PDF: export its pages as images"),
    (b"\0\x05\x16\x07", "a file in which macOS keeps attributes of another file (AppleDouble): upload the other file"),
    (b"bplist00", "an Apple property list, such as iCloud leaves in place of a file: download the file first"),
    (b"\xef\xbf\xbd\xef\xbf\xbd", "text that was made of bytes, which are lost: send the file as binary, not as UTF-8 text"),
    (b"\xef\xbf\xbdPNG", "text that was made of bytes, which are lost: send the file as binary, not as UTF-8 text"),
    (b"\xc3\xbf\xc3\x98\xc3\xbf", "a JPEG whose bytes were converted to UTF-8 text: send the file as binary"),
    (b"\xc2\x89PNG", "a PNG whose bytes were converted to UTF-8 text: send the file as binary"),
    (b"\x89PNG", "a PNG whose line ends were converted: send the file as binary, not as text"),
    (b"b'\\xff\\xd8", "the text in which Python shows bytes: write the bytes themselves"),
    (b"b'\\x89PNG", "the text in which Python shows bytes: write the bytes themselves"),
    (b"HTTP/", "a whole HTTP answer: upload its body only"),
    (b"<!doctype html", "an HTML page, such as an error or a sign-in page that was saved in place of the image: get the image itself"),
    (b"<html", "an HTML page, such as an error or a sign-in page that was saved in place of the image: get the image itself"),
    (b"<svg", "an SVG drawing: export it as PNG"),
    (b"[InternetShortcut]", "a shortcut to a web page: save the image itself"),
    (b"L\0\0\0\x01\x14\x02\0", "a Windows shortcut: upload the file that it points to"),
];

/// One sentence on what `bytes` are, and what to do where that is known.
pub fn explanation(bytes: &[u8]) -> String {
    let start = without_utf16(bytes.get(..START_BYTES).unwrap_or(bytes));
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start).trim_ascii_start();
    if let Some(name) = picture_name(text).filter(|_| text.len() < start.len()) {
        return format!("the content is an image ({name}) behind an empty line or a byte order mark: send the file without them");
    }
    let begins = |known: &[u8]| text.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known));
    if let Some((_, what)) = STARTS.iter().find(|(known, _)| begins(known)) {
        return format!("the content is {what}");
    }
    if let Some(what) = transport(text).or_else(|| base64(text)).or_else(|| markup(text)) {
        return format!("the content is {what}");
    }
    match infer::get(bytes) {
        Some(kind) => format!("the content is {}, not an image", kind.mime_type()),
        None if bytes.iter().all(|byte| *byte == 0) => "the content is zeros only; the file was never written".to_owned(),
        None => "the content is not in any known image format".to_owned(),
    }
}

/// UTF-16 with a byte order mark, as PowerShell writes text, as UTF-8.
fn without_utf16(start: &[u8]) -> Vec<u8> {
    let unit: fn([u8; 2]) -> u16 = match start {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return start.to_vec(),
    };
    let units: Vec<u16> = start.as_chunks::<2>().0.iter().skip(1).map(|pair| unit(*pair)).collect();
    String::from_utf16_lossy(&units).into_bytes()
}

/// Bodies of HTTP requests.
fn transport(text: &[u8]) -> Option<String> {
    let line = text.split(|byte| *byte == b'\n').next()?;
    if contains(line, b";chunk-signature=") {
        return Some("a body in the chunks of a signed stream (aws-chunked): send the image itself as the body".to_owned());
    }
    let has_boundary = line.starts_with(b"--") || contains(text, b"\n--");
    let has_part = contains(text, b"\ncontent-disposition:") || contains(text, b"\ncontent-type:") || contains(text, b"\ncontent-id:");
    let starts: [&[u8]; 3] = [b"content-disposition:", b"content-type: multipart/", b"mime-version:"];
    if has_boundary && has_part || starts.iter().any(|start| begins(text, start)) {
        return Some("a multipart form, not the image in it: send the image itself as the body".to_owned());
    }
    None
}

/// Base64, alone, in a data URL, in JSON, or in a form field.
fn base64(text: &[u8]) -> Option<String> {
    if begins(text, b"data:") {
        return Some("a data URL: decode its base64 part and upload the bytes".to_owned());
    }
    // Behind a comma, a quote, an equals sign or a tag: where a URL, JSON, a form or XML has it.
    let starts = std::iter::once(0).chain(text.iter().enumerate().filter(|(_, byte)| b"\"'=,>".contains(byte)).map(|(place, _)| place + 1));
    let picture = starts.take(2000).find_map(|start| decoded_start(text.get(start..)?).as_deref().and_then(picture_name));
    let picture = picture.or_else(|| hexadecimal(text).as_deref().and_then(picture_name).map(|_| "hexadecimal"));
    match picture {
        Some("hexadecimal") => Some("hexadecimal text of an image: decode it and upload the bytes".to_owned()),
        Some(name) => {
            Some(format!("base64 text of an image ({name}): decode it and upload the bytes; in API Gateway, set the binary media types"))
        }
        None => is_long_base64(text).then(|| "base64 text: decode it and upload the bytes".to_owned()),
    }
}

/// The first bytes of base64 text, in either alphabet and with `%2B` and such as forms write them; `None` where it is none.
fn decoded_start(text: &[u8]) -> Option<Vec<u8>> {
    let unescaped = String::from_utf8_lossy(text.get(..64).unwrap_or(text)).replace("%2B", "+").replace("%2b", "+");
    let unescaped = unescaped.replace("%2F", "/").replace("%2f", "/").replace("\\/", "/");
    let sextets = unescaped.bytes().filter(|byte| !byte.is_ascii_whitespace()).map_while(sextet).take(32);
    let sextets: Vec<u32> = sextets.collect();
    let bytes = sextets.as_chunks::<4>().0.iter().flat_map(|[a, b, c, d]| {
        let [_, bytes @ ..] = (a << 18 | b << 12 | c << 6 | d).to_be_bytes();
        bytes
    });
    (sextets.len() >= 16).then(|| bytes.collect())
}

fn sextet(character: u8) -> Option<u32> {
    Some(match character {
        b'A'..=b'Z' => u32::from(character - b'A'),
        b'a'..=b'z' => u32::from(character - b'a') + 26,
        b'0'..=b'9' => u32::from(character - b'0') + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// The first bytes of hexadecimal text.
fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text.get(..32)?).ok()?;
    (0..16).map(|at| u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()).collect()
}

/// Whether all of `text` may be base64, and is too long and too dense to be words.
fn is_long_base64(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let is_dense = |line: &[u8]| line.iter().all(|byte| sextet(*byte).is_some() || *byte == b'=');
    text.len() >= 200 && lines.clone().all(is_dense) && lines.clone().next().is_some_and(|line| line.len() >= 60)
}

/// XML and JSON, which services answer with in place of an image.
fn markup(text: &[u8]) -> Option<String> {
    if contains(text, b"<svg") {
        return Some("an SVG drawing: export it as PNG".to_owned());
    }
    if contains(text, b"<error>") && contains(text, b"<code>") {
        return Some("an error that S3 answered with (XML), saved in place of the image: get the image itself".to_owned());
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
