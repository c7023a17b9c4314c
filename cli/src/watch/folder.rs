//! What lies in the folder, and what of it is ready to be uploaded.

use crate::upload::{not_a_file, plan::Stamp, unreadable};
use std::{
    collections::HashMap,
    ffi::OsStr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// A file that has not changed for so long is whole.
pub const SETTLED_AFTER: Duration = Duration::from_secs(2);
/// A file that could not be uploaded is tried again after so long.
pub const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(15);
/// Endings of files that are still being written.
const UNFINISHED: [&str; 5] = ["part", "partial", "tmp", "crdownload", "download"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Unchanged since then.
    Settling(Instant),
    /// Handed out.
    Taken,
    /// To be handed out again then.
    Failed(Instant),
}

/// The files, as last seen.
#[derive(Debug, Default)]
pub struct Folder {
    files: HashMap<PathBuf, (Stamp, State)>,
    /// What could not be read, so that it is named once.
    troubles: HashMap<PathBuf, String>,
}

/// What a look found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Files that are whole, by name.
    pub ready: Vec<PathBuf>,
    /// What cannot be read, and why; each once.
    pub troubles: Vec<(PathBuf, String)>,
}

impl Folder {
    /// Looks through `root`; `now` decides what has settled.
    pub fn look(&mut self, root: &Path, now: Instant) -> Look {
        let (mut seen, mut troubles) = (Vec::new(), HashMap::new());
        walk(root, &mut seen, &mut troubles);
        let mut look = Look::default();
        let mut files = HashMap::with_capacity(seen.len());
        for (path, stamp) in seen {
            let mut state = match self.files.remove(&path) {
                Some((known, state)) if known == stamp => state,
                _ => State::Settling(now),
            };
            let due = match state {
                State::Settling(since) => now.duration_since(since) >= SETTLED_AFTER,
                State::Failed(again) => now >= again,
                State::Taken => false,
            };
            if due {
                state = State::Taken;
                look.ready.push(path.clone());
            }
            files.insert(path, (stamp, state));
        }
        // What is gone is forgotten.
        self.files = files;
        look.ready.sort();
        look.troubles =
            troubles.iter().filter(|(path, why)| self.troubles.get(*path) != Some(why)).map(|(a, b)| (a.clone(), b.clone())).collect();
        look.troubles.sort();
        self.troubles = troubles;
        look
    }

    /// The file is to be tried again later, if it is still there then.
    pub fn failed(&mut self, path: &Path, now: Instant) {
        if let Some((_, state)) = self.files.get_mut(path) {
            *state = State::Failed(now + TRIED_AGAIN_AFTER);
        }
    }

    /// How many files are about to be handed out.
    pub fn settling(&self) -> usize {
        self.files.values().filter(|(_, state)| matches!(state, State::Settling(_))).count()
    }
}

fn walk(folder: &Path, seen: &mut Vec<(PathBuf, Stamp)>, troubles: &mut HashMap<PathBuf, String>) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            troubles.insert(folder.to_owned(), unreadable(folder, &error));
            return;
        }
    };
    for entry in entries.filter_map(Result::ok).filter(|entry| is_wanted(&entry.file_name())) {
        let path = entry.path();
        match (entry.file_type(), path.metadata()) {
            (Ok(kind), _) if kind.is_dir() => walk(&path, seen, troubles),
            // They are not followed, since they may lead back up.
            (_, Ok(metadata)) if metadata.is_dir() => {}
            (_, Ok(metadata)) => match not_a_file(&metadata) {
                Some(problem) => drop(troubles.insert(path, problem.to_owned())),
                None if metadata.len() > 0 => seen.push((path, Stamp::of(&metadata))),
                None => {}
            },
            // An entry that is gone before it is looked at is no trouble; a link to nothing is.
            (_, Err(error)) if path.symlink_metadata().is_ok() => {
                let problem = unreadable(&path, &error);
                troubles.insert(path, problem);
            }
            (_, Err(_)) => {}
        }
    }
}

