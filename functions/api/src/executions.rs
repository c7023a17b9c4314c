//! Executions of the state machine; group `operators`.

use crate::{
    caller::Operator,
    cursor,
    deployment::{Api, Deployment, State},
    extract::{Body, Parameters},
    problem::Problem,
    types::{
        Time,
        execution::{
            Execution, ExecutionPage, ExecutionState, ExecutionStatus, ExecutionSummary, InputSummary, RedriveAction, RedriveManyRequest,
            RedriveOutcome, RedriveOutcomes, RedriveRequest, StateOutcome,
        },
    },
};
use axum::{Json, extract::Path};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use sightline_domain::{
    flows::redrive::{Candidate, Plan, REDRIVABLE_DAYS, Remedy, RerunMode, RunAgain, image_of, record_of},
    model::{
        clock::{Clock, DAY_MILLIS, EpochMillis, Pause},
        error::StepError,
        execution::{self, ExecutionDetail, execution_name},
    },
    ports::{ExecutionOperations, ExecutionQuery},
    rules::{
        input_summary::Summary,
        timeline::{Step, add_analyses, steps, stop_running},
    },
};
use std::collections::BTreeSet;
use utoipa::IntoParams;

/// Executions on a page.
const PAGE: u16 = 20;
/// Executions that one call runs again at most, so that it ends in time.
const MOST_REDRIVES: usize = 50;
/// Executions that are looked at to find failed ones to run again.
const MOST_LISTED: u16 = 100;
/// Events of a history that are read.
const MOST_EVENTS: usize = 1_000;
/// Executions that are read at once.
const READS_AT_ONCE: usize = 8;
/// Maximum length of a cause, characters.
const MAX_CAUSE: usize = 500;
/// Maximum length of the name of an execution in Step Functions.
const MAX_NAME: usize = 80;

/// Which executions are listed.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub struct ExecutionParameters {
    /// Only this status.
    #[param(inline)]
    pub status: Option<ExecutionStatus>,
    /// Only executions that started at this time or later: a day in UTC or an ISO 8601 time.
    #[param(example = "2026-11-24")]
    pub since: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Where a list of executions continues.
#[derive(Debug, Serialize, Deserialize)]
struct Position {
    token: String,
}

impl ExecutionStatus {
    /// The name in Step Functions.
    const fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
            Self::PendingRedrive => "PENDING_REDRIVE",
        }
    }

    fn of(name: &str) -> Self {
        match name {
            "SUCCEEDED" => Self::Succeeded,
            "FAILED" => Self::Failed,
            "TIMED_OUT" => Self::TimedOut,
            "ABORTED" => Self::Aborted,
            "PENDING_REDRIVE" => Self::PendingRedrive,
            // Any status that is unknown here is not an end.
            _ => Self::Running,
        }
    }
}

/// Lists executions, newest first. Group `operators`.
#[utoipa::path(get, path = "/api/executions", operation_id = "listExecutions", tag = "executions", params(ExecutionParameters), responses((status = 200, description = "A page of executions.", body = ExecutionPage)))]
pub async fn list<D: Deployment>(
    api: State<D>,
    _: Operator,
    Parameters(parameters): Parameters<ExecutionParameters>,
) -> Result<Json<ExecutionPage>, Problem> {
    let after: Option<Position> = cursor::decode(parameters.cursor.as_deref())?;
    let query = ExecutionQuery {
        status: parameters.status.map(ExecutionStatus::name),
        since: since(parameters.since.as_deref())?.unwrap_or_default(),
        limit: PAGE,
        token: after.as_ref().map(|after| after.token.as_str()),
    };
    let page = api.executions.page(&query).await?;
    let (api, mode) = (&api, RerunMode::Redrive);
    let read = |listed: execution::Execution| async move {
        match api.candidate(&listed.arn, mode).await? {
            Some(candidate) => Ok::<_, Problem>(summary(&candidate)),
            // It was forgotten between the list and the look.
            None => Ok(summary_of_listed(listed)),
        }
    };
    let executions = stream::iter(page.items).map(read).buffered(READS_AT_ONCE).try_collect().await?;
    let next = page.next.and_then(|token| cursor::encode(&Position { token }));
    Ok(Json(ExecutionPage { executions, next }))
}

