//! Requests that no handler sees.

use crate::world::{Who, World, assert_problem, event};
use serde_json::json;

#[tokio::test]
async fn unknown_calls_and_methods_are_problems() {
    let world = World::default();
    for (request, status) in
        [("GET /api/nothing", 404), ("GET /", 404), ("GET /api/images/a/b/c", 404), ("PUT /api/me", 405), ("DELETE /api/images", 405)]
    {
        world.problem(Who::Ann, request, None, status).await;
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_or_too_large_is_a_problem() {
    let world = World::default();
    let mut broken = event(Who::Ann, "POST /api/images:delete", Some(json!({})));
    broken["body"] = json!("{\"ids\": [");
    let mut form = event(Who::Ann, "POST /api/images:delete", Some(json!({"ids": ["a"]})));
    form["headers"]["content-type"] = json!("application/x-www-form-urlencoded");
    let large = event(Who::Ann, "POST /api/images:delete", Some(json!({"ids": ["x".repeat(300_000)]})));
    for (event, status) in [(broken, 400), (form, 415), (large, 413)] {
        let answer = world.send(event).await;
        assert_eq!(answer.status, status, "{:#}", answer.body);
        assert_problem("a wrong body", &answer);
    }
}

#[tokio::test]
async fn odd_hosts_and_queries_do_not_stop_the_function() {
    let world = World::default();
    for (host, query) in [("abc.execute-api.127.0.0.1", "q=a"), ("", "q=\"<é>\""), ("a b", "%zz"), ("localhost:4566", "q=%00&limit=%F0")] {
        let mut odd = event(Who::Ann, "GET /api/images", None);
        odd["headers"]["host"] = json!(host);
        odd["requestContext"]["domainName"] = json!(host);
        odd["rawQueryString"] = json!(query);
        let answer = world.send(odd).await;
        assert!([200, 400].contains(&answer.status), "{host} {query}: {:#}", answer.body);
    }
}

#[tokio::test]
async fn a_body_in_base64_is_read() {
    let world = World::default();
    let mut encoded = event(Who::Ann, "POST /api/images:delete", None);
    encoded["isBase64Encoded"] = json!(true);
    encoded["body"] = json!("eyJpZHMiOlsiYSJdfQ=="); // {"ids":["a"]}
    assert_eq!(world.send(encoded).await.body["receipts"][0]["problem"]["status"], 404);
}