fn is_wanted(name: &OsStr) -> bool {
    let ending = Path::new(name).extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    !name.as_encoded_bytes().starts_with(b".") && !UNFINISHED.contains(&ending.as_str())
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

        /// Names that are ready, so much later.
        fn after(&mut self, wait: Duration) -> Vec<String> {
            self.now += wait;
            let look = self.folder.look(self.dir.path(), self.now);
            look.ready.iter().map(|path| path.strip_prefix(self.dir.path()).unwrap().to_string_lossy().into_owned()).collect()
        }
    }

    const NONE: [&str; 0] = [];

    #[test]
    fn a_file_is_ready_once_when_it_has_settled() {
        let mut watched = Watched::new();
        watched.write("b/a.jpg", "x");
        assert_eq!(watched.after(Duration::ZERO), NONE);
        watched.write("b/a.jpg", "xy");
        assert_eq!(watched.after(SETTLED_AFTER), NONE, "it has grown");
        assert_eq!(watched.folder.settling(), 1);
        assert_eq!(watched.after(SETTLED_AFTER), ["b/a.jpg"]);
        assert_eq!(watched.after(SETTLED_AFTER), NONE);
    }

    #[test]
    fn a_file_that_changes_later_is_ready_once_more() {
        let mut watched = Watched::new();
        watched.write("a.jpg", "x");
        watched.after(Duration::ZERO);
        watched.after(SETTLED_AFTER);
        watched.write("a.jpg", "other");
        assert_eq!(watched.after(SETTLED_AFTER), NONE);
        assert_eq!(watched.after(SETTLED_AFTER), ["a.jpg"]);
    }

    #[test]
    fn unfinished_hidden_and_empty_files_are_left_until_they_get_their_name() {
        let mut watched = Watched::new();
        for name in ["a.jpg.part", "b.TMP", "c.crdownload", ".d.jpg", ".git/e.jpg"] {
            watched.write(name, "x");
        }
        watched.write("empty.jpg", "");
        watched.after(Duration::ZERO);
        assert_eq!(watched.after(SETTLED_AFTER), NONE);
        fs::rename(watched.dir.path().join("a.jpg.part"), watched.dir.path().join("a.jpg")).unwrap();
        watched.after(Duration::ZERO);
        assert_eq!(watched.after(SETTLED_AFTER), ["a.jpg"]);
    }

    #[test]
    fn what_failed_is_tried_again_and_what_is_deleted_is_forgotten() {
        let mut watched = Watched::new();
        watched.write("a.jpg", "x");
        watched.write("b.jpg", "y");
        watched.after(Duration::ZERO);
        assert_eq!(watched.after(SETTLED_AFTER), ["a.jpg", "b.jpg"]);
        for name in ["a.jpg", "b.jpg"] {
            watched.folder.failed(&watched.dir.path().join(name), watched.now);
        }
        fs::remove_file(watched.dir.path().join("b.jpg")).unwrap();
        assert_eq!(watched.after(SETTLED_AFTER), NONE);
        assert_eq!(watched.after(TRIED_AGAIN_AFTER), ["a.jpg"]);
        assert_eq!(watched.folder.files.len(), 1);
    }

    #[test]
    fn links_that_lead_nowhere_and_pipes_are_named_once_and_keep_nothing_else() {
        let mut watched = Watched::new();
        watched.write("a.jpg", "x");
        let place = |name: &str| watched.dir.path().join(name);
        std::os::unix::fs::symlink("circle.jpg", place("circle.jpg")).unwrap();
        std::os::unix::fs::symlink("nowhere", place("dangling.jpg")).unwrap();
        std::os::unix::fs::symlink(".", place("up")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(place("pipe.jpg")).status().unwrap().success());
        let look = watched.folder.look(watched.dir.path(), watched.now);
        let named: Vec<_> = look.troubles.iter().map(|(path, why)| (path.file_name().unwrap().to_str().unwrap(), why.as_str())).collect();
        let expected = [
            ("circle.jpg", "it is a link that cannot be followed: too many levels of symbolic links"),
            ("dangling.jpg", "it is a link to a file that does not exist"),
            ("pipe.jpg", "it is a named pipe and not a file; `sightline upload -` reads a photo from a pipe"),
        ];
        assert_eq!(named, expected);
        assert!(watched.folder.look(watched.dir.path(), watched.now).troubles.is_empty());
        assert_eq!(watched.after(SETTLED_AFTER), ["a.jpg"]);
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_named_once() {
        let mut folder = Folder::default();
        let (gone, now) = (Path::new("/no/such/folder"), Instant::now());
        let look = folder.look(gone, now);
        assert_eq!(look.troubles, [(gone.to_owned(), "there is no such file".to_owned())]);
        assert!(folder.look(gone, now).troubles.is_empty());
    }
}
