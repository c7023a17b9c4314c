//! The HTTP API of the page: uploads, images, search, reviews, trends and executions (docs/api.md).
//!
//! Input: a request of an HTTP API, payload format 2.0. Output: its response. Every error is a problem (RFC 9457) with the id of the request;
//! the function itself fails only if it panics twice or runs out of time.

#![allow(clippy::result_large_err, reason = "a problem is made once for a request, and sent")]

mod caller;
mod cursor;
mod deployment;
mod event;
mod executions;
mod extract;
mod images;
mod me;
mod media;
mod present;
mod problem;
mod reviews;
mod router;
mod settings;
mod trends;
pub mod types;
mod uploads;

pub use deployment::{Api, Deployment};
pub use event::Event;
pub use media::MediaLinks;
pub use problem::{PROBLEM_JSON, Problem};
pub use router::{DOCUMENT_PATH, document};
pub use settings::{Settings, settings};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE},
};
use event::response;
use futures_util::FutureExt;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use router::{Route, router};
use sightline_domain::model::error::InputInvalid;
use sightline_kit::{Step, StepFailure, add_field};
use std::{panic::AssertUnwindSafe, sync::Arc};
use tower::ServiceExt;

/// Serves requests.
pub struct HttpApi(Router);

impl HttpApi {
    /// The API of a deployment.
    pub fn new<D: Deployment>(api: Api<D>) -> Self {
        Self(router(Arc::new(api)))
    }

    /// Answers a request. A panic is a problem, too.
    async fn answer(&self, event: Event, request_id: &str) -> Response<Body> {
        let answer = AssertUnwindSafe(self.0.clone().oneshot(event.into_request())).catch_unwind().await;
        let mut response = match answer {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_panic) => axum::response::IntoResponse::into_response(Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong here. Tell an operator the request id.",
            )),
        };
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            let problem = Problem { request_id: request_id.to_owned(), ..problem };
            *response.body_mut() = Body::from(serde_json::to_vec(&problem).unwrap_or_default());
            response.headers_mut().remove("content-length");
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        }
        response
    }
}

impl Step for HttpApi {
    const NAME: &'static str = "api";
    type Input = Event;
    type Output = ApiGatewayV2httpResponse;

    async fn run(&self, event: Event) -> Result<ApiGatewayV2httpResponse, StepFailure> {
        let request_id = event.request_id().unwrap_or_default();
        let method = event.method().to_owned();
        let answer = self.answer(event, &request_id).await;
        // The route and not the path: paths contain ids.
        let route = answer.extensions().get::<Route>().map_or_else(|| format!("{method} (none)"), |Route(route)| route.clone());
        let status = answer.status().as_u16();
        add_field("route", &route);
        add_field("status", &status.to_string());
        add_field("api_request_id", &request_id);
        tracing::info!(route, status, api_request_id = request_id, "answered");
        Ok(response(answer).await.map_err(|error| InputInvalid(error.into()))?)
    }
}
