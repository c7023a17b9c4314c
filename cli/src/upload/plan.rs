//! What to upload: each content once.

use super::paths::{Candidate, unreadable};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};
use sightline_domain::model::{identity, image_name};
use std::{
    collections::HashMap,
    fs::{File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Files hashed at once: the disk is the limit.
const HASHES_AT_ONCE: usize = 4;

/// Size and time of a file: they show that it has changed, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    pub fn of(metadata: &Metadata) -> Self {
        Self { bytes: metadata.len(), modified: metadata.modified().ok() }
    }
}

/// The source of an image's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A file with the stamp that it had when it was hashed.
    File(Stamp),
    Stdin(Bytes),
}

/// An image to upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// A file with this content; for stdin, `--filename` or `-`.
    pub path: PathBuf,
    pub content: Content,
    pub sha256: [u8; 32],
}

impl Image {
    /// The extension of its file, as a key may have it.
    pub fn extension(&self) -> String {
        extension(&self.path)
    }
}

/// A file of the command line, before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// The path as given.
    pub file: String,
    /// Index of its image in [`Plan::images`], or why it has none.
    pub image: Result<usize, String>,
}

/// What to upload, and the image of each file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order of the command line.
    pub files: Vec<PlannedFile>,
    /// Each content once.
    pub images: Vec<Image>,
}

/// Hashes every candidate. `filename` is the name of the photo on stdin.
pub async fn plan(candidates: Vec<Candidate>, filename: Option<&str>) -> Plan {
    let read = stream::iter(candidates).map(|candidate| async move {
        let read = match (candidate.problem, candidate.stdin) {
            (Some(problem), _) => Err(problem),
            (None, Some(bytes)) => Ok((Sha256::digest(&bytes).into(), Content::Stdin(bytes))),
            (None, None) => hash(candidate.path.clone()).await,
        };
        (candidate.path, read)
    });
    arrange(read.buffered(HASHES_AT_ONCE).collect::<Vec<_>>().await, filename)
}

/// SHA-256 and content, or why the file cannot be read.
type Hashed = Result<([u8; 32], Content), String>;

fn arrange(read: Vec<(PathBuf, Hashed)>, filename: Option<&str>) -> Plan {
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
                plan.images.push(Image { path, content, sha256 });
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

/// The stamp is taken before the first byte is read, so that it shows a later change.
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

/// The extension of a file name, as a key may have it.
fn extension(path: &Path) -> String {
    path.file_name().map(|name| identity::extension(&name.to_string_lossy())).unwrap_or_default()
}

/// The content type for a file's extension; the pipeline itself looks at the content.
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

/// The name of a file, encoded for the metadata of its upload.
pub fn header_name(path: &Path) -> String {
    image_name::metadata(path.file_name().unwrap_or_default().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_with_the_same_content_are_one_image() {
        let dir = tempfile::tempdir().unwrap();
        let paths = ["a.JPG", "b.jpeg", "c.png"].map(|name| dir.path().join(name));
        for (path, content) in paths.iter().zip(["same", "same", "other"]) {
            std::fs::write(path, content).unwrap();
        }
        let bad = Candidate { problem: Some("gone".into()), ..Candidate::file("none".into()) };
        let good = paths.iter().map(|path| Candidate::file(path.clone()));
        let plan = plan(good.chain([bad]).collect(), None).await;
        assert_eq!(plan.images.len(), 2);
        let images: Vec<_> = plan.files.iter().map(|file| file.image.clone()).collect();
        assert_eq!(images, [Ok(0), Ok(0), Ok(1), Err("gone".into())]);
        assert_eq!(plan.images[0].extension(), "jpg");
    }

    #[tokio::test]
    async fn stdin_is_the_same_image_as_a_file_and_has_the_given_name() {
        let stdin = || vec![Candidate { stdin: Some(Bytes::from_static(b"same")), ..Candidate::file("-".into()) }];
        let (named, nameless) = (plan(stdin(), Some("cat.PNG")).await, plan(stdin(), None).await);
        assert_eq!(named.files[0].file, "-");
        assert_eq!((named.images[0].extension().as_str(), &*named.images[0].path), ("png", Path::new("cat.PNG")));
        assert_eq!((nameless.images[0].sha256, named.images[0].sha256), (Sha256::digest("same").into(), Sha256::digest("same").into()));
    }

    #[test]
    fn file_name_is_encoded_for_a_header() {
        assert_eq!(header_name(Path::new("x/Grüße 100%.jpg")), "Gr%C3%BC%C3%9Fe 100%25.jpg");
        assert_eq!(header_name(Path::new("a\r\nb.jpg")), "a%0D%0Ab.jpg");
    }
}
