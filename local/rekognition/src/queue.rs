//! The bounded queue before the models: two images are worked on at a time, and who would wait too long is sent away at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{operation::Operation, refusal::Refusal};

const WORKERS: u16 = 2;
/// Longer than this nobody waits: a client whose attempt times out after 20 s would only ask for the same work twice.
const MAX_WAIT: Duration = Duration::from_secs(8);
/// Images in memory at a time, being fetched, waiting with their bytes, or worked on.
const MAX_IMAGES: usize = 8;
/// Weight of the newest measurement in the running average of an operation's cost.
const NEWEST: f64 = 0.2;

/// Shared by all requests.
#[derive(Debug)]
pub struct Queue {
    workers: Arc<Semaphore>,
    images: Arc<Semaphore>,
    load: Mutex<Load>,
}

#[derive(Debug)]
struct Load {
    /// Seconds of work that has been let in and is not done.
    pending: f64,
    /// Seconds an operation takes of one worker, on average.
    cost: HashMap<Operation, f64>,
}

/// A place in the queue, with room in memory for one image. It is given back on drop.
#[derive(Debug)]
pub struct Place {
    _room: OwnedSemaphorePermit,
    ticket: Ticket,
}

/// A request that has been let in.
#[derive(Debug)]
struct Ticket {
    queue: Arc<Queue>,
    operation: Operation,
    expected: f64,
}

impl Queue {
    /// Starts from costs as measured on two cores that are busy; the running average soon knows better.
    pub fn new() -> Arc<Self> {
        let cost = [
            (Operation::DetectLabels, 0.3),
            (Operation::DetectFaces, 0.5),
            (Operation::DetectText, 3.),
            (Operation::DetectModerationLabels, 0.15),
        ];
        let load = Mutex::new(Load { pending: 0., cost: HashMap::from(cost) });
        Arc::new(Self { workers: Arc::new(Semaphore::new(WORKERS.into())), images: Arc::new(Semaphore::new(MAX_IMAGES)), load })
    }

    /// Lets a request in, or says that it would wait too long.
    fn enter(self: &Arc<Self>, operation: Operation) -> Result<Ticket, Refusal> {
        self.with_load(|load| {
            if load.pending > MAX_WAIT.as_secs_f64() * f64::from(WORKERS) {
                return Err(Refusal::throttled());
            }
            let expected = load.cost.get(&operation).copied().unwrap_or_default();
            load.pending += expected;
            Ok(Ticket { queue: Arc::clone(self), operation, expected })
        })
    }

    fn with_load<T>(&self, change: impl FnOnce(&mut Load) -> T) -> T {
        change(&mut self.load.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Place {
    /// Waits until there is room in memory for one more image; does not wait at all, but refuses, when the work would have to wait too long.
    pub async fn take(queue: &Arc<Queue>, operation: Operation) -> Result<Self, Refusal> {
        let ticket = queue.enter(operation)?;
        let room = Arc::clone(&queue.images).acquire_owned().await.map_err(|_| stopping())?;
        Ok(Self { _room: room, ticket })
    }

    /// Waits for a worker, then runs the work there and learns what it cost. The work goes on when the client goes away.
    pub async fn run<T: Send + 'static>(self, work: impl FnOnce() -> Result<T, Refusal> + Send + 'static) -> Result<T, Refusal> {
        let worker = Arc::clone(&self.ticket.queue.workers).acquire_owned().await.map_err(|_| stopping())?;
        let done = tokio::task::spawn_blocking(move || {
            let start = Instant::now();
            let result = work();
            if result.is_ok() {
                self.ticket.learn(start.elapsed());
            }
            drop((self, worker));
            result
        });
        done.await.unwrap_or_else(|_| Err(Refusal::internal("the work broke off")))
    }
}

fn stopping() -> Refusal {
    Refusal::internal("the server is stopping")
}

impl Ticket {
    fn learn(&self, took: Duration) {
        self.queue.with_load(|load| {
            let cost = load.cost.entry(self.operation).or_default();
            *cost += NEWEST * (took.as_secs_f64() - *cost);
        });
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.queue.with_load(|load| load.pending = (load.pending - self.expected).max(0.));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Code;

    #[test]
    fn who_would_wait_too_long_is_sent_away_until_there_is_room_again() {
        let queue = Queue::new();
        let mut tickets: Vec<_> = std::iter::from_fn(|| queue.enter(Operation::DetectText).ok()).take(1000).collect();

        assert_eq!(tickets.len(), 6, "16 s of work for two workers, at 3 s each");
        assert_eq!(queue.enter(Operation::DetectLabels).unwrap_err().code, Code::Throttling);

        tickets.pop();
        assert!(queue.enter(Operation::DetectLabels).is_ok());
    }

    #[tokio::test]
    async fn costs_follow_what_is_measured_and_refused_work_teaches_nothing() {
        let queue = Queue::new();
        let cost = |queue: &Queue| queue.with_load(|load| load.cost[&Operation::DetectText]);

        let refused: Result<(), _> = Place::take(&queue, Operation::DetectText).await.unwrap().run(|| Err(Refusal::format("no"))).await;
        assert!(refused.is_err());
        assert!((cost(&queue) - 3.).abs() < 1e-9);

        Place::take(&queue, Operation::DetectText).await.unwrap().run(|| Ok(())).await.unwrap();
        assert!(cost(&queue) < 2.5);
        assert!(queue.with_load(|load| load.pending) < 1e-9, "all places are given back");
    }

    #[tokio::test]
    async fn a_panic_in_the_work_gives_the_worker_back() {
        let queue = Queue::new();
        for _ in 0..3 {
            let broken: Result<(), _> = Place::take(&queue, Operation::DetectFaces).await.unwrap().run(|| panic!("in a test")).await;
            assert_eq!(broken.unwrap_err().code, Code::InternalServerError);
        }
        assert!(Place::take(&queue, Operation::DetectFaces).await.unwrap().run(|| Ok(())).await.is_ok());
    }
}