fn since(text: Option<&str>) -> Result<Option<EpochMillis>, Problem> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let invalid = || Problem::invalid("The value of since is a day such as 2026-11-24, or an ISO 8601 time.");
    Time::parse(text, false).map(|Time(at)| Some(at)).ok_or_else(invalid)
}

impl<D: Deployment> Api<D> {
    /// An execution with its image and the plan to run it again; `None` if Step Functions does not know it.
    async fn candidate(&self, arn: &str, mode: RerunMode) -> Result<Option<Candidate>, Problem> {
        let Some(detail) = self.executions.describe(arn).await? else { return Ok(None) };
        let record = match record_of(&self.tables, &self.objects, detail.input.as_deref(), arn).await {
            // One unreadable record must not hide the execution.
            Err(error) if !error.is_transient() => None,
            found => found?,
        };
        Ok(Some(Candidate::new(&self.executions, detail, record, self.clock.now(), mode).await?))
    }

    /// The ARN of the execution with this id.
    fn arn(&self, id: &str) -> Result<String, Problem> {
        let is_name = (1..=MAX_NAME).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        is_name.then(|| self.executions.arn_of(id)).ok_or_else(Problem::no_execution)
    }

    /// Runs candidates again within Rekognition's quota: all at once would repeat the burst that made them fail.
    async fn run_again(&self, candidates: &[Candidate], dry_run: bool) -> Vec<RedriveOutcome> {
        let mut outcomes = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            if dry_run || matches!(candidate.plan, Plan::Skip { .. }) {
                outcomes.push(preview(candidate));
                continue;
            }
            if !outcomes.is_empty() {
                self.clock.pause(1_000 / u64::from(self.settings.calls_per_second.max(1))).await;
            }
            outcomes.push(outcome(candidate, candidate.run_again(&self.executions, &self.tables).await.map_err(Problem::from)));
        }
        outcomes
    }

    async fn named(&self, ids: &[String], mode: RerunMode) -> Result<Vec<Candidate>, Problem> {
        let (mut seen, mut arns) = (BTreeSet::new(), Vec::new());
        for id in ids {
            let arn = self.arn(id)?;
            arns.extend(seen.insert(arn.clone()).then_some(arn));
        }
        let read = |arn: String| async move { self.candidate(&arn, mode).await?.ok_or_else(Problem::no_execution) };
        stream::iter(arns).map(read).buffered(READS_AT_ONCE).try_collect().await
    }

    /// The newest failed executions whose image has not been analysed by a later execution, and whether there may be more.
    async fn failed(&self, request: &RedriveManyRequest, mode: RerunMode) -> Result<(Vec<Candidate>, bool), Problem> {
        let since = since(request.since.as_deref())?.unwrap_or_else(|| self.clock.now() - REDRIVABLE_DAYS * DAY_MILLIS);
        let (mut arns, mut more) = (Vec::new(), false);
        for status in execution::FAILURES {
            let page = self.executions.page(&ExecutionQuery { status: Some(status), since, limit: MOST_LISTED, token: None }).await?;
            more |= page.next.is_some();
            arns.extend(page.items.into_iter().map(|execution| (execution.started_at, execution.arn)));
        }
        arns.sort_by(|a, b| b.cmp(a));
        let read = |(_, arn): (EpochMillis, String)| async move { self.candidate(&arn, mode).await };
        let mut reading = stream::iter(arns).map(read).buffered(READS_AT_ONCE);
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        while let Some(candidate) = reading.next().await {
            let is_due = |candidate: &Candidate| {
                candidate.owns_image() && candidate.is_newest(&mut seen) && candidate.has_error(request.error.as_deref())
            };
            let matching = candidate?.filter(is_due);
            if found.len() == MOST_REDRIVES && matching.is_some() {
                return Ok((found, true));
            }
            found.extend(matching);
        }
        Ok((found, more))
    }
}

