//! Which files an upload means, checked before anything is sent.

use crate::output::text::clean;
use std::{
    fs::{File, Metadata},
    io,
    path::{Path, PathBuf},
};

/// What one `PutObject` takes at most (S3 user guide, uploading objects).
const MAX_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// A file, and whether it can be uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The path, as given or as found in a given folder.
    pub path: PathBuf,
    /// Why it cannot be uploaded: one sentence.
    pub problem: Option<String>,
}

/// The files that `paths` name, in their order; those in folders by name. Nothing is left out silently but what begins with a dot.
pub fn collect(paths: &[PathBuf]) -> Vec<Candidate> {
    let mut found = Vec::new();
    for path in paths {
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => {
                let before = found.len();
                walk(path, &mut found);
                if found.len() == before {
                    found.push(refused(path, "the folder holds no files".to_owned()));
                }
            }
            Ok(metadata) => found.push(file(path, &metadata)),
            Err(error) => found.push(refused(path, unreadable(&error))),
        }
    }
    found
}

fn walk(folder: &Path, found: &mut Vec<Candidate>) {
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => return found.push(refused(folder, unreadable(&error))),
    };
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries.iter().filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b".")) {
        let path = entry.path();
        // Links to folders are not followed, since they may lead back up.
        match (entry.file_type(), path.metadata()) {
            (Ok(kind), _) if kind.is_dir() => walk(&path, found),
            (Ok(kind), Ok(metadata)) if kind.is_symlink() && metadata.is_dir() => {}
            (_, Ok(metadata)) => found.push(file(&path, &metadata)),
            (_, Err(error)) => found.push(refused(&path, unreadable(&error))),
        }
    }
}

fn file(path: &Path, metadata: &Metadata) -> Candidate {
    if !metadata.is_file() {
        return refused(path, "it is not a file".to_owned());
    }
    if metadata.len() > MAX_BYTES {
        return refused(path, "it has more than 5 GB, which S3 does not take in one upload".to_owned());
    }
    let problem = File::open(path).err().map(|error| unreadable(&error));
    Candidate { path: path.to_owned(), problem }
}

fn refused(path: &Path, problem: String) -> Candidate {
    Candidate { path: path.to_owned(), problem: Some(problem) }
}

/// Why a file cannot be read, without the system's error number.
pub fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => format!("it cannot be read: {}", clean(&error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: &[Candidate]) -> Vec<(String, Option<&str>)> {
        found.iter().map(|c| (c.path.file_name().unwrap().to_string_lossy().into_owned(), c.problem.as_deref())).collect()
    }

    #[test]
    fn folders_give_their_files_by_name_and_every_bad_path_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let sub = dir.path().join("sub");
        std::fs::create_dir_all(dir.path().join("empty")).unwrap();
        std::fs::create_dir_all(&sub).unwrap();
        for file in ["b.jpg", "a.png", ".DS_Store"] {
            std::fs::write(dir.path().join(file), "x").unwrap();
        }
        std::fs::write(sub.join("ü +.webp"), "").unwrap();
        std::os::unix::fs::symlink(dir.path(), sub.join("loop")).unwrap();
        let found = collect(&[dir.path().to_owned(), dir.path().join("none.jpg"), dir.path().join("empty")]);
        let expected = [
            ("a.png", None),
            ("b.jpg", None),
            ("ü +.webp", None),
            ("none.jpg", Some("there is no such file")),
            ("empty", Some("the folder holds no files")),
        ];
        assert_eq!(names(&found), expected.map(|(name, problem)| (name.to_owned(), problem)));
    }

    #[test]
    fn a_device_is_no_file() {
        assert_eq!(collect(&[PathBuf::from("/dev/null")])[0].problem.as_deref(), Some("it is not a file"));
    }

    #[test]
    fn what_s3_would_refuse_is_refused_here() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("huge.jpg");
        File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert!(collect(&[path])[0].problem.as_deref().unwrap().contains("5 GB"));
    }
}
