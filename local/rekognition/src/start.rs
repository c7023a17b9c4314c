//! From the command line to a serving process.

use std::{
    io,
    net::Ipv4Addr,
    path::PathBuf,
    sync::{Arc, RwLock},
};

use sightline_vision::{Models, VisionError};
use tokio::net::TcpListener;
use tracing::Level;

use crate::{args::Args, calls::Calls, faults::Faults, photo::S3Reader, queue::Queue, rate::Rate, server, service::Service};

/// Why the server does not start; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot listen on 127.0.0.1:{port}: {source}; another process may use the port: stop it, or choose another one by --port")]
    Port { port: u16, source: io::Error },
    #[error("no directory for the models: set --models, SIGHTLINE_MODELS or HOME")]
    NoModelsDir,
    #[error("the models in {} cannot be used ({source}): run `make models`", dir.display())]
    Models { dir: PathBuf, source: VisionError },
    #[error("serving failed: {0}")]
    Serving(#[from] io::Error),
}

/// JSON lines on stderr.
pub fn init_logs() {
    tracing_subscriber::fmt().json().flatten_event(true).with_target(false).with_max_level(Level::INFO).with_writer(io::stderr).init();
}

/// Takes the port, loads the models, says where it listens, and serves.
pub async fn run(args: &Args) -> Result<(), StartError> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await.map_err(|source| StartError::Port { port: args.port, source })?;
    let dir = args.models_dir().ok_or(StartError::NoModelsDir)?;
    let models = tokio::task::block_in_place(|| Models::load(&dir)).map_err(|source| StartError::Models { dir, source })?;
    let s3 = args.s3_endpoint().map(|endpoint| S3Reader::new(&endpoint));
    let rate = Rate::default();
    rate.set(args.quota());
    let service = Arc::new(Service {
        models,
        s3,
        queue: Queue::new(),
        rate,
        faults: Faults::default(),
        calls: Calls::default(),
        memory: RwLock::default(),
    });
    println!("listening on http://{}", listener.local_addr()?);
    Ok(server::serve(listener, service).await?)
}
