//! All operations: each is routed and documented at once.

use crate::{
    deployment::{Api, Deployment},
    executions,
    extract::MAX_BODY,
    images, me,
    problem::{PROBLEM_JSON, Problem},
    reviews, trends,
    types::{
        erase::{EraseRequest, Receipt, Receipts},
        execution::{Execution, ExecutionPage, RedriveManyRequest, RedriveOutcomes, RedriveRequest},
        image::{AnalysisName, Edit, Image, ImagePage, Months},
        me::Me,
        review::{Claim, Decision, DecisionRequest, ReviewPage},
        trends::{Terms, Trends},
        upload::{UploadAnswer, UploadRequest},
    },
    uploads,
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request},
    handler::Handler,
    http::{
        HeaderValue, Method, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodFilter, on},
};
use std::sync::Arc;
use utoipa::{
    Modify, OpenApi, Path,
    openapi::{
        self, Content, Ref, RefOr, ResponseBuilder, Schema, SecurityRequirement,
        path::HttpMethod,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// The part of the document that does not depend on the operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "sightline",
        description = "Upload photos, see what is in them, search, review and re-run. Every call except this document needs an access token of the deployment's user pool in the header `Authorization: Bearer …`. Errors are problem details (RFC 9457).",
    ),
    servers((url = "/", description = "The origin of the page.")),
    components(schemas(
        AnalysisName, Claim, Decision, DecisionRequest, Edit, EraseRequest, Execution, ExecutionPage, Image, ImagePage, Me, Months, Problem,
        Receipt, Receipts, RedriveManyRequest, RedriveOutcomes, RedriveRequest, ReviewPage, Terms, Trends, UploadAnswer, UploadRequest,
    )),
    tags(
        (name = "me", description = "Who is signed in."),
        (name = "uploads", description = "Links to upload files directly to S3."),
        (name = "images", description = "The caller's images."),
        (name = "reviews", description = "Reviews; group `reviewers`."),
        (name = "trends", description = "Trends and terms."),
        (name = "executions", description = "Executions of the state machine; group `operators`."),
    ),
    modifiers(&Finish),
)]
struct Document;

/// Name of the security scheme.
const TOKEN: &str = "accessToken";

/// Schemas of requests; all others are of responses.
const REQUESTS: [&str; 7] =
    ["UploadRequest", "DeclaredFile", "Edit", "EraseRequest", "DecisionRequest", "RedriveRequest", "RedriveManyRequest"];

struct Finish;

impl Modify for Finish {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme(TOKEN, SecurityScheme::Http(bearer));
        // Responses have all their fields: one without a value is null.
        let responses = components.schemas.iter_mut().filter(|(name, _)| !REQUESTS.contains(&name.as_str()) && *name != "Problem");
        for (_, schema) in responses {
            require_all(schema);
        }
    }
}

/// Makes all properties of a schema, and of the schemas in it, required.
fn require_all(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => object.required = object.properties.keys().cloned().collect(),
        RefOr::T(Schema::AllOf(all)) => all.items.iter_mut().for_each(require_all),
        RefOr::T(Schema::OneOf(one)) => one.items.iter_mut().for_each(require_all),
        RefOr::T(_) | RefOr::Ref(_) => {}
    }
}

/// Statuses of problems that any operation can answer with.
const EVERYWHERE: [StatusCode; 4] =
    [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::INTERNAL_SERVER_ERROR, StatusCode::SERVICE_UNAVAILABLE];

/// Statuses of problems that any operation with a body can answer with, too.
const WITH_BODY: [StatusCode; 2] = [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNSUPPORTED_MEDIA_TYPE];

/// What is done with each operation: it is routed, or it is documented. The function contains only the router, and no code that builds the
/// document, which would be a fifth of its size.
trait Collect<D: Deployment>: Sized {
    /// Adds the operation that `P` describes. `problems` are the statuses that it can answer with beside [`EVERYWHERE`].
    fn add<P: Path, T: 'static>(self, path: P, handler: impl Handler<T, Arc<Api<D>>>, problems: &[StatusCode]) -> Self;
}

impl<D: Deployment> Collect<D> for Router<Arc<Api<D>>> {
    fn add<P: Path, T: 'static>(self, _: P, handler: impl Handler<T, Arc<Api<D>>>, _: &[StatusCode]) -> Self {
        let filter = P::methods().iter().map(method).reduce(MethodFilter::or).unwrap_or(MethodFilter::GET);
        self.route(&P::path(), on(filter, handler))
    }
}

