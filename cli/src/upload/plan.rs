//! What has to be uploaded: each content once, under a key that its content chooses.

use super::paths::{Candidate, unreadable};
use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};
use sightline_domain::{
    identity::{self, content_key},
    image_name,
};
use std::{
    collections::HashMap,
    fmt::Write as _,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Files hashed at once: the disk is the limit.
const HASHES_AT_ONCE: usize = 4;

/// An image to upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its `ImageID`.
    pub id: String,
    /// Its key.
    pub key: String,
    /// A file with its content.
    pub path: PathBuf,
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

/// Reads every candidate once.
pub async fn plan(candidates: Vec<Candidate>, owner: &str) -> Plan {
    let hashed = stream::iter(candidates).map(|candidate| async move {
        let hash = match candidate.problem.clone() {
            Some(problem) => Err(problem),
            None => hash(candidate.path.clone()).await,
        };
        (candidate.path, hash)
    });
    arrange(hashed.buffered(HASHES_AT_ONCE).collect::<Vec<_>>().await, owner)
}

fn arrange(hashed: Vec<(PathBuf, Result<[u8; 32], String>)>, owner: &str) -> Plan {
    let mut plan = Plan::default();
    let mut known: HashMap<[u8; 32], usize> = HashMap::new();
    for (path, hash) in hashed {
        let file = path.to_string_lossy().into_owned();
        let image = hash.map(|sha256| {
            *known.entry(sha256).or_insert_with(|| {
                let (key, id) = content_key(owner, &hex(&sha256), &extension(&path));
                plan.images.push(Image { id, key, path, sha256 });
                plan.images.len() - 1
            })
        });
        plan.files.push(PlannedFile { file, image });
    }
    plan
}

async fn hash(path: PathBuf) -> Result<[u8; 32], String> {
    let hashing = tokio::task::spawn_blocking(move || digest(&path)).await;
    hashing.map_err(io::Error::other).and_then(|digest| digest).map_err(|error| unreadable(&error))
}

fn digest(path: &Path) -> io::Result<[u8; 32]> {
    let (mut file, mut hasher, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
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
        let bad = Candidate { path: "none".into(), problem: Some("gone".into()) };
        let good = paths.iter().map(|path| Candidate { path: path.clone(), problem: None });
        let plan = plan(good.chain([bad]).collect(), "anna").await;
        assert_eq!(plan.images.len(), 2);
        let images: Vec<_> = plan.files.iter().map(|file| file.image.clone()).collect();
        assert_eq!(images, [Ok(0), Ok(0), Ok(1), Err("gone".into())]);
        assert!(plan.images[0].key.starts_with("raw-uploads/anna/") && plan.images[0].key.split('.').next_back() == Some("jpg"));
        assert!(plan.images[0].key.contains(&plan.images[0].id));
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
