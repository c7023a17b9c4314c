//! Requests of an HTTP API as API Gateway sends them to a function.

use serde_json::{Value, json};

/// The claims of an access token, as HTTP APIs flatten them; `groups` such as `[reviewers operators]`.
pub fn claims(sub: &str, groups: &str) -> Value {
    json!({"sub": sub, "token_use": "access", "cognito:groups": groups, "username": sub})
}

/// The event of a request such as `GET /api/images?limit=5`, from a caller with `claims` or from nobody (API Gateway developer guide, "Working
/// with AWS Lambda proxy integrations for HTTP APIs", payload format 2.0).
pub fn event(claims: Option<Value>, request: &str, body: Option<&Value>) -> Value {
    let (method, target) = request.split_once(' ').unwrap_or(("GET", request));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut event = json!({
        "version": "2.0", "routeKey": "ANY /api/{proxy+}", "rawPath": path, "rawQueryString": query,
        "headers": {"accept": "application/json", "content-type": "application/json", "host": "abc123.execute-api.eu-west-1.amazonaws.com",
            "authorization": "Bearer not-read", "x-forwarded-proto": "https"},
        "requestContext": {"accountId": "123456789012", "apiId": "abc123", "domainName": "abc123.execute-api.eu-west-1.amazonaws.com",
            "domainPrefix": "abc123", "requestId": "request-1", "routeKey": "ANY /api/{proxy+}", "stage": "$default",
            "time": "26/Nov/2026:07:00:00 +0000", "timeEpoch": 1_795_676_400_000_i64,
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test"}},
        "isBase64Encoded": false,
    });
    if let Some(claims) = claims
        && let Some(context) = event.get_mut("requestContext").and_then(Value::as_object_mut)
    {
        context.insert("authorizer".to_owned(), json!({"jwt": {"claims": claims, "scopes": null}}));
    }
    if let Some(body) = body
        && let Some(event) = event.as_object_mut()
    {
        event.insert("body".to_owned(), json!(body.to_string()));
    }
    event
}
