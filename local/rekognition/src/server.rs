//! The accept loop. It replaces `axum::serve` because only here a connection can be dropped without a response.

use std::{io, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{Signal, SignalKind, signal},
};
use tower::ServiceExt;
use tracing::{info, warn};

use crate::{
    admin,
    protocol::{self, DropConnection},
    service::Service,
};

/// How long running calls may continue after a stop signal.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT, then waits for running calls.
pub async fn serve(listener: TcpListener, service: Arc<Service>) -> io::Result<()> {
    let router = protocol::routes().merge(admin::routes()).with_state(service);
    let connections = GracefulShutdown::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => handle(stream, router.clone(), &connections),
                Err(error) => warn!(%error, "accepting a connection failed"),
            },
            () = either(&mut terminate, &mut interrupt) => break,
        }
    }
    drop(listener);
    info!("stopping");
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, connections.shutdown()).await.is_err() {
        warn!("some calls did not finish in time");
    }
    Ok(())
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn handle(stream: TcpStream, router: Router, connections: &GracefulShutdown) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            let Ok(response) = router.oneshot(request.map(Body::new)).await;
            let dropped = response.extensions().get::<DropConnection>().is_some();
            if dropped { Err(io::Error::from(io::ErrorKind::ConnectionAborted)) } else { Ok(response) }
        }
    });
    let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    tokio::spawn(connections.watch(connection));
}