fn summary(candidate: &Candidate) -> ExecutionSummary {
    let ExecutionDetail { execution, input, error, cause, .. } = &candidate.detail;
    let (image_id, image_name) = image_of(input.as_deref(), candidate.record.as_ref());
    // An execution whose image another one has analysed since is not worth a redrive.
    let why = match &candidate.plan {
        Plan::Skip { reason, remedy } => Some(sentence(reason, *remedy)),
        Plan::Redrive | Plan::Restart(_) if !candidate.owns_image() => Some("Its image has been analysed or rejected since.".to_owned()),
        Plan::Redrive | Plan::Restart(_) => None,
    };
    ExecutionSummary {
        image_id,
        image_name,
        error: error.clone(),
        cause: cause.as_deref().map(short),
        redrivable: why.is_none(),
        why,
        ..summary_of_listed(execution.clone())
    }
}

fn summary_of_listed(listed: execution::Execution) -> ExecutionSummary {
    ExecutionSummary {
        id: listed.name,
        arn: listed.arn,
        status: ExecutionStatus::of(&listed.status),
        started_at: Time(listed.started_at),
        stopped_at: listed.stopped_at.map(Time),
        image_id: None,
        image_name: None,
        error: None,
        cause: None,
        redrivable: false,
        why: None,
    }
}

fn short(text: &str) -> String {
    if text.chars().count() <= MAX_CAUSE { text.to_owned() } else { text.chars().take(MAX_CAUSE - 1).chain(['…']).collect() }
}

/// A reason as a sentence, with what else would run the image again.
fn sentence(reason: &str, remedy: Option<Remedy>) -> String {
    let mut letters = reason.chars();
    let reason: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    match remedy {
        None => format!("{reason}."),
        Some(Remedy::Restart) => format!("{reason}. A new execution is possible."),
        Some(Remedy::InspectAgain) => format!("{reason}. The command line can inspect its image again."),
    }
}

/// Shows an execution with its states. Inputs are summarised: found text, faces and tokens are never shown. Group `operators`.
#[utoipa::path(get, path = "/api/executions/{id}", operation_id = "getExecution", tag = "executions", params(("id" = String, Path, description = "Name of the execution.")), responses((status = 200, description = "The execution.", body = Execution)))]
pub async fn get<D: Deployment>(api: State<D>, _: Operator, Path(id): Path<String>) -> Result<Json<Execution>, Problem> {
    let arn = api.arn(&id)?;
    let candidate = api.candidate(&arn, RerunMode::Redrive).await?.ok_or_else(Problem::no_execution)?;
    let mut steps = steps(&api.executions.history(&arn, MOST_EVENTS).await?);
    if candidate.detail.execution.stopped_at.is_some() {
        stop_running(&mut steps);
    }
    if let Some(record) = candidate.record.as_ref().filter(|record| record.execution_arn == arn) {
        add_analyses(&mut steps, record);
    }
    let states = steps.into_iter().map(state).collect();
    Ok(Json(Execution { summary: summary(&candidate), redrives: candidate.detail.redrives, states }))
}

fn state(step: Step) -> ExecutionState {
    let outcome = match step.outcome.as_str() {
        "SUCCEEDED" if step.is_caught => StateOutcome::Caught,
        "SUCCEEDED" => StateOutcome::Succeeded,
        "FAILED" => StateOutcome::Failed,
        "STOPPED" => StateOutcome::Stopped,
        "DONE" => StateOutcome::Done,
        "SKIPPED" => StateOutcome::Skipped,
        _ => StateOutcome::Running,
    };
    ExecutionState {
        name: step.state,
        kind: step.kind,
        // The key of a result is of no use to a page.
        note: step.note.filter(|_| outcome != StateOutcome::Done),
        outcome,
        attempts: step.retries + 1,
        started_at: step.entered_at.map(Time),
        ended_at: step.left_at.map(Time),
        error: step.error,
        cause: step.cause.as_deref().map(short),
        input: step.input.map(input),
    }
}

