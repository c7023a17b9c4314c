//! Reviews: the queue, claims and decisions; group `reviewers`.

use crate::{
    caller::{Caller, OPERATORS, Reviewer},
    cursor,
    deployment::{Api, Deployment, State},
    extract::{Body, ImageId, Parameters},
    present::{self, Access},
    problem::Problem,
    types::{
        Time,
        image::Image,
        review::{Claim, Decision, DecisionRequest, OpenReview, ReviewChoice, ReviewPage},
    },
};
use axum::Json;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use sightline_domain::{
    flows::review::{self, Decision as Decided},
    model::{
        clock::{Clock, EpochMillis},
        record::{Record, WorkQueue},
        review::{MAX_REASON, ReviewOutcome, ReviewStatus, reason},
    },
    ports::{Decided as Refusal, GalleryImage, QueuedImage, RecordKey, Records, ReviewClaim, ReviewLease, ReviewLeases, WorkQueues},
};
use utoipa::IntoParams;

/// Reviews on a page.
const PAGE: usize = 20;
/// Open reviews that are counted at most.
pub const MAX_COUNTED: usize = 1_000;
/// How long a claim lasts, milliseconds.
const CLAIM_MILLIS: EpochMillis = 5 * 60_000;
/// Records that are read at once.
const READS_AT_ONCE: usize = 8;

/// The page of a list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub struct PageParameters {
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Whether a decision would count.
fn is_open(record: &Record, now: EpochMillis) -> bool {
    record.is_in_review() && record.review_deadline.is_none_or(|deadline| deadline > now)
}

/// Lists the images that wait for a decision, the oldest upload first. Group `reviewers`.
#[utoipa::path(get, path = "/api/reviews", operation_id = "listReviews", tag = "reviews", params(PageParameters), responses((status = 200, description = "A page of open reviews.", body = ReviewPage)))]
pub async fn list<D: Deployment>(
    api: State<D>,
    Reviewer(caller): Reviewer,
    Parameters(parameters): Parameters<PageParameters>,
) -> Result<Json<ReviewPage>, Problem> {
    let after: Option<RecordKey> = cursor::decode(parameters.cursor.as_deref())?;
    let page = api.tables.queued(WorkQueue::Review, after.as_ref()).await?;
    let is_last = page.items.len() <= PAGE && page.next.is_none();
    let shown: Vec<QueuedImage> = page.items.into_iter().take(PAGE).collect();
    let position = |image: &QueuedImage| RecordKey { image_id: image.image_id.clone(), upload_timestamp: image.upload_timestamp };
    // A page of the index can be empty although more follow.
    let next = if is_last { None } else { shown.last().map(position).or(page.next) };
    let (tables, now) = (&api.tables, api.clock.now());
    // The index is eventually consistent and has no flags; the records are up to date.
    let find = |image: QueuedImage| async move { tables.find(&image.image_id).await };
    let records: Vec<Option<Record>> = stream::iter(shown).map(find).buffered(READS_AT_ONCE).try_collect().await?;
    let open = records.into_iter().flatten().filter(|record| is_open(record, now));
    let reviews = open.filter_map(|record| api.open_review(&caller, &record, now));
    Ok(Json(ReviewPage { reviews: reviews.collect(), next: next.as_ref().and_then(cursor::encode), waiting: api.waiting_reviews().await? }))
}

impl<D: Deployment> Api<D> {
    fn open_review(&self, caller: &Caller, record: &Record, now: EpochMillis) -> Option<OpenReview> {
        let (claimed_by, claimed_until) = present::claim(record, now);
        Some(OpenReview {
            image: self.summary(GalleryImage::from(record), Vec::new())?,
            flags: present::flags(record),
            requested_at: record.review_requested_at.map(Time),
            deadline: record.review_deadline.map(Time),
            claimed_by,
            claimed_until,
            mine: record.owner_id == caller.sub,
        })
    }

