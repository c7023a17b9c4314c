//! Keeps the books of what must be done once: paid calls and messages. Each leaves a note in the bucket, an answer or a receipt.
//!
//! The rule: nothing is done again where its note lay in the bucket when the try began, and a try that ends well has left the notes
//! of all that it did. So only a try that broke off between a call and its note, or runs beside another, can cost a second call.

use sightline_domain::model::layout;
use sightline_tests::objects::MemoryObjects;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[derive(Default)]
struct Try {
    notes: BTreeSet<String>,
    done: Vec<String>,
}

#[derive(Default)]
struct Books {
    tries: Vec<Try>,
    current: usize,
    complaints: Vec<String>,
    /// Notes of all that tries did which ended well.
    done_well: BTreeSet<String>,
}

#[derive(Clone, Default)]
pub struct Ledger {
    objects: MemoryObjects,
    books: Arc<Mutex<Books>>,
}

impl Ledger {
    pub fn of(objects: &MemoryObjects) -> Self {
        Self { objects: objects.clone(), ..Self::default() }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A try begins.
    pub fn begin(&self) -> usize {
        let notes = self.objects.keys().into_iter().filter(|key| key.starts_with(layout::RESULTS)).collect();
        let mut books = self.books();
        books.tries.push(Try { notes, ..Try::default() });
        books.tries.len() - 1
    }

    /// What is done from here on is done by this try.
    pub fn was_redriven(&self, id: usize) {
        self.books().current = id;
    }

    /// Something is done whose note will be `note`.
    pub fn done(&self, note: String) {
        let mut books = self.books();
        let current = books.current;
        if books.tries[current].notes.contains(&note) {
            books.complaints.push(format!("done again, though its note lay there: {note}"));
        }
        books.tries[current].done.push(note);
    }

    /// A try ended well.
    pub fn ended_well(&self, id: usize) {
        let mut books = self.books();
        let done = books.tries[id].done.clone();
        books.done_well.extend(done);
    }

    /// What went against the rule. Notes of images that were `erased` may be gone.
    pub fn complaints(&self, erased: &BTreeSet<String>) -> Vec<String> {
        let books = self.books();
        let missing = |note: &&String| self.objects.current(note).is_none() && !erased.iter().any(|id| note.contains(id.as_str()));
        let missing = books.done_well.iter().filter(missing).map(|note| format!("done without a note: {note}"));
        books.complaints.iter().cloned().chain(missing).collect()
    }

    /// Whether what leaves this note was ever done.
    pub fn was_done(&self, note: &str) -> bool {
        self.books().tries.iter().any(|each| each.done.iter().any(|done| done == note))
    }
}