fn input(summary: Summary) -> InputSummary {
    let Summary { image_id, key, size, width, height, labels, faces, text_lines, verdict, error } = summary;
    InputSummary { image_id, key, size, width, height, labels, faces, text_lines, verdict, error }
}

/// Runs a failed execution again, from the state that failed; stored answers are not paid for again. Group `operators`.
#[utoipa::path(post, path = "/api/executions/{id}/redrive", operation_id = "redriveExecution", tag = "executions", params(("id" = String, Path, description = "Name of the execution.")), request_body = RedriveRequest, responses((status = 200, description = "What was done.", body = RedriveOutcomes)))]
pub async fn redrive<D: Deployment>(
    api: State<D>,
    _: Operator,
    Path(id): Path<String>,
    Body(request): Body<RedriveRequest>,
) -> Result<Json<RedriveOutcomes>, Problem> {
    let candidates = api.named(&[id], RerunMode::new(request.or_restart, false)).await?;
    Ok(Json(RedriveOutcomes { outcomes: api.run_again(&candidates, request.dry_run).await, more: false }))
}

/// Runs failed executions again: those that are named, or else the newest that failed, at most 50 in one call. Group `operators`.
#[utoipa::path(post, path = "/api/executions:redrive", operation_id = "redriveExecutions", tag = "executions", request_body = RedriveManyRequest, responses((status = 200, description = "What was done with each.", body = RedriveOutcomes)))]
pub async fn redrive_many<D: Deployment>(
    api: State<D>,
    _: Operator,
    Body(request): Body<RedriveManyRequest>,
) -> Result<Json<RedriveOutcomes>, Problem> {
    let mode = RerunMode::new(request.or_restart, false);
    let (candidates, more) = match &request.ids {
        Some(ids) if ids.is_empty() || ids.len() > MOST_REDRIVES => {
            return Err(Problem::invalid(format!("Send the ids of 1 to {MOST_REDRIVES} executions.")));
        }
        Some(ids) => {
            let mut named = api.named(ids, mode).await?;
            named.retain(|candidate| candidate.has_error(request.error.as_deref()));
            (named, false)
        }
        None => api.failed(&request, mode).await?,
    };
    Ok(Json(RedriveOutcomes { outcomes: api.run_again(&candidates, request.dry_run).await, more }))
}

/// What would be done.
fn preview(candidate: &Candidate) -> RedriveOutcome {
    let (action, reason) = match &candidate.plan {
        Plan::Redrive => (RedriveAction::WouldRedrive, None),
        Plan::Restart(reason) => (RedriveAction::WouldRestart, Some(sentence(reason, None))),
        Plan::Skip { reason, remedy } => (RedriveAction::Skipped, Some(sentence(reason, *remedy))),
    };
    RedriveOutcome { id: candidate.detail.execution.name.clone(), image_id: candidate.image_id(), action, reason, new_id: None }
}

/// What was done.
fn outcome(candidate: &Candidate, result: Result<RunAgain, Problem>) -> RedriveOutcome {
    let planned = preview(candidate);
    match result {
        Ok(RunAgain::Redriven) => RedriveOutcome { action: RedriveAction::Redriven, reason: None, ..planned },
        Ok(RunAgain::Restarted { new_arn, reason }) => RedriveOutcome {
            action: RedriveAction::Restarted,
            reason: Some(sentence(&reason, None)),
            new_id: Some(execution_name(&new_arn).to_owned()),
            ..planned
        },
        Ok(RunAgain::Skipped) => planned,
        Ok(RunAgain::NotRedriven { reason, remedy }) => {
            RedriveOutcome { action: RedriveAction::NotRedriven, reason: Some(sentence(&reason, remedy)), ..planned }
        }
        Err(problem) => RedriveOutcome { action: RedriveAction::NotRedriven, reason: Some(problem.detail), ..planned },
    }
}
