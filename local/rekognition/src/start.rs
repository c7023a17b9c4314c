//! Starts the process: command line, heap, logs, models.

use std::{
    env, io,
    net::Ipv4Addr,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::Command,
    sync::{Arc, RwLock},
};

use sightline_vision::{Models, VisionError};
use tokio::net::TcpListener;
use tracing::Level;

use crate::{
    calls::Calls,
    faults::Faults,
    photos::Photos,
    queue::Queue,
    rate::{Quota, Rate, Scope},
    server,
    service::Service,
    source::S3Reader,
};

/// glibc gives each thread its own heap and keeps freed memory: 200 calls with images of various sizes took 1.3 GB, with these settings 0.5 GB.
/// One heap; blocks of 16 MB and more are mapped separately (a lower threshold causes page faults for every tensor); free memory at the end of
/// the heap is returned from 64 MB on.
const HEAP_SETTINGS: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "16000000"), ("MALLOC_TRIM_THRESHOLD_", "64000000")];

/// A loopback server that speaks Amazon Rekognition's wire protocol and answers from local models.
#[derive(Debug, clap::Parser)]
#[command(version)]
pub struct Args {
    /// Port on 127.0.0.1; 0 selects a free port. The first line on stdout has the address.
    #[arg(long, env = "SIGHTLINE_REKOGNITION_PORT", default_value_t = 4567)]
    port: u16,

    /// Directory of the model files that `make models` downloads [default: ~/.cache/sightline/models].
    #[arg(long, env = "SIGHTLINE_MODELS", value_name = "DIR")]
    models: Option<PathBuf>,

    /// S3 endpoint to read images from [default: AWS_ENDPOINT_URL_S3, then AWS_ENDPOINT_URL]. Without one, only inline images are accepted.
    #[arg(long, value_name = "URL")]
    s3_endpoint: Option<String>,

    /// Throttle each operation beyond this many calls per second [default: no limit]. `PUT /admin/rate` changes it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    calls_per_second: Option<u32>,
}

/// Why the server does not start. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot listen on 127.0.0.1:{port}: {source}. If another process uses the port, stop it or choose another port with --port.")]
    Port { port: u16, source: io::Error },
    #[error("no directory for the models: set --models, SIGHTLINE_MODELS or HOME")]
    NoModelsDir,
    #[error("the models in {} cannot be used ({source}): run `make models`", dir.display())]
    Models { dir: PathBuf, source: VisionError },
    #[error("serving failed: {0}")]
    Serving(#[from] io::Error),
}

impl Args {
    fn s3_endpoint(&self) -> Option<String> {
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        self.s3_endpoint.clone().or_else(|| variable("AWS_ENDPOINT_URL_S3")).or_else(|| variable("AWS_ENDPOINT_URL"))
    }
}

/// Restarts the process with the heap settings, because the allocator only reads them at its start; the process id stays the same. Does
/// nothing if one of them is set. If the restart fails, the process only needs more memory.
pub fn limit_heap() {
    if HEAP_SETTINGS.iter().any(|(name, _)| env::var_os(name).is_some()) {
        return;
    }
    if let Ok(program) = env::current_exe() {
        let _failed = Command::new(program).args(env::args_os().skip(1)).envs(HEAP_SETTINGS).exec();
    }
}

/// Writes logs as JSON lines to stderr.
pub fn init_logs() {
    tracing_subscriber::fmt().json().flatten_event(true).with_target(false).with_max_level(Level::INFO).with_writer(io::stderr).init();
}

/// Binds the port, loads the models, prints the address, and serves until SIGTERM or SIGINT.
pub async fn run(args: &Args) -> Result<(), StartError> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await.map_err(|source| StartError::Port { port: args.port, source })?;
    let dir = args.models.clone().or_else(sightline_vision::default_dir).ok_or(StartError::NoModelsDir)?;
    let models = tokio::task::block_in_place(|| Models::load(&dir)).map_err(|source| StartError::Models { dir, source })?;
    let rate = Rate::default();
    rate.set(args.calls_per_second.map(|per_second| Quota { per_second, over: Scope::Each }));
    let service = Arc::new(Service {
        models,
        s3: args.s3_endpoint().map(|endpoint| S3Reader::new(&endpoint)),
        photos: Photos::default(),
        queue: Queue::new(),
        rate,
        faults: Faults::default(),
        calls: Calls::default(),
        memory: RwLock::default(),
    });
    println!("listening on http://{}", listener.local_addr()?);
    Ok(server::serve(listener, service).await?)
}
