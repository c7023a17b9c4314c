//! The admin calls: plan faults, count calls. They are this server's own; Rekognition has nothing like them.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, Query, State, rejection::JsonRejection},
    http::StatusCode,
    routing::{delete, get},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    calls::Counts,
    faults::{Fault, Planned},
    operation::Operation,
    service::Service,
};

/// `/admin/…` and `/health`.
pub fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/health", get(async || Json(json!({"status": "ok"}))))
        .route("/admin/faults", get(list).post(add).delete(clear))
        .route("/admin/faults/{id}", delete(remove))
        .route("/admin/calls", get(calls))
}

async fn add(State(service): State<Arc<Service>>, fault: Result<Json<Fault>, JsonRejection>) -> (StatusCode, Json<Value>) {
    let refused = |error: String| (StatusCode::BAD_REQUEST, Json(json!({ "error": error })));
    match fault {
        Err(rejection) => refused(rejection.body_text()),
        Ok(Json(fault)) => match fault.check() {
            Err(error) => refused(error.to_owned()),
            Ok(()) => (StatusCode::OK, Json(json!({ "id": service.faults.add(fault) }))),
        },
    }
}

async fn list(State(service): State<Arc<Service>>) -> Json<Vec<Planned>> {
    Json(service.faults.list())
}

async fn clear(State(service): State<Arc<Service>>) -> StatusCode {
    service.faults.clear();
    StatusCode::NO_CONTENT
}

async fn remove(State(service): State<Arc<Service>>, Path(id): Path<u64>) -> StatusCode {
    if service.faults.remove(id) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

#[derive(Deserialize)]
struct CallsOf {
    #[serde(default)]
    image: String,
}

async fn calls(State(service): State<Arc<Service>>, Query(of): Query<CallsOf>) -> Json<BTreeMap<Operation, Counts>> {
    Json(service.calls.sums(&of.image))
}
