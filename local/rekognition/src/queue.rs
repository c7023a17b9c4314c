//! The bounded queue before the models: two images are processed at a time, and a call that would wait too long is throttled at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{error::ApiError, operation::Operation};

const WORKERS: u16 = 2;
/// Maximum waiting time: a client whose attempt times out after 20 s would only request the same work twice.
const MAX_WAIT: Duration = Duration::from_secs(8);
/// Maximum number of images in memory: being fetched, waiting, or processed.
const MAX_IMAGES: usize = 8;
/// Weight of the newest measurement in the moving average of an operation's cost.
const NEWEST_WEIGHT: f64 = 0.2;

/// The queue that all calls share.
#[derive(Debug)]
pub struct Queue {
    workers: Arc<Semaphore>,
    images: Arc<Semaphore>,
    load: Mutex<Load>,
}

#[derive(Debug)]
struct Load {
    /// Expected seconds of accepted work that is not finished.
    pending: f64,
    /// Average seconds per call of an operation on one worker.
    cost: HashMap<Operation, f64>,
}

/// A place in the queue, including memory for one image. It is released on drop.
#[derive(Debug)]
pub struct Slot {
    _image: OwnedSemaphorePermit,
    work: PendingWork,
}

/// The expected work of an accepted call.
#[derive(Debug)]
struct PendingWork {
    queue: Arc<Queue>,
    operation: Operation,
    expected: f64,
}

impl Queue {
    /// Starts with costs measured on two busy cores; the moving average soon adapts.
    pub fn new() -> Arc<Self> {
        let cost = [
            (Operation::DetectLabels, 1.),
            (Operation::DetectFaces, 0.5),
            (Operation::DetectText, 3.),
            (Operation::DetectModerationLabels, 0.15),
        ];
        let load = Mutex::new(Load { pending: 0., cost: HashMap::from(cost) });
        Arc::new(Self { workers: Arc::new(Semaphore::new(WORKERS.into())), images: Arc::new(Semaphore::new(MAX_IMAGES)), load })
    }

    /// Accepts a call, or throttles it if it would wait too long.
    fn enter(self: &Arc<Self>, operation: Operation) -> Result<PendingWork, ApiError> {
        self.with_load(|load| {
            if load.pending > MAX_WAIT.as_secs_f64() * f64::from(WORKERS) {
                return Err(ApiError::throttled());
            }
            let expected = load.cost.get(&operation).copied().unwrap_or_default();
            load.pending += expected;
            Ok(PendingWork { queue: Arc::clone(self), operation, expected })
        })
    }

    fn with_load<T>(&self, change: impl FnOnce(&mut Load) -> T) -> T {
        change(&mut self.load.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Slot {
    /// Waits until there is memory for one more image.
    ///
    /// # Errors
    /// `ThrottlingException`, without waiting, if the work would wait too long.
    pub async fn take(queue: &Arc<Queue>, operation: Operation) -> Result<Self, ApiError> {
        let work = queue.enter(operation)?;
        let image = Arc::clone(&queue.images).acquire_owned().await.map_err(|_| stopping())?;
        Ok(Self { _image: image, work })
    }

    /// Waits for a worker, runs `call` on it and updates the average cost. The call continues if the client disconnects.
    ///
    /// # Errors
    /// The error of `call`, or `InternalServerError` if it panics.
    pub async fn run<T: Send + 'static>(self, call: impl FnOnce() -> Result<T, ApiError> + Send + 'static) -> Result<T, ApiError> {
        let worker = Arc::clone(&self.work.queue.workers).acquire_owned().await.map_err(|_| stopping())?;
        let done = tokio::task::spawn_blocking(move || {
            let start = Instant::now();
            let result = call();
            if result.is_ok() {
                self.work.update_cost(start.elapsed());
            }
            drop((self, worker));
            result
        });
        done.await.unwrap_or_else(|_| Err(ApiError::internal("the call panicked")))
    }
}

fn stopping() -> ApiError {
    ApiError::internal("the server is stopping")
}

impl PendingWork {
    fn update_cost(&self, took: Duration) {
        self.queue.with_load(|load| {
            let cost = load.cost.entry(self.operation).or_default();
            *cost += NEWEST_WEIGHT * (took.as_secs_f64() - *cost);
        });
    }
}

impl Drop for PendingWork {
    fn drop(&mut self) {
        self.queue.with_load(|load| load.pending = (load.pending - self.expected).max(0.));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn calls_that_would_wait_too_long_are_throttled_until_the_queue_is_shorter() {
        let queue = Queue::new();
        let mut accepted: Vec<_> = std::iter::from_fn(|| queue.enter(Operation::DetectText).ok()).take(1000).collect();

        assert_eq!(accepted.len(), 6, "16 s of work for two workers, at 3 s each");
        assert_eq!(queue.enter(Operation::DetectLabels).unwrap_err().code, Code::Throttling);

        accepted.pop();
        assert!(queue.enter(Operation::DetectLabels).is_ok());
    }

    #[tokio::test]
    async fn costs_follow_measurements_of_successful_calls() {
        let queue = Queue::new();
        let cost = |queue: &Queue| queue.with_load(|load| load.cost[&Operation::DetectText]);

        let failed: Result<(), _> =
            Slot::take(&queue, Operation::DetectText).await.unwrap().run(|| Err(ApiError::invalid_format("no"))).await;
        assert!(failed.is_err());
        assert!((cost(&queue) - 3.).abs() < 1e-9);

        Slot::take(&queue, Operation::DetectText).await.unwrap().run(|| Ok(())).await.unwrap();
        assert!(cost(&queue) < 2.5);
        assert!(queue.with_load(|load| load.pending) < 1e-9, "all slots are released");
    }

    #[tokio::test]
    async fn a_panic_releases_the_worker() {
        let queue = Queue::new();
        for _ in 0..3 {
            let panicked: Result<(), _> = Slot::take(&queue, Operation::DetectFaces).await.unwrap().run(|| panic!("in a test")).await;
            assert_eq!(panicked.unwrap_err().code, Code::InternalServerError);
        }
        assert!(Slot::take(&queue, Operation::DetectFaces).await.unwrap().run(|| Ok(())).await.is_ok());
    }
}
