//! What has to be uploaded: each content once, under a key that its content chooses.

use super::paths::{Candidate, unreadable};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};
use sightline_domain::model::{
    identity::{self, content_key},
    image_name,
};
use std::{
    collections::HashMap,
    fmt::Write as _,
    fs::{File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Files hashed at once: the disk is the limit.
const HASHES_AT_ONCE: usize = 4;

/// What tells two contents of a file apart without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    /// Of a file.
    pub fn of(metadata: &Metadata) -> Self {
        Self { bytes: metadata.len(), modified: metadata.modified().ok() }
    }
}

/// Where the content of an image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A file, as it was when it was read.
    File(Stamp),
    /// Stdin.
    Stdin(Bytes),
}

/// An image to upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its `ImageID`.
    pub id: String,
    /// Its key.
    pub key: String,
    /// A file with its content; of stdin, the name that was given for it.
    pub path: PathBuf,
    /// Its content.
    pub content: Content,
    /// SHA-256 of its content.
    pub sha256: [u8; 32],
}

/// A line of the report, before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// The path as given.
    pub file: String,
    /// Index of its image, or why there is none.
    pub image: Result<usize, String>,
}

/// What to upload, and which file is which image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Every file, in order.
    pub files: Vec<PlannedFile>,
    /// Every content, once.
    pub images: Vec<Image>,
}

/// Reads every candidate once. `filename` is the name of what came from stdin.
pub async fn plan(candidates: Vec<Candidate>, owner: &str, filename: Option<&str>) -> Plan {
    let read = stream::iter(candidates).map(|candidate| async move {
        let read = match (candidate.problem, candidate.stdin) {
            (Some(problem), _) => Err(problem),
            (None, Some(bytes)) => Ok((Sha256::digest(&bytes).into(), Content::Stdin(bytes))),
            (None, None) => hash(candidate.path.clone()).await,
        };
        (candidate.path, read)
    });
    arrange(read.buffered(HASHES_AT_ONCE).collect::<Vec<_>>().await, owner, filename)
}

/// SHA-256 and content of a candidate, or why it cannot be read.
type Hashed = Result<([u8; 32], Content), String>;

fn arrange(read: Vec<(PathBuf, Hashed)>, owner: &str, filename: Option<&str>) -> Plan {
    let mut plan = Plan::default();
    let mut known: HashMap<[u8; 32], usize> = HashMap::new();
    for (path, read) in read {
        let file = path.to_string_lossy().into_owned();
        let image = read.map(|(sha256, content)| {
            *known.entry(sha256).or_insert_with(|| {
                let path = match (&content, filename) {
                    (Content::Stdin(_), Some(name)) => PathBuf::from(name),
                    _ => path,
                };
                let (key, id) = content_key(owner, &hex(&sha256), &extension(&path));
                plan.images.push(Image { id, key, path, content, sha256 });
                plan.images.len() - 1
            })
        });
        plan.files.push(PlannedFile { file, image });
    }
    plan
}

async fn hash(path: PathBuf) -> Hashed {
    let reading = path.clone();
    let read = tokio::task::spawn_blocking(move || digest(&reading)).await;
    let (sha256, stamp) = read.map_err(io::Error::other).and_then(|read| read).map_err(|error| unreadable(&path, &error))?;
    Ok((sha256, Content::File(stamp)))
}

/// The stamp is that from before the first byte is read: a later change shows.
fn digest(path: &Path) -> io::Result<([u8; 32], Stamp)> {
    let (mut file, mut hasher, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 1 << 20]);
    let stamp = Stamp::of(&file.metadata()?);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((hasher.finalize().into(), stamp)),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

/// Lower-case hex.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The ending of a file's name, as it may stand in a key.
fn extension(path: &Path) -> String {
    path.file_name().map(|name| identity::extension(&name.to_string_lossy())).unwrap_or_default()
}

/// The type that a file's name promises; the pipeline itself goes by content.
pub fn content_type(path: &Path) -> &'static str {
    match extension(path).as_str() {
        "jpg" | "jpeg" | "jpe" | "jfif" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "heic" => "image/heic",
        "avif" => "image/avif",
        "bmp" => "image/bmp",
        "tif" | "tiff" => "image/tiff",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// The name of a file as its upload carries it in its metadata.
pub fn header_name(path: &Path) -> String {
    image_name::metadata(path.file_name().unwrap_or_default().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_same_content_is_one_image_whatever_its_names() {
        let dir = tempfile::tempdir().unwrap();
        let paths = ["a.JPG", "b.jpeg", "c.png"].map(|name| dir.path().join(name));
        for (path, content) in paths.iter().zip(["same", "same", "other"]) {
            std::fs::write(path, content).unwrap();
        }
        let bad = Candidate { problem: Some("gone".into()), ..Candidate::file("none".into()) };
        let good = paths.iter().map(|path| Candidate::file(path.clone()));
        let plan = plan(good.chain([bad]).collect(), "anna", None).await;
        assert_eq!(plan.images.len(), 2);
        let images: Vec<_> = plan.files.iter().map(|file| file.image.clone()).collect();
        assert_eq!(images, [Ok(0), Ok(0), Ok(1), Err("gone".into())]);
        assert!(plan.images[0].key.starts_with("raw-uploads/anna/") && plan.images[0].key.split('.').next_back() == Some("jpg"));
        assert!(plan.images[0].key.contains(&plan.images[0].id));
    }

    #[tokio::test]
    async fn what_came_from_stdin_is_the_same_image_as_a_file_and_has_the_name_that_was_given() {
        let stdin = || vec![Candidate { stdin: Some(Bytes::from_static(b"same")), ..Candidate::file("-".into()) }];
        let (named, nameless) = (plan(stdin(), "anna", Some("cat.PNG")).await, plan(stdin(), "anna", None).await);
        assert_eq!(named.files[0].file, "-");
        assert!(named.images[0].key.split('.').next_back() == Some("png") && named.images[0].path == Path::new("cat.PNG"), "{named:?}");
        assert_eq!((&nameless.images[0].id, nameless.images[0].sha256), (&named.images[0].id, <[u8; 32]>::from(Sha256::digest("same"))));
    }

    #[test]
    fn names_travel_in_headers() {
        assert_eq!(header_name(Path::new("x/Grüße 100%.jpg")), "Gr%C3%BC%C3%9Fe 100%25.jpg");
        assert_eq!(header_name(Path::new("a\r\nb.jpg")), "a%0D%0Ab.jpg");
    }

    #[test]
    fn hex_is_lower_case() {
        assert_eq!(hex(&[0, 171, 255]), "00abff");
    }
}
