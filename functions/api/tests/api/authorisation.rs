//! Who may call what: each operation, called by nobody, the owner, another person, a reviewer and an operator.

use super::{
    document::operations,
    world::{ANN, FLAGGED, PHOTO, Who, World, assert_problem, event},
};
use serde_json::{Value, json};
use sightline_tests::samples::BUCKET;
use std::collections::BTreeSet;

/// The callers, in the order of the statuses in [`matrix`].
const CALLERS: [Who; 5] = [Who::Nobody, Who::Ann, Who::Ben, Who::Reviewer, Who::Operator];

/// Request, body, and the status for each of [`CALLERS`].
fn matrix() -> Vec<(String, Option<Value>, [u64; 5])> {
    let everybody = [401, 200, 200, 200, 200];
    let owner = [401, 200, 404, 404, 404];
    let reviewers = [401, 403, 403, 200, 403];
    let operators = [401, 403, 403, 403, 200];
    // Operators see that an execution does not exist; others do not even see that.
    let operators_unknown = [401, 403, 403, 403, 404];
    let file = json!({"name": "a.jpg", "type": "image/jpeg", "size": 5, "sha256": "ab".repeat(32)});
    let edit = json!({"edits": 0, "title": "Beach"});
    vec![
        ("GET /api/me".into(), None, everybody),
        ("POST /api/uploads".into(), Some(json!({"files": [file]})), everybody),
        ("GET /api/images".into(), None, everybody),
        ("GET /api/images?q=car".into(), None, everybody),
        (format!("GET /api/images?ids={PHOTO}"), None, everybody),
        ("GET /api/images/months".into(), None, everybody),
        (format!("GET /api/images/{PHOTO}"), None, owner),
        (format!("GET /api/images/{PHOTO}/answers/labels"), None, owner),
        (format!("PATCH /api/images/{PHOTO}"), Some(edit), owner),
        (format!("DELETE /api/images/{PHOTO}"), None, owner),
        ("POST /api/images:delete".into(), Some(json!({"ids": [PHOTO]})), everybody),
        ("GET /api/reviews".into(), None, reviewers),
        (format!("GET /api/reviews/{FLAGGED}"), None, reviewers),
        (format!("POST /api/reviews/{FLAGGED}/claim"), None, reviewers),
        (format!("POST /api/reviews/{FLAGGED}/decision"), Some(json!({"decision": "APPROVED"})), reviewers),
        ("GET /api/trends".into(), None, everybody),
        ("GET /api/trends?scope=deployment".into(), None, operators),
        ("GET /api/terms?prefix=c".into(), None, everybody),
        ("GET /api/executions".into(), None, operators),
        ("GET /api/executions/unknown".into(), None, operators_unknown),
        ("POST /api/executions/unknown/redrive".into(), Some(json!({})), operators_unknown),
        ("POST /api/executions:redrive".into(), Some(json!({"dryRun": true})), operators),
    ]
}

/// A fresh world for each call.
fn world() -> World {
    let world = World::with_images();
    world.objects.upload(BUCKET, &format!("results/{PHOTO}/labels.json"), b"{\"Labels\":[]}", 0);
    world.tables.change(FLAGGED, json!({"ReviewToken": "token"}));
    world
}

#[tokio::test]
async fn every_call_answers_every_caller_as_the_matrix_says() {
    for (request, body, expected) in matrix() {
        for (who, status) in CALLERS.into_iter().zip(expected) {
            let answer = world().call(who, &request, body.clone()).await;
            assert_eq!(answer.status, status, "{request} by {who:?}: {:#}", answer.body);
            assert_eq!(answer.headers["cache-control"], "no-store", "{request}");
            if status != 200 {
                assert_problem(&request, &answer);
            }
        }
    }
}

#[test]
fn the_matrix_has_every_operation_of_the_document() {
    let asked: BTreeSet<String> = matrix().into_iter().map(|(request, ..)| request).collect();
    for (method, path, _) in operations() {
        let matches = |request: &String| {
            let (asked_method, target) = request.split_once(' ').unwrap();
            let target = target.split('?').next().unwrap();
            let parts = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
            let (wanted, asked) = (parts(&path), parts(target));
            let is_same = |(wanted, asked): (&String, &String)| wanted == asked || wanted.starts_with('{');
            asked_method == method && wanted.len() == asked.len() && wanted.iter().zip(&asked).all(is_same)
        };
        assert!(asked.iter().any(matches), "{method} {path} is not in the matrix");
    }
}

#[tokio::test]
async fn the_answer_for_an_image_of_somebody_else_is_the_same_as_for_none() {
    let world = world();
    let none = "90000000-0000-5000-8000-000000000009";
    for (request, body) in
        [("GET /api/images/ID", None), ("DELETE /api/images/ID", None), ("PATCH /api/images/ID", Some(json!({"edits": 0})))]
    {
        let of = |id: &str| request.replace("ID", id);
        let theirs = world.call(Who::Ben, &of(PHOTO), body.clone()).await;
        assert_eq!(theirs, world.call(Who::Ben, &of(none), body.clone()).await, "{request}");
        assert_eq!(theirs, world.call(Who::Ben, &of("not-an-id"), body.clone()).await, "{request}");
    }
    let images = world.ok(Who::Ben, &format!("GET /api/images?ids={PHOTO}"), None).await;
    assert_eq!(images["images"], json!([]));
    let erased = world.ok(Who::Ben, "POST /api/images:delete", Some(json!({"ids": [PHOTO]}))).await;
    assert_eq!((&erased["receipts"][0]["receipt"], &erased["receipts"][0]["problem"]["status"]), (&Value::Null, &json!(404)));
    assert!(world.tables.item(PHOTO).contains_key("OwnerID"), "it is still there");
}

#[tokio::test]
async fn only_verified_claims_of_an_access_token_name_the_caller() {
    let world = world();
    let mut with_header = event(Who::Nobody, "GET /api/me", None);
    with_header["headers"]["x-user"] = json!(ANN);
    with_header["cookies"] = json!([format!("sub={ANN}")]);
    assert_eq!(world.send(with_header).await.status, 401);
    let mut id_token = event(Who::Ann, "GET /api/me", None);
    id_token["requestContext"]["authorizer"]["jwt"]["claims"]["token_use"] = json!("id");
    assert_eq!(world.send(id_token).await.status, 401);
    let mut array = event(Who::Ann, "GET /api/me", None);
    array["requestContext"]["authorizer"]["jwt"]["claims"]["cognito:groups"] = json!(["reviewers", "operators"]);
    assert_eq!(world.send(array).await.body["groups"], json!(["operators", "reviewers"]));
}

#[tokio::test]
async fn nobody_claims_or_decides_their_own_image() {
    let world = world();
    for (request, body) in [("claim", None), ("decision", Some(json!({"decision": "APPROVED"})))] {
        let problem = world.problem(Who::AnnWithGroups, &format!("POST /api/reviews/{FLAGGED}/{request}"), body, 403).await;
        assert!(problem["detail"].as_str().unwrap().contains("your own image"), "{problem}");
    }
    let reviews = world.ok(Who::AnnWithGroups, "GET /api/reviews", None).await;
    assert_eq!(reviews["reviews"][0]["mine"], true);
}
