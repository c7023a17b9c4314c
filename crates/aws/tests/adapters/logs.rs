//! CloudWatch Logs: the log groups of a deployment, filter patterns, and paging.

use crate::replay::{Answer, Replay, json_error, ok};
use serde_json::json;
use sightline_aws::{
    Logs,
    cloudformation::{LogGroup, log_groups},
};
use sightline_domain::model::StepError;

async fn logs(replay: &Replay) -> Logs {
    Logs::new(aws_sdk_cloudwatchlogs::Client::new(&replay.config().await))
}

#[tokio::test]
async fn an_id_is_searched_as_a_quoted_phrase_over_all_pages() {
    let event = |at: i64, id: &str| json!({"timestamp": at, "message": "{}", "logStreamName": "s", "eventId": id});
    let first = json!({"events": [event(5, "a")], "nextToken": "more"});
    // A page can be empty although more pages follow.
    let replay =
        Replay::new([first, json!({"nextToken": "yet more"}), json!({"events": [event(6, "b")]})].map(|page| ok(page.to_string())));

    let lines = logs(&replay).await.lines("a-group", Some("an-id"), 4, 100).await.unwrap();

    assert_eq!(lines.iter().map(|line| (line.at, line.id.as_deref())).collect::<Vec<_>>(), [(5, Some("a")), (6, Some("b"))]);
    let sent: Vec<_> = replay.requests().iter().map(crate::replay::Request::json).collect();
    assert_eq!(sent[0], json!({"logGroupName": "a-group", "startTime": 4, "filterPattern": "\"an-id\""}));
    assert_eq!((&sent[1]["nextToken"], &sent[2]["nextToken"]), (&json!("more"), &json!("yet more")));
}

#[tokio::test]
async fn quotes_are_removed_from_a_phrase() {
    let replay = Replay::new([ok("{}")]);
    logs(&replay).await.lines("a-group", Some("a\" -\"b"), 0, 10).await.unwrap();
    assert_eq!(replay.only().json()["filterPattern"], json!("\"a -b\""));
}

#[tokio::test]
async fn reading_stops_at_the_limit_of_lines() {
    let events: Vec<_> = (0..5).map(|at| json!({"timestamp": at, "message": "m"})).collect();
    let replay = Replay::new([ok(json!({"events": events, "nextToken": "more"}).to_string())]);
    assert_eq!(logs(&replay).await.lines("a-group", None, 0, 7).await.unwrap().len(), 7);
    assert_eq!(replay.requests().len(), 2);
}

#[tokio::test]
async fn a_missing_group_has_no_lines_and_other_errors_are_reported() {
    let gone = Replay::new([json_error(400, "ResourceNotFoundException")]);
    assert!(logs(&gone).await.lines("a-group", None, 0, 10).await.unwrap().is_empty());
    let denied = Replay::new([json_error(400, "AccessDeniedException")]);
    assert_eq!(logs(&denied).await.lines("a-group", None, 0, 10).await.unwrap_err().name(), "Storage.Misconfigured");
}

#[tokio::test]
async fn log_groups_are_listed_from_all_pages_of_both_stacks() {
    let resource = |kind: &str, logical: &str, physical: &str| {
        format!(
            "<member><ResourceType>{kind}</ResourceType><LogicalResourceId>{logical}</LogicalResourceId><PhysicalResourceId>{physical}</PhysicalResourceId></member>"
        )
    };
    let page = |resources: &str, more: &str| {
        ok(format!(
            "<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>{resources}</StackResourceSummaries>{more}</ListStackResourcesResult></ListStackResourcesResponse>"
        ))
    };
    let first = resource("AWS::Lambda::Function", "F", "f") + &resource("AWS::Logs::LogGroup", "FLogs", "logs-f");
    let web = resource("AWS::Logs::LogGroup", "ApiFunctionLogs", "logs-api") + &resource("AWS::Logs::LogGroup", "AccessLog", "access");
    let answers = || [page(&first, "<NextToken>more</NextToken>"), page(&resource("AWS::Logs::LogGroup", "GLogs", "logs-g"), "")];
    let [one, two] = answers();
    let replay = Replay::new([one, two, page(&web, "")]);

    let groups = log_groups(&aws_sdk_cloudformation::Client::new(&replay.config().await), "x").await.unwrap();

    let group = |logical: &str, name: &str| LogGroup { name: name.into(), logical_id: logical.into() };
    assert_eq!(groups, [group("FLogs", "logs-f"), group("GLogs", "logs-g"), group("ApiFunctionLogs", "logs-api")]);
    let sent = String::from_utf8(replay.requests()[1].body.clone()).unwrap();
    assert!(sent.contains("StackName=x-stateless") && sent.contains("NextToken=more"), "{sent}");

    // The setting `web` can be false.
    let absent =
        "<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack with id x-web does not exist</Message></Error></ErrorResponse>";
    let [one, two] = answers();
    let replay = Replay::new([one, two, Answer::Http(400, vec![], absent.into())]);
    assert_eq!(log_groups(&aws_sdk_cloudformation::Client::new(&replay.config().await), "x").await.unwrap().len(), 2);
}
