//! The files that the paths of an upload name, checked before anything is sent.

use crate::{
    error::CliError,
    output::{clean, count},
};
use bytes::Bytes;
use std::{
    fs::{File, Metadata},
    io::{self, IsTerminal, Read},
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
};

/// Largest body of one `PutObject` (S3 user guide, uploading objects).
const MAX_BYTES: u64 = 5 * 1024 * 1024 * 1024;
/// Largest photo on stdin: it is held in memory.
const MAX_STDIN_BYTES: u64 = 100 * 1024 * 1024;
/// The path that means stdin.
const STDIN: &str = "-";

/// A file, and whether it can be uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The path as given, or as found in a given folder.
    pub path: PathBuf,
    /// The content of stdin.
    pub stdin: Option<Bytes>,
    /// Why it cannot be uploaded, as one sentence.
    pub problem: Option<String>,
}

impl Candidate {
    /// A file that can be uploaded.
    pub const fn file(path: PathBuf) -> Self {
        Self { path, stdin: None, problem: None }
    }
}

/// The files of a command line.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// In the order of the paths; files of a folder by name.
    pub candidates: Vec<Candidate>,
    /// A sentence for everything in folders that is not uploaded.
    pub skipped: Vec<String>,
}

/// Finds the files that `paths` name, and reads stdin for the path `-`.
///
/// # Errors
///
/// `CliError::Usage` if stdin is a terminal.
pub fn collect(paths: &[PathBuf]) -> Result<Collected, CliError> {
    let mut collected = Collected::default();
    for path in paths {
        match path.metadata() {
            _ if path.as_os_str() == STDIN => {
                let is_repeated = collected.candidates.iter().any(|candidate| candidate.path == *path);
                collected.candidates.push(if is_repeated { refused(path, "stdin can be read only once".to_owned()) } else { stdin()? });
            }
            Ok(metadata) if metadata.is_dir() => collected.folder(path),
            Ok(metadata) => collected.candidates.push(file(path, &metadata)),
            Err(error) => collected.candidates.push(refused(path, unreadable(path, &error))),
        }
    }
    Ok(collected)
}

impl Collected {
    fn folder(&mut self, path: &Path) {
        let (before, mut hidden) = (self.candidates.len(), 0);
        self.walk(path, &mut hidden);
        let names = format!("{} that begin{} with a dot", count(hidden, "name"), if hidden == 1 { "s" } else { "" });
        match (self.candidates.len() == before, hidden) {
            (true, 0) => self.candidates.push(refused(path, "the folder has no files".to_owned())),
            (true, _) => {
                self.candidates.push(refused(path, format!("the folder has only {names}; name a file to upload it")));
            }
            (false, 0) => {}
            (false, _) => self.skipped.push(format!("{}: skipped {names}", path.display())),
        }
    }

    fn walk(&mut self, folder: &Path, hidden: &mut usize) {
        let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.candidates.push(refused(folder, unreadable(folder, &error))),
        };
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            match (entry.file_type(), path.metadata()) {
                _ if entry.file_name().as_encoded_bytes().starts_with(b".") => *hidden += 1,
                (Ok(kind), _) if kind.is_dir() => self.walk(&path, hidden),
                // Links to folders are not followed: they may lead to a parent folder.
                (Ok(kind), Ok(metadata)) if kind.is_symlink() && metadata.is_dir() => {
                    self.skipped.push(format!("{}: skipped: it is a link to a folder", path.display()));
                }
                (_, Ok(metadata)) => self.candidates.push(file(&path, &metadata)),
                (_, Err(error)) => self.candidates.push(refused(&path, unreadable(&path, &error))),
            }
        }
    }
}

fn stdin() -> Result<Candidate, CliError> {
    let mut input = io::stdin().lock();
    if input.is_terminal() {
        let hint = "stdin is a terminal; pipe a photo into the command, such as `sightline upload - < photo.jpg`";
        return Err(CliError::Usage(hint.to_owned()));
    }
    Ok(from_reader(&mut input, MAX_STDIN_BYTES))
}

fn from_reader(input: &mut impl Read, most: u64) -> Candidate {
    let (path, mut content) = (Path::new(STDIN), Vec::new());
    match input.take(most + 1).read_to_end(&mut content) {
        Err(error) => refused(path, format!("stdin cannot be read: {}", reason(&error))),
        Ok(0) => refused(path, "stdin was empty".to_owned()),
        Ok(_) if content.len() as u64 > most => {
            refused(path, format!("it is larger than {} MB; save it as a file and upload that", most / (1024 * 1024)))
        }
        Ok(_) => Candidate { stdin: Some(Bytes::from(content)), ..Candidate::file(path.to_owned()) },
    }
}