impl<D: Deployment> Collect<D> for openapi::OpenApi {
    fn add<P: Path, T: 'static>(mut self, _: P, _: impl Handler<T, Arc<Api<D>>>, problems: &[StatusCode]) -> Self {
        let mut operation = P::operation();
        operation.security = Some(vec![SecurityRequirement::new(TOKEN, [] as [&str; 0])]);
        let of_body = WITH_BODY.iter().filter(|_| operation.request_body.is_some());
        let statuses: Vec<_> = EVERYWHERE.iter().chain(of_body).chain(problems).collect();
        for status in statuses {
            let problem = Content::new(Some(Ref::from_schema_name("Problem")));
            let response = ResponseBuilder::new().description(status.canonical_reason().unwrap_or("Error")).content(PROBLEM_JSON, problem);
            operation.responses.responses.insert(status.as_str().to_owned(), response.build().into());
        }
        self.paths.add_path_operation(P::path(), P::methods(), operation);
        self
    }
}

const fn method(method: &HttpMethod) -> MethodFilter {
    match method {
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Get | HttpMethod::Head | HttpMethod::Options | HttpMethod::Trace => MethodFilter::GET,
    }
}

fn operations<D: Deployment, C: Collect<D>>(operations: C) -> C {
    const NONE: &[StatusCode] = &[];
    const FOUND: &[StatusCode] = &[StatusCode::NOT_FOUND];
    const GROUP: &[StatusCode] = &[StatusCode::FORBIDDEN];
    const IN_GROUP: &[StatusCode] = &[StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];
    const EDITED: &[StatusCode] = &[StatusCode::NOT_FOUND, StatusCode::CONFLICT];
    const REVIEWED: &[StatusCode] = &[StatusCode::FORBIDDEN, StatusCode::NOT_FOUND, StatusCode::CONFLICT];
    operations
        .add(me::__path_me, me::me::<D>, NONE)
        .add(uploads::__path_request, uploads::request::<D>, NONE)
        .add(images::__path_list, images::list::<D>, NONE)
        .add(images::__path_months, images::months::<D>, NONE)
        .add(images::__path_get, images::get::<D>, FOUND)
        .add(images::__path_answer, images::answer::<D>, FOUND)
        .add(images::__path_edit, images::edit::<D>, EDITED)
        .add(images::__path_erase, images::erase::<D>, FOUND)
        .add(images::__path_erase_many, images::erase_many::<D>, NONE)
        .add(reviews::__path_list, reviews::list::<D>, GROUP)
        .add(reviews::__path_get, reviews::get::<D>, IN_GROUP)
        .add(reviews::__path_claim, reviews::claim::<D>, REVIEWED)
        .add(reviews::__path_decide, reviews::decide::<D>, REVIEWED)
        .add(trends::__path_trends, trends::trends::<D>, GROUP)
        .add(trends::__path_terms, trends::terms::<D>, NONE)
        .add(executions::__path_list, executions::list::<D>, GROUP)
        .add(executions::__path_get, executions::get::<D>, IN_GROUP)
        .add(executions::__path_redrive, executions::redrive::<D>, IN_GROUP)
        .add(executions::__path_redrive_many, executions::redrive_many::<D>, IN_GROUP)
}

/// Path of the OpenAPI document, the only one that needs no access token.
pub const DOCUMENT_PATH: &str = "/api/openapi.json";

/// The OpenAPI document as JSON, generated from the types. `make openapi` writes it to `web/openapi.json`, which the function serves.
///
/// # Errors
///
/// serde's error if it cannot be written.
pub fn document<D: Deployment>() -> Result<String, serde_json::Error> {
    let mut json = operations::<D, _>(Document::openapi()).to_pretty_json()?;
    json.push('\n');
    Ok(json)
}

/// The committed OpenAPI document.
const COMMITTED: &str = include_str!("../../../web/openapi.json");

/// The route of a request, as a field of the metrics.
#[derive(Debug, Clone)]
pub struct Route(pub String);

/// The router of all operations and of the document.
pub fn router<D: Deployment>(api: Arc<Api<D>>) -> Router {
    let serve = || async { ([(CONTENT_TYPE, "application/json")], COMMITTED) };
    let no_call = || async { Problem::new(StatusCode::NOT_FOUND, "There is no such call. The OpenAPI document lists all of them.") };
    let no_method =
        || async { Problem::new(StatusCode::METHOD_NOT_ALLOWED, "This path does not accept this method. See the OpenAPI document.") };
    let router =
        operations::<D, _>(Router::new()).route(DOCUMENT_PATH, on(MethodFilter::GET, serve)).method_not_allowed_fallback(no_method);
    router
        .route_layer(middleware::from_fn(name_route))
        .fallback(no_call)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::map_response(add_headers))
        .with_state(api)
}

/// Adds the route to the response, for the metrics.
async fn name_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| Route(named(request.method(), path)));
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

fn named(method: &Method, path: &MatchedPath) -> String {
    format!("{method} {}", path.as_str())
}

/// Answers hold people's data and signed links: nobody on the way may keep them.
async fn add_headers(response: Response) -> impl IntoResponse {
    let mut response = response;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}
