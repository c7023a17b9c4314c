//! The files of a folder, and which of them are ready to be uploaded.

use crate::upload::{not_a_file, plan::Stamp, unreadable};
use std::{
    collections::HashMap,
    ffi::OsStr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// A file that has not changed for this long is complete.
pub const COMPLETE_AFTER: Duration = Duration::from_secs(2);
/// A file that could not be uploaded is retried after this long.
pub const RETRY_AFTER: Duration = Duration::from_secs(15);
/// Extensions of files that another program still writes.
const UNFINISHED: [&str; 5] = ["part", "partial", "tmp", "crdownload", "download"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Unchanged since this time, but not yet for long enough.
    Changing(Instant),
    /// Returned by a scan as ready.
    Taken,
    /// The upload failed; it is ready again at this time.
    Failed(Instant),
}

/// The files, as the last scan saw them.
#[derive(Debug, Default)]
pub struct Folder {
    files: HashMap<PathBuf, (Stamp, State)>,
    /// Why files could not be read, so that each problem is reported once.
    problems: HashMap<PathBuf, String>,
}

/// The result of a scan.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Complete files, sorted by name.
    pub ready: Vec<PathBuf>,
    /// Files that cannot be read, and why; each problem once.
    pub problems: Vec<(PathBuf, String)>,
}

impl Folder {
    /// Searches `root`.
    pub fn scan(&mut self, root: &Path, now: Instant) -> Scan {
        let (mut seen, mut problems) = (Vec::new(), HashMap::new());
        walk(root, &mut seen, &mut problems);
        let mut scan = Scan::default();
        let mut files = HashMap::with_capacity(seen.len());
        for (path, stamp) in seen {
            let mut state = match self.files.remove(&path) {
                Some((known, state)) if known == stamp => state,
                _ => State::Changing(now),
            };
            let is_ready = match state {
                State::Changing(since) => now.duration_since(since) >= COMPLETE_AFTER,
                State::Failed(retry_at) => now >= retry_at,
                State::Taken => false,
            };
            if is_ready {
                state = State::Taken;
                scan.ready.push(path.clone());
            }
            files.insert(path, (stamp, state));
        }
        self.files = files;
        scan.ready.sort();
        scan.problems =
            problems.iter().filter(|(path, why)| self.problems.get(*path) != Some(why)).map(|(a, b)| (a.clone(), b.clone())).collect();
        scan.problems.sort();
        self.problems = problems;
        scan
    }

    /// Makes the file ready again later, if it still exists then.
    pub fn retry_later(&mut self, path: &Path, now: Instant) {
        if let Some((_, state)) = self.files.get_mut(path) {
            *state = State::Failed(now + RETRY_AFTER);
        }
    }

    /// Number of files that are not complete yet.
    pub fn changing(&self) -> usize {
        self.files.values().filter(|(_, state)| matches!(state, State::Changing(_))).count()
    }
}

fn walk(folder: &Path, seen: &mut Vec<(PathBuf, Stamp)>, problems: &mut HashMap<PathBuf, String>) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            problems.insert(folder.to_owned(), unreadable(folder, &error));
            return;
        }
    };
    for entry in entries.filter_map(Result::ok).filter(|entry| is_candidate(&entry.file_name())) {
        let path = entry.path();
        match (entry.file_type(), path.metadata()) {
            (Ok(kind), _) if kind.is_dir() => walk(&path, seen, problems),
            // Links to folders are not followed: they may lead to a parent folder.
            (_, Ok(metadata)) if metadata.is_dir() => {}
            (_, Ok(metadata)) => match not_a_file(&metadata) {
                Some(problem) => drop(problems.insert(path, problem.to_owned())),
                None if metadata.len() > 0 => seen.push((path, Stamp::of(&metadata))),
                None => {}
            },
            // An entry may disappear before it is read; a link to a missing file is a problem.
            (_, Err(error)) if path.symlink_metadata().is_ok() => {
                let problem = unreadable(&path, &error);
                problems.insert(path, problem);
            }
            (_, Err(_)) => {}
        }
    }
}

