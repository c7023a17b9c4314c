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
    rate::{InForce, Quota},
    service::Service,
};

/// `/admin/…` and `/health`.
pub fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/health", get(async || Json(json!({"status": "ok"}))))
        .route("/admin/faults", get(list).post(add).delete(clear))
        .route("/admin/faults/{id}", delete(remove))
        .route("/admin/rate", get(rate).put(set_rate).delete(lift_rate))
        .route("/admin/calls", get(calls))
        .route("/admin/calls/images", get(calls_by_image))
}

async fn add(State(service): State<Arc<Service>>, fault: Result<Json<Fault>, JsonRejection>) -> (StatusCode, Json<Value>) {
    match fault {
        Err(rejection) => refused(&rejection.body_text()),
        Ok(Json(fault)) => match fault.check() {
            Err(error) => refused(error),
            Ok(()) => (StatusCode::OK, Json(json!({ "id": service.faults.add(fault) }))),
        },
    }
}

fn refused(error: &str) -> (StatusCode, Json<Value>) {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error })))
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

async fn rate(State(service): State<Arc<Service>>) -> Json<Option<InForce>> {
    Json(service.rate.get())
}

async fn set_rate(State(service): State<Arc<Service>>, quota: Result<Json<Quota>, JsonRejection>) -> (StatusCode, Json<Value>) {
    match quota {
        Err(rejection) => refused(&rejection.body_text()),
        Ok(Json(quota)) => {
            if let Err(error) = quota.check() {
                return refused(error);
            }
            service.rate.set(Some(quota));
            (StatusCode::OK, Json(json!(quota)))
        }
    }
}

async fn lift_rate(State(service): State<Arc<Service>>) -> StatusCode {
    service.rate.set(None);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct CallsOf {
    #[serde(default)]
    image: String,
}

async fn calls(State(service): State<Arc<Service>>, Query(of): Query<CallsOf>) -> Json<BTreeMap<Operation, Counts>> {
    Json(service.calls.sums(&of.image))
}

async fn calls_by_image(State(service): State<Arc<Service>>) -> Json<BTreeMap<String, BTreeMap<Operation, Counts>>> {
    Json(service.calls.by_image())
}
