//! Which files an upload means, checked before anything is sent.

use crate::{
    error::CliError,
    output::text::{clean, count},
};
use bytes::Bytes;
use std::{
    fs::{File, Metadata},
    io::{self, IsTerminal, Read},
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
};

/// What one `PutObject` takes at most (S3 user guide, uploading objects).
const MAX_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// What a photo on stdin may have: it is held in memory.
const MAX_STDIN_BYTES: u64 = 100 * 1024 * 1024;
/// The path that means stdin.
const STDIN: &str = "-";

/// A file, and whether it can be uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The path, as given or as found in a given folder.
    pub path: PathBuf,
    /// Its content, where it came from stdin.
    pub stdin: Option<Bytes>,
    /// Why it cannot be uploaded: one sentence.
    pub problem: Option<String>,
}

impl Candidate {
    /// A file that can be uploaded.
    pub const fn file(path: PathBuf) -> Self {
        Self { path, stdin: None, problem: None }
    }
}

/// What the paths of a command line come to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// The files, in the order of the paths; those in folders by name.
    pub candidates: Vec<Candidate>,
    /// What folders hold and what is not uploaded: a sentence each.
    pub left_out: Vec<String>,
}

/// The files that `paths` name. Nothing is left out silently. Reads stdin where a path is `-`.
pub fn collect(paths: &[PathBuf]) -> Result<Collected, CliError> {
    let mut collected = Collected::default();
    for path in paths {
        match path.metadata() {
            _ if path.as_os_str() == STDIN => {
                let again = collected.candidates.iter().any(|candidate| candidate.path == *path);
                collected.candidates.push(if again { refused(path, "stdin can be given once only".to_owned()) } else { stdin()? });
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
        let (before, mut dotted) = (self.candidates.len(), 0);
        self.walk(path, &mut dotted);
        let dots = format!("{} that begin{} with a dot", count(dotted, "name"), if dotted == 1 { "s" } else { "" });
        match (self.candidates.len() == before, dotted) {
            (true, 0) => self.candidates.push(refused(path, "the folder holds no files".to_owned())),
            (true, _) => {
                self.candidates.push(refused(path, format!("the folder holds no files but {dots}; give a file by its name to upload it")));
            }
            (false, 0) => {}
            (false, _) => self.left_out.push(format!("{}: left out {dots}", path.display())),
        }
    }

    fn walk(&mut self, folder: &Path, dotted: &mut usize) {
        let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.candidates.push(refused(folder, unreadable(folder, &error))),
        };
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            match (entry.file_type(), path.metadata()) {
                _ if entry.file_name().as_encoded_bytes().starts_with(b".") => *dotted += 1,
                (Ok(kind), _) if kind.is_dir() => self.walk(&path, dotted),
                // They are not followed, since they may lead back up.
                (Ok(kind), Ok(metadata)) if kind.is_symlink() && metadata.is_dir() => {
                    self.left_out.push(format!("{}: left out: it is a link to a folder", path.display()));
                }
                (_, Ok(metadata)) => self.candidates.push(file(&path, &metadata)),
                (_, Err(error)) => self.candidates.push(refused(&path, unreadable(&path, &error))),
            }
        }
    }
}

/// Reads the photo on stdin.
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
        Ok(0) => refused(path, "nothing came from stdin".to_owned()),
        Ok(_) if content.len() as u64 > most => {
            refused(path, format!("it has more than {} MB; save it as a file and upload that", most / (1024 * 1024)))
        }
        Ok(_) => Candidate { stdin: Some(Bytes::from(content)), ..Candidate::file(path.to_owned()) },
    }
}

fn file(path: &Path, metadata: &Metadata) -> Candidate {
    if let Some(problem) = not_a_file(metadata) {
        return refused(path, problem.to_owned());
    }
    if metadata.len() > MAX_BYTES {
        return refused(path, "it has more than 5 GB, which S3 does not take in one upload".to_owned());
    }
    let problem = File::open(path).err().map(|error| unreadable(path, &error));
    Candidate { problem, ..Candidate::file(path.to_owned()) }
}

/// Why something that is not a folder cannot be read like a file; reading from it may never end.
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
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        // That of the kind for loops is not stable.
        _ if is_link => format!("it is a link that cannot be followed: {}", reason(error)),
        _ => format!("it cannot be read: {}", reason(error)),
    }
}

/// What the system says, without its error number, in lower case as the middle of a sentence.
fn reason(error: &io::Error) -> String {
    let said = clean(&error.to_string());
    let said = said.split(" (os error").next().unwrap_or_default();
    let mut letters = said.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
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
        std::os::unix::fs::symlink("circle.jpg", sub.join("circle.jpg")).unwrap();
        std::os::unix::fs::symlink("nowhere", sub.join("dangling.jpg")).unwrap();
        let Collected { candidates: found, left_out } =
            collect(&[dir.path().to_owned(), dir.path().join("none.jpg"), dir.path().join("empty")]).unwrap();
        let expected = [
            ("a.png", None),
            ("b.jpg", None),
            ("circle.jpg", Some("it is a link that cannot be followed: too many levels of symbolic links")),
            ("dangling.jpg", Some("it is a link to a file that does not exist")),
            ("ü +.webp", None),
            ("none.jpg", Some("there is no such file")),
            ("empty", Some("the folder holds no files")),
        ];
        assert_eq!(names(&found), expected.map(|(name, problem)| (name.to_owned(), problem)));
        let root = dir.path().display();
        let expected =
            [format!("{root}/sub/loop: left out: it is a link to a folder"), format!("{root}: left out 1 name that begins with a dot")];
        assert_eq!(left_out, expected);
    }

    fn problem_of(path: PathBuf) -> String {
        collect(&[path]).unwrap().candidates.swap_remove(0).problem.unwrap()
    }

    #[test]
    fn what_is_not_a_file_is_refused_by_its_kind_and_never_opened() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe.jpg");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(problem_of(pipe).starts_with("it is a named pipe and not a file"));
        assert_eq!(problem_of("/dev/null".into()), "it is a device and not a file");
    }

    #[test]
    fn a_folder_of_dot_files_says_that_they_are_left_out_and_a_dot_file_by_name_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(".a.jpg"), "x").unwrap();
        assert_eq!(
            problem_of(dir.path().to_owned()),
            "the folder holds no files but 1 name that begins with a dot; give a file by its name to upload it"
        );
        assert_eq!(collect(&[dir.path().join(".a.jpg")]).unwrap().candidates[0].problem, None);
    }

    #[test]
    fn stdin_is_taken_as_it_is_up_to_its_limit() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(from_reader(&mut bytes.as_slice(), 256).stdin.as_deref(), Some(bytes.as_slice()));
        assert!(from_reader(&mut bytes.as_slice(), 255).problem.unwrap().starts_with("it has more than"));
        assert_eq!(from_reader(&mut io::empty(), 1).problem.as_deref(), Some("nothing came from stdin"));
    }

    #[test]
    fn what_s3_would_refuse_is_refused_here() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("huge.jpg");
        File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert!(problem_of(path).contains("5 GB"));
    }
}