/// Whether the file is neither hidden nor unfinished by its name.
fn is_candidate(name: &OsStr) -> bool {
    let extension = Path::new(name).extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
    !name.as_encoded_bytes().starts_with(b".") && !UNFINISHED.contains(&extension.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    struct Watched {
        dir: tempfile::TempDir,
        folder: Folder,
        now: Instant,
    }

    impl Watched {
        fn new() -> Self {
            Self { dir: tempfile::tempdir().unwrap(), folder: Folder::default(), now: Instant::now() }
        }

        fn write(&self, name: &str, content: &str) {
            let path = self.dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }

        /// Names of the files that are ready after `wait`.
        fn after(&mut self, wait: Duration) -> Vec<String> {
            self.now += wait;
            let scan = self.folder.scan(self.dir.path(), self.now);
            scan.ready.iter().map(|path| path.strip_prefix(self.dir.path()).unwrap().to_string_lossy().into_owned()).collect()
        }
    }

    const NONE: [&str; 0] = [];

    #[test]
    fn file_is_ready_once_when_it_is_complete() {
        let mut watched = Watched::new();
        watched.write("b/a.jpg", "x");
        assert_eq!(watched.after(Duration::ZERO), NONE);
        watched.write("b/a.jpg", "xy");
        assert_eq!(watched.after(COMPLETE_AFTER), NONE, "it has grown");
        assert_eq!(watched.folder.changing(), 1);
        assert_eq!(watched.after(COMPLETE_AFTER), ["b/a.jpg"]);
        assert_eq!(watched.after(COMPLETE_AFTER), NONE);
    }

    #[test]
    fn file_that_changes_later_is_ready_again() {
        let mut watched = Watched::new();
        watched.write("a.jpg", "x");
        watched.after(Duration::ZERO);
        watched.after(COMPLETE_AFTER);
        watched.write("a.jpg", "other");
        assert_eq!(watched.after(COMPLETE_AFTER), NONE);
        assert_eq!(watched.after(COMPLETE_AFTER), ["a.jpg"]);
    }

    #[test]
    fn unfinished_hidden_and_empty_files_are_not_ready_until_they_are_renamed() {
        let mut watched = Watched::new();
        for name in ["a.jpg.part", "b.TMP", "c.crdownload", ".d.jpg", ".git/e.jpg"] {
            watched.write(name, "x");
        }
        watched.write("empty.jpg", "");
        watched.after(Duration::ZERO);
        assert_eq!(watched.after(COMPLETE_AFTER), NONE);
        fs::rename(watched.dir.path().join("a.jpg.part"), watched.dir.path().join("a.jpg")).unwrap();
        watched.after(Duration::ZERO);
        assert_eq!(watched.after(COMPLETE_AFTER), ["a.jpg"]);
    }

    #[test]
    fn failed_file_is_retried_and_deleted_file_is_forgotten() {
        let mut watched = Watched::new();
        watched.write("a.jpg", "x");
        watched.write("b.jpg", "y");
        watched.after(Duration::ZERO);
        assert_eq!(watched.after(COMPLETE_AFTER), ["a.jpg", "b.jpg"]);
        for name in ["a.jpg", "b.jpg"] {
            watched.folder.retry_later(&watched.dir.path().join(name), watched.now);
        }
        fs::remove_file(watched.dir.path().join("b.jpg")).unwrap();
        assert_eq!(watched.after(COMPLETE_AFTER), NONE);
        assert_eq!(watched.after(RETRY_AFTER), ["a.jpg"]);
        assert_eq!(watched.folder.files.len(), 1);
    }

    #[test]
    fn broken_links_and_pipes_are_reported_once_and_do_not_stop_other_files() {
        let mut watched = Watched::new();
        watched.write("a.jpg", "x");
        let place = |name: &str| watched.dir.path().join(name);
        std::os::unix::fs::symlink("circle.jpg", place("circle.jpg")).unwrap();
        std::os::unix::fs::symlink("nowhere", place("dangling.jpg")).unwrap();
        std::os::unix::fs::symlink(".", place("up")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(place("pipe.jpg")).status().unwrap().success());
        let scan = watched.folder.scan(watched.dir.path(), watched.now);
        let named: Vec<_> = scan.problems.iter().map(|(path, why)| (path.file_name().unwrap().to_str().unwrap(), why.as_str())).collect();
        let expected = [
            ("circle.jpg", "it is a link that cannot be followed: too many levels of symbolic links"),
            ("dangling.jpg", "it is a link to a file that does not exist"),
            ("pipe.jpg", "it is a named pipe and not a file; `sightline upload -` reads a photo from a pipe"),
        ];
        assert_eq!(named, expected);
        assert!(watched.folder.scan(watched.dir.path(), watched.now).problems.is_empty());
        assert_eq!(watched.after(COMPLETE_AFTER), ["a.jpg"]);
    }

    #[test]
    fn folder_that_cannot_be_read_is_reported_once() {
        let mut folder = Folder::default();
        let (gone, now) = (Path::new("/no/such/folder"), Instant::now());
        let scan = folder.scan(gone, now);
        assert_eq!(scan.problems, [(gone.to_owned(), "it does not exist".to_owned())]);
        assert!(folder.scan(gone, now).problems.is_empty());
    }
}