    /// The number of open reviews, at most [`MAX_COUNTED`].
    pub(crate) async fn waiting_reviews(&self) -> Result<usize, Problem> {
        let (mut waiting, mut after) = (0, None);
        while waiting < MAX_COUNTED {
            let page = self.tables.queued(WorkQueue::Review, after.as_ref()).await?;
            waiting += page.items.iter().filter(|image| image.review_status == ReviewStatus::Pending).count();
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(waiting.min(MAX_COUNTED))
    }

    /// The record of an image that is or was under review.
    ///
    /// # Errors
    ///
    /// 404 if there is none: reviewers see no other images of other people.
    async fn reviewed(&self, image_id: &str) -> Result<Record, Problem> {
        let record = self.tables.find(image_id).await?;
        record.filter(|record| !record.is_erased() && record.review_status != ReviewStatus::None).ok_or_else(Problem::no_image)
    }
}

/// Shows an image that waits for a decision. Group `reviewers`.
#[utoipa::path(get, path = "/api/reviews/{id}", operation_id = "getReview", tag = "reviews", params(("id" = String, Path, description = "The image.")), responses((status = 200, description = "The image.", body = Image)))]
pub async fn get<D: Deployment>(api: State<D>, Reviewer(caller): Reviewer, ImageId(id): ImageId) -> Result<Json<Image>, Problem> {
    let now = api.clock.now();
    let record =
        api.reviewed(&id).await.and_then(|record| Some(record).filter(|record| is_open(record, now)).ok_or_else(Problem::no_image))?;
    let access = Access { original: None, is_operator: caller.is_in(OPERATORS) };
    present::image(&record, access, &api.links, now).map(Json).ok_or_else(Problem::no_image)
}

/// Claims a review for five minutes, or extends the caller's claim, so that two reviewers do not work on the same image. Group `reviewers`.
///
/// A claim does not bind: the first decision counts.
#[utoipa::path(post, path = "/api/reviews/{id}/claim", operation_id = "claimReview", tag = "reviews", params(("id" = String, Path, description = "The image.")), responses((status = 200, description = "The claim.", body = Claim)))]
pub async fn claim<D: Deployment>(api: State<D>, Reviewer(caller): Reviewer, ImageId(id): ImageId) -> Result<Json<Claim>, Problem> {
    let record = api.reviewed(&id).await?;
    not_own(&record, &caller)?;
    let now = api.clock.now();
    let lease = ReviewLease { reviewer: &caller.sub, until: now + CLAIM_MILLIS, now };
    match api.tables.claim_review(&RecordKey::of(&record), lease).await? {
        ReviewClaim::Yes => Ok(Json(Claim { claimed_until: Time(lease.until) })),
        ReviewClaim::Held { by, until } => {
            let conflict = Problem::conflict("Another reviewer has claimed this image. Take another one, or wait until the claim ends.");
            Err(Problem { by: Some(by), until: Some(Time(until)), ..conflict })
        }
        ReviewClaim::NotOpen => Err(Problem {
            by: record.reviewed_by,
            at: record.reviewed_at.map(Time),
            ..Problem::conflict("The image does not wait for a decision any more.")
        }),
    }
}

/// Nobody decides on their own image.
fn not_own(record: &Record, caller: &Caller) -> Result<(), Problem> {
    if record.owner_id == caller.sub {
        return Err(Problem::forbidden("This is your own image. Another reviewer has to decide."));
    }
    Ok(())
}

/// Decides a review: the first decision counts. Group `reviewers`; nobody decides on their own image.
#[utoipa::path(post, path = "/api/reviews/{id}/decision", operation_id = "decideReview", tag = "reviews", params(("id" = String, Path, description = "The image.")), request_body = DecisionRequest, responses((status = 200, description = "The saved decision.", body = Decision)))]
pub async fn decide<D: Deployment>(
    api: State<D>,
    Reviewer(caller): Reviewer,
    ImageId(id): ImageId,
    Body(request): Body<DecisionRequest>,
) -> Result<Json<Decision>, Problem> {
    let typed = request.reason.unwrap_or_default();
    let too_long = |_| Problem::invalid(format!("A reason has at most {MAX_REASON} characters."));
    let reason = reason(&typed).map_err(too_long)?.map(str::to_owned);
    if request.decision == ReviewChoice::Rejected && reason.is_none() {
        return Err(Problem::invalid("Give a reason for the rejection."));
    }
    let record = api.reviewed(&id).await?;
    not_own(&record, &caller)?;
    let now = api.clock.now();
    let status = match request.decision {
        ReviewChoice::Approved => ReviewStatus::Approved,
        ReviewChoice::Rejected => ReviewStatus::Rejected,
    };
    let outcome = ReviewOutcome { status, reviewed_by: Some(caller.sub.clone()), reviewed_at: Some(now), review_reason: reason.clone() };
    let delivered = match review::decide(&api.tables, &api.executions, &record, &outcome, now).await? {
        Decided::Delivered | Decided::Applied => true,
        Decided::NotYetWaiting => false,
        Decided::NotNotified(error) => {
            tracing::warn!(image_id = id, %error, "the decision is saved, but its execution was not notified");
            false
        }
        Decided::Refused(refusal) => return Err(refused(refusal)),
        Decided::Ended(_) => {
            return Err(Problem::conflict(
                "The execution of the image has ended, so the decision was not saved. An operator can run the image again.",
            ));
        }
    };
    Ok(Json(Decision { image_id: id, decision: request.decision, by: caller.sub, at: Time(now), reason, delivered }))
}

/// Why a decision does not count.
fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Already { status, by, at } => {
            let how = if status == ReviewStatus::Approved { "approved" } else { "rejected" };
            let conflict = Problem::conflict(format!("The image was already {how}. The first decision counts."));
            Problem { by, at: at.map(Time), ..conflict }
        }
        Refusal::Late { deadline } => {
            Problem { at: Some(Time(deadline)), ..Problem::conflict("The review has ended without a decision; the image is withheld.") }
        }
        Refusal::NotWaiting(_) | Refusal::Yes { .. } => Problem::conflict("The image does not wait for a decision any more."),
    }
}
