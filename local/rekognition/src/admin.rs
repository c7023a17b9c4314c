//! The admin API for tests: planned faults, the quota, and counts of calls. Rekognition has no such API.

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
    rate::{ActiveQuota, Quota},
    service::Service,
};

/// `/admin/…` and `/health`.
pub fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/health", get(async || Json(json!({"status": "ok"}))))
        .route("/admin/faults", get(list_faults).post(add_fault).delete(clear_faults))
        .route("/admin/faults/{id}", delete(remove_fault))
        .route("/admin/rate", get(get_rate).put(set_rate).delete(remove_rate))
        .route("/admin/calls", get(calls))
        .route("/admin/calls/images", get(calls_by_image))
}

async fn add_fault(State(service): State<Arc<Service>>, fault: Result<Json<Fault>, JsonRejection>) -> (StatusCode, Json<Value>) {
    match fault {
        Err(rejection) => bad_request(&rejection.body_text()),
        Ok(Json(fault)) => match fault.check() {
            Err(error) => bad_request(error),
            Ok(()) => (StatusCode::OK, Json(json!({ "id": service.faults.add(fault) }))),
        },
    }
}

fn bad_request(error: &str) -> (StatusCode, Json<Value>) {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error })))
}

async fn list_faults(State(service): State<Arc<Service>>) -> Json<Vec<Planned>> {
    Json(service.faults.list())
}

async fn clear_faults(State(service): State<Arc<Service>>) -> StatusCode {
    service.faults.clear();
    StatusCode::NO_CONTENT
}

async fn remove_fault(State(service): State<Arc<Service>>, Path(id): Path<u64>) -> StatusCode {
    if service.faults.remove(id) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn get_rate(State(service): State<Arc<Service>>) -> Json<Option<ActiveQuota>> {
    Json(service.rate.get())
}

async fn set_rate(State(service): State<Arc<Service>>, quota: Result<Json<Quota>, JsonRejection>) -> (StatusCode, Json<Value>) {
    match quota {
        Err(rejection) => bad_request(&rejection.body_text()),
        Ok(Json(quota)) => {
            if let Err(error) = quota.check() {
                return bad_request(error);
            }
            service.rate.set(Some(quota));
            (StatusCode::OK, Json(json!(quota)))
        }
    }
}

async fn remove_rate(State(service): State<Arc<Service>>) -> StatusCode {
    service.rate.set(None);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct CallsQuery {
    #[serde(default)]
    image: String,
}

async fn calls(State(service): State<Arc<Service>>, Query(query): Query<CallsQuery>) -> Json<BTreeMap<Operation, Counts>> {
    Json(service.calls.sums(&query.image))
}

async fn calls_by_image(State(service): State<Arc<Service>>) -> Json<BTreeMap<String, BTreeMap<Operation, Counts>>> {
    Json(service.calls.by_image())
}
