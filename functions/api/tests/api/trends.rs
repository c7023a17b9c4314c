//! Trends and terms.

use crate::world::{ANN, BEN, Who, World};
use serde_json::{Value, json};

#[tokio::test]
async fn own_trends_count_the_callers_images_by_week_and_day() {
    let world = World::default();
    world.count(&format!("owner-labels#{ANN}"), "car", json!({"Count": 5, "2026-W09": 3, "2026-W08": 2}));
    world.count(&format!("owner-labels#{ANN}"), "cat", json!({"Count": 4, "2026-W09": 4}));
    world.count(&format!("owner-labels#{BEN}"), "dog", json!({"Count": 9, "2026-W09": 9}));
    world.count(&format!("owner-days#{ANN}"), "2026-03-01", json!({"Completed": 3, "Failed": 1, "Calls": 7, "Microdollars": 8_000}));
    world.count(&format!("owner-days#{ANN}"), "2026-02-28", json!({"Rejected": 2, "Reason:TOO_SMALL": 2}));
    world.count(&format!("owner-days#{ANN}"), "2026-02-27", json!({"Rejected": 2, "Reason:TOO_SMALL": 1, "Reason:EMPTY_FILE": 1}));
    let trends = world.ok(Who::Ann, "GET /api/trends?weeks=2", None).await;
    assert_eq!(
        trends["weeks"],
        json!([
            {"week": "2026-W08", "labels": [{"name": "car", "count": 2}]},
            {"week": "2026-W09", "labels": [{"name": "cat", "count": 4}, {"name": "car", "count": 3}]},
        ])
    );
    let day = json!({"day": "2026-03-01", "completed": 3, "withheld": 0, "rejected": 0, "failed": 1, "calls": 7, "costUsd": 0.008});
    assert_eq!((&trends["days"][2], &trends["scope"], &trends["reviewsWaiting"]), (&day, &json!("own"), &Value::Null));
    assert_eq!(trends["reasons"], json!([{"name": "TOO_SMALL", "count": 3}, {"name": "EMPTY_FILE", "count": 1}]));
}

#[tokio::test]
async fn operators_see_the_trends_of_the_deployment() {
    let world = World::with_images();
    world.count("labels#2026-W09", "car", json!({"Count": 5}));
    world.count("reasons#2026-W09", "TOO_SMALL", json!({"Count": 2}));
    world.count("hours", "2026-03-01T11", json!({"Completed": 3, "Rejected": 2, "Calls": 6, "Microdollars": 6_000}));
    let trends = world.ok(Who::Operator, "GET /api/trends?weeks=1&scope=deployment", None).await;
    assert_eq!(trends["weeks"], json!([{"week": "2026-W09", "labels": [{"name": "car", "count": 5}]}]));
    assert_eq!((&trends["days"][0]["rejected"], &trends["reasons"]), (&json!(2), &json!([{"name": "TOO_SMALL", "count": 2}])));
    assert_eq!(trends["reviewsWaiting"], 1);
    for wrong in ["weeks=0", "weeks=54", "scope=all"] {
        world.problem(Who::Operator, &format!("GET /api/trends?{wrong}"), None, 400).await;
    }
}

#[tokio::test]
async fn terms_complete_a_prefix_most_used_first() {
    let world = World::default();
    for (label, count) in [("car", 2), ("cat", 7), ("dog", 9), ("camel", 0)] {
        world.count(&format!("owner-labels#{ANN}"), label, json!({"Count": count}));
    }
    let terms = world.ok(Who::Ann, "GET /api/terms?prefix=CA", None).await;
    assert_eq!(terms, json!({"terms": [{"term": "cat", "count": 7, "kind": "LABEL"}, {"term": "car", "count": 2, "kind": "LABEL"}]}));
    let all = world.ok(Who::Ann, "GET /api/terms", None).await;
    assert_eq!(all["terms"][0]["term"], "dog");
    assert_eq!(world.ok(Who::Ben, "GET /api/terms?prefix=ca", None).await["terms"], json!([]));
    world.problem(Who::Ann, &format!("GET /api/terms?prefix={}", "x".repeat(65)), None, 400).await;
}
