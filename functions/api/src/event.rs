//! Requests and responses as API Gateway sends and expects them: HTTP APIs, payload format 2.0.

use axum::{
    body::Body,
    http::{
        HeaderMap, Request, Response,
        header::{CONTENT_ENCODING, HOST},
    },
};
use lambda_http::{
    aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse},
    request::LambdaRequest,
};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;
use std::fmt::Write as _;

/// A request.
#[derive(Debug)]
pub struct Event(ApiGatewayV2httpRequest);

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut event = Value::deserialize(deserializer)?;
        // API Gateway flattens claims to texts; an authorizer of a local stack may not.
        if let Some(Value::Object(claims)) = event.pointer_mut("/requestContext/authorizer/jwt/claims") {
            for claim in claims.values_mut().filter(|claim| !claim.is_string()) {
                *claim = Value::String(claim.to_string());
            }
        }
        serde_json::from_value(event).map(Self).map_err(D::Error::custom)
    }
}

impl Event {
    /// The request id of API Gateway.
    pub fn request_id(&self) -> Option<String> {
        self.0.request_context.request_id.clone()
    }

    /// The method.
    pub fn method(&self) -> &str {
        self.0.request_context.http.method.as_str()
    }

    /// The request.
    pub fn into_request(self) -> Request<Body> {
        let mut event = self.0;
        // lambda_http panics on a URL that is not valid. The host does not matter here, and a path begins with a slash.
        event.headers.remove(HOST);
        event.request_context.domain_name = None;
        event.raw_path = event.raw_path.map(|path| if path.starts_with('/') { path } else { format!("/{path}") });
        event.raw_query_string = event.raw_query_string.map(|query| encoded(&query));
        let request: Request<lambda_http::Body> = LambdaRequest::ApiGatewayV2(event).into();
        request.map(|body| Body::from(body.to_vec()))
    }
}

/// A query in which only characters stay that URLs may contain.
fn encoded(query: &str) -> String {
    query.bytes().fold(String::with_capacity(query.len()), |mut encoded, byte| {
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'#' | b'`' | b'{' | b'}') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// The response, with its whole body.
///
/// # Errors
///
/// axum's error if the body cannot be read; ours are in memory.
pub async fn response(response: Response<Body>) -> Result<ApiGatewayV2httpResponse, axum::Error> {
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await?;
    let is_text = !parts.headers.contains_key(CONTENT_ENCODING) && std::str::from_utf8(&bytes).is_ok();
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.status_code = i64::from(parts.status.as_u16());
    answer.headers = parts.headers;
    answer.multi_value_headers = HeaderMap::new();
    answer.is_base64_encoded = !is_text;
    answer.body = Some(if is_text {
        lambda_http::Body::Text(String::from_utf8_lossy(&bytes).into_owned())
    } else {
        lambda_http::Body::Binary(bytes.to_vec())
    });
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_stays_or_is_encoded() {
        assert_eq!(encoded("q=dining%20table&limit=5"), "q=dining%20table&limit=5");
        assert_eq!(encoded("q=<é \""), "q=%3C%C3%A9%20%22");
    }
}