fn file(path: &Path, metadata: &Metadata) -> Candidate {
    if let Some(problem) = not_a_file(metadata) {
        return refused(path, problem.to_owned());
    }
    if metadata.len() > MAX_BYTES {
        return refused(path, "it is larger than 5 GB, the limit of S3 for one upload".to_owned());
    }
    let problem = File::open(path).err().map(|error| unreadable(path, &error));
    Candidate { problem, ..Candidate::file(path.to_owned()) }
}

/// Why something that is not a folder is not a file either; reading it might never end.
pub fn not_a_file(metadata: &Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    if kind.is_file() {
        None
    } else if kind.is_fifo() {
        Some("it is a named pipe and not a file; `sightline upload -` reads a photo from a pipe")
    } else if kind.is_socket() {
        Some("it is a socket and not a file")
    } else {
        Some("it is a device and not a file")
    }
}

fn refused(path: &Path, problem: String) -> Candidate {
    Candidate { problem: Some(problem), ..Candidate::file(path.to_owned()) }
}

/// Why the file at `path` cannot be read, without the system's error number.
pub fn unreadable(path: &Path, error: &io::Error) -> String {
    let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    match error.kind() {
        io::ErrorKind::NotFound if is_link => "it is a link to a file that does not exist".to_owned(),
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        // `ErrorKind::FilesystemLoop` is not stable.
        _ if is_link => format!("it is a link that cannot be followed: {}", reason(error)),
        _ => format!("it cannot be read: {}", reason(error)),
    }
}

/// The system's message without its error number, and in lower case, for the middle of a sentence.
fn reason(error: &io::Error) -> String {
    let message = clean(&error.to_string());
    let mut letters = message.split(" (os error").next().unwrap_or_default().chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: &[Candidate]) -> Vec<(String, Option<&str>)> {
        found.iter().map(|c| (c.path.file_name().unwrap().to_string_lossy().into_owned(), c.problem.as_deref())).collect()
    }

    #[test]
    fn files_of_folders_are_sorted_and_every_bad_path_has_a_problem() {
        let dir = tempfile::tempdir().unwrap();
        let sub = dir.path().join("sub");
        std::fs::create_dir_all(dir.path().join("empty")).unwrap();
        std::fs::create_dir_all(&sub).unwrap();
        for file in ["b.jpg", "a.png", ".DS_Store"] {
            std::fs::write(dir.path().join(file), "x").unwrap();
        }
        std::fs::write(sub.join("ü +.webp"), "").unwrap();
        std::os::unix::fs::symlink(dir.path(), sub.join("loop")).unwrap();
        std::os::unix::fs::symlink("circle.jpg", sub.join("circle.jpg")).unwrap();
        std::os::unix::fs::symlink("nowhere", sub.join("dangling.jpg")).unwrap();
        let Collected { candidates: found, skipped } =
            collect(&[dir.path().to_owned(), dir.path().join("none.jpg"), dir.path().join("empty")]).unwrap();
        let expected = [
            ("a.png", None),
            ("b.jpg", None),
            ("circle.jpg", Some("it is a link that cannot be followed: too many levels of symbolic links")),
            ("dangling.jpg", Some("it is a link to a file that does not exist")),
            ("ü +.webp", None),
            ("none.jpg", Some("it does not exist")),
            ("empty", Some("the folder has no files")),
        ];
        assert_eq!(names(&found), expected.map(|(name, problem)| (name.to_owned(), problem)));
        let root = dir.path().display();
        let expected =
            [format!("{root}/sub/loop: skipped: it is a link to a folder"), format!("{root}: skipped 1 name that begins with a dot")];
        assert_eq!(skipped, expected);
    }

    fn problem_of(path: PathBuf) -> String {
        collect(&[path]).unwrap().candidates.swap_remove(0).problem.unwrap()
    }

    #[test]
    fn pipes_and_devices_are_refused_and_never_opened() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe.jpg");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(problem_of(pipe).starts_with("it is a named pipe and not a file"));
        assert_eq!(problem_of("/dev/null".into()), "it is a device and not a file");
    }

    #[test]
    fn dot_files_are_uploaded_only_if_they_are_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(".a.jpg"), "x").unwrap();
        assert_eq!(problem_of(dir.path().to_owned()), "the folder has only 1 name that begins with a dot; name a file to upload it");
        assert_eq!(collect(&[dir.path().join(".a.jpg")]).unwrap().candidates[0].problem, None);
    }

    #[test]
    fn stdin_is_read_unchanged_up_to_its_limit() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(from_reader(&mut bytes.as_slice(), 256).stdin.as_deref(), Some(bytes.as_slice()));
        assert!(from_reader(&mut bytes.as_slice(), 255).problem.unwrap().starts_with("it is larger than"));
        assert_eq!(from_reader(&mut io::empty(), 1).problem.as_deref(), Some("stdin was empty"));
    }

    #[test]
    fn file_over_five_gigabytes_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("huge.jpg");
        File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert!(problem_of(path).contains("5 GB"));
    }
}
