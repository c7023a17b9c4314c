//! The caller's images: lists, search, single images, answers, changes and erasure.

use crate::{
    caller::{Caller, OPERATORS},
    cursor,
    deployment::{Api, Deployment, State},
    extract::{Body, ImageId, Parameters, parse_image_id},
    present::{self, Access},
    problem::Problem,
    types::{
        Time,
        erase::{EraseRequest, Erasure, Receipt, Receipts},
        image::{AnalysisName, Edit, Image, ImagePage, ImageSummary, Month, Months, Status, Why},
    },
};
use axum::{
    Json,
    extract::Path,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use sightline_domain::{
    flows::{
        edit::{self as edits, Edited},
        own_trends::{owner_labels, owner_months},
        search::{CLOCK_SKEW, Search, SearchPage, SearchPosition, search_page},
    },
    model::{
        clock::{Clock, DAY_MILLIS, EpochMillis},
        identity::ObjectRef,
        layout,
        record::Record,
    },
    ports::{Gallery, GalleryFilter, GalleryImage, GalleryQuery, Links, Objects, RecordKey, Records},
    rules::{edit::OverlayChange, label_index::month, nearest::nearest, terms::Query},
};
use std::collections::BTreeSet;
use utoipa::IntoParams;

/// Images on a page, unless the caller asks for another number.
const DEFAULT_LIMIT: u16 = 50;
/// Maximum number of images on a page, and of ids in a request.
pub const MAX_LIMIT: u16 = 100;
/// Pages of the gallery that one call reads at most, if a filter leaves few images.
const GALLERY_READS: usize = 4;
/// Pages of label rows that one call reads at most.
const SEARCH_READS: usize = 64;
/// Maximum number of words of a search: fewer than half of [`SEARCH_READS`], so that every call makes progress.
const MAX_WORDS: usize = 20;
/// Maximum length of a search, characters.
const MAX_QUERY: usize = 200;
/// Records that are read at once.
const READS_AT_ONCE: usize = 16;
/// Images that are erased at once.
const ERASURES_AT_ONCE: usize = 4;
/// Nearest terms that are suggested.
const NEAREST: usize = 5;
/// How long a download link is valid, milliseconds.
const DOWNLOAD_MILLIS: EpochMillis = 5 * 60_000;

/// Which images are listed.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub struct ListParameters {
    /// Search: words that must all match; a leading hyphen excludes.
    #[param(example = "person -car", max_length = 200)]
    pub q: Option<String>,
    /// Search: this label must match too.
    #[param(example = "dining table", max_length = 200)]
    pub label: Option<String>,
    /// Minimum confidence of a match, percent.
    #[param(minimum = 0, maximum = 100)]
    pub min_confidence: Option<f64>,
    /// Only images with this status.
    #[param(inline)]
    pub status: Option<Status>,
    /// Only images uploaded at this time or later: a day in UTC or an ISO 8601 time.
    #[param(example = "2026-11-01")]
    pub from: Option<String>,
    /// Only images uploaded at this time or earlier: a day in UTC, which is included, or an ISO 8601 time.
    #[param(example = "2026-11-30")]
    pub to: Option<String>,
    /// Only images with faces.
    pub has_faces: Option<bool>,
    /// Only images with text.
    pub has_text: Option<bool>,
    /// Only images with a position.
    pub has_position: Option<bool>,
    /// Exactly these images, at most 100, separated by commas: for following uploads. Images without a record yet are omitted. Other
    /// parameters are ignored.
    #[param(example = "5f0c1b9e-3a57-5d0c-9b1d-2f6a7c8e9d10")]
    pub ids: Option<String>,
    /// Maximum number of images, 1 to 100; 50 by default.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Lists the caller's images, newest first; or searches them.
///
/// A call reads a bounded number of rows. If a filter or a search leaves few images, a page can be emptier than `limit` although `next` is set.
#[utoipa::path(get, path = "/api/images", operation_id = "listImages", tag = "images", params(ListParameters), responses((status = 200, description = "A page of images.", body = ImagePage)))]
pub async fn list<D: Deployment>(
    api: State<D>,
    caller: Caller,
    Parameters(parameters): Parameters<ListParameters>,
) -> Result<Json<ImagePage>, Problem> {
    if let Some(ids) = &parameters.ids {
        return api.images_by_id(&caller, ids).await.map(Json);
    }
    let limit = parameters.limit.map_or(Some(DEFAULT_LIMIT), |limit| u16::try_from(limit).ok());
    let limit = limit.filter(|limit| (1..=MAX_LIMIT).contains(limit));
    let limit = limit.ok_or_else(|| Problem::invalid(format!("The parameter limit is a number from 1 to {MAX_LIMIT}.")))?;
    let wanted = Wanted::new(&parameters, limit)?;
    let page = match wanted_terms(&parameters)? {
        Some(typed) => api.search(&caller, &wanted, &typed, &parameters).await?,
        None => api.gallery(&caller, &wanted, parameters.cursor.as_deref()).await?,
    };
    Ok(Json(page))
}

/// The filters of a list.
struct Wanted {
    from: Option<EpochMillis>,
    to: Option<EpochMillis>,
    filter: GalleryFilter,
    limit: u16,
}

impl Wanted {
    fn new(parameters: &ListParameters, limit: u16) -> Result<Self, Problem> {
        let time = |name: &str, text: &Option<String>, is_end| match text.as_deref().filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => Time::parse(text, is_end)
                .map(|Time(at)| Some(at))
                .ok_or_else(|| Problem::invalid(format!("The parameter {name} is a day such as 2026-11-24, or an ISO 8601 time."))),
        };
        let filter = GalleryFilter {
            status: parameters.status.map(Into::into),
            has_faces: parameters.has_faces.unwrap_or_default(),
            has_text: parameters.has_text.unwrap_or_default(),
            has_position: parameters.has_position.unwrap_or_default(),
        };
        Ok(Self { from: time("from", &parameters.from, false)?, to: time("to", &parameters.to, true)?, filter, limit })
    }

    /// Whether a filter can leave fewer images than were read.
    fn is_filtered(&self) -> bool {
        self.filter != GalleryFilter::default()
    }
}

/// The words of a search; `None` if it is not a search.
fn wanted_terms(parameters: &ListParameters) -> Result<Option<Vec<String>>, Problem> {
    let label = parameters.label.as_deref().map(|label| label.trim_start_matches([' ', '-']));
    let texts = [parameters.q.as_deref(), label];
    if texts.iter().flatten().any(|text| text.chars().count() > MAX_QUERY) {
        return Err(Problem::invalid(format!("A search has at most {MAX_QUERY} characters.")));
    }
    let typed: Vec<String> = texts.into_iter().flatten().flat_map(str::split_whitespace).map(str::to_owned).collect();
    if typed.len() > MAX_WORDS {
        return Err(Problem::invalid(format!("A search has at most {MAX_WORDS} words.")));
    }
    Ok(Some(typed).filter(|typed| !typed.is_empty()))
}

impl<D: Deployment> Api<D> {
    /// Exactly these images of the caller, in the order of the ids.
    async fn images_by_id(&self, caller: &Caller, ids: &str) -> Result<ImagePage, Problem> {
        let ids: Vec<&str> = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
        if ids.len() > usize::from(MAX_LIMIT) {
            return Err(Problem::invalid(format!("The parameter ids has at most {MAX_LIMIT} ids.")));
        }
        let ids: Vec<String> = ids.into_iter().filter_map(parse_image_id).collect();
        let find = |id: String| async move { self.tables.find(&id).await };
        let records: Vec<Option<Record>> = stream::iter(ids).map(find).buffered(READS_AT_ONCE).try_collect().await?;
        let own = records.into_iter().flatten().filter(|record| record.owner_id == caller.sub);
        let images = own.filter_map(|record| self.summary(GalleryImage::from(&record), Vec::new())).collect();
        Ok(ImagePage { images, next: None, nearest: Vec::new() })
    }

    /// A page of the caller's images, newest first.
    async fn gallery(&self, caller: &Caller, wanted: &Wanted, cursor: Option<&str>) -> Result<ImagePage, Problem> {
        let mut after: Option<RecordKey> = cursor::decode(cursor)?;
        let is_within = |after: &RecordKey| {
            wanted.from.is_none_or(|from| from <= after.upload_timestamp) && wanted.to.is_none_or(|to| after.upload_timestamp <= to)
        };
        if !after.as_ref().is_none_or(is_within) {
            return Err(Problem::invalid("The cursor belongs to another list. Start again at the first page."));
        }
        let mut images: Vec<ImageSummary> = Vec::new();
        let mut last_kept = None;
        let reads = if wanted.is_filtered() { GALLERY_READS } else { 1 };
        for _ in 0..reads {
            let query = GalleryQuery {
                owner_id: &caller.sub,
                from: wanted.from,
                to: wanted.to,
                after: after.as_ref(),
                filter: wanted.filter,
                limit: wanted.limit,
            };
            let page = self.tables.gallery_page(&query).await?;
            after = page.next;
            for image in page.items {
                let key = RecordKey { image_id: image.image_id.clone(), upload_timestamp: image.upload_timestamp };
                if images.len() >= usize::from(wanted.limit) {
                    // The page has more than fit: the next one starts behind the last image of this one.
                    return Ok(ImagePage { images, next: last_kept.as_ref().and_then(cursor::encode), nearest: Vec::new() });
                }
                if let Some(summary) = self.summary(image, Vec::new()) {
                    images.push(summary);
                    last_kept = Some(key);
                }
            }
            if after.is_none() || images.len() >= usize::from(wanted.limit) {
                break;
            }
        }
        Ok(ImagePage { images, next: after.as_ref().and_then(cursor::encode), nearest: Vec::new() })
    }

    /// A page of the caller's images that match a search, newest first.
    async fn search(&self, caller: &Caller, wanted: &Wanted, typed: &[String], parameters: &ListParameters) -> Result<ImagePage, Problem> {
        let query = Query::of(typed)
            .ok_or_else(|| Problem::invalid("Type at least one word with a letter or a digit and without a leading hyphen."))?;
        let min_confidence = parameters.min_confidence.unwrap_or_default();
        if !(0.0..=100.0).contains(&min_confidence) {
            return Err(Problem::invalid("The parameter minConfidence is a number from 0 to 100."));
        }
        let now = self.clock.now();
        let search = Search {
            owner_id: &caller.sub,
            query: &query,
            min_confidence,
            // The owner finds withheld images too; they have no pictures.
            withheld: true,
            since: wanted.from.unwrap_or_default(),
            until: wanted.to.unwrap_or(now + CLOCK_SKEW),
            limit: usize::from(wanted.limit),
        };
        let after: Option<SearchPosition> = cursor::decode(parameters.cursor.as_deref())?;
        let months = self.months_of(&caller.sub, now).await?;
        let page = SearchPage { after: after.as_ref(), reads: SEARCH_READS, months: Some(&months) };
        let found = search_page(&self.tables, &search, &page).await?;
        let keys = found.hits.iter().map(|hit| RecordKey { image_id: hit.image_id.clone(), upload_timestamp: hit.upload_timestamp });
        let records = self.tables.records(&keys.collect::<Vec<_>>()).await?;
        let mut images = Vec::new();
        for hit in found.hits {
            // A row can outlive its image for a moment.
            let record = records.iter().find(|record| record.image_id == hit.image_id && record.owner_id == caller.sub);
            if let Some(record) = record.filter(|record| matches(record, wanted.filter)) {
                let why = hit.matches.into_iter().map(Why::from).collect();
                images.extend(self.summary(GalleryImage::from(record), why));
            }
        }
        let is_empty = images.is_empty() && after.is_none() && found.next.is_none();
        let nearest = if is_empty { self.nearest_terms(&caller.sub, typed).await? } else { Vec::new() };
        Ok(ImagePage { images, next: found.next.as_ref().and_then(cursor::encode), nearest })
    }

    /// The months in which the owner has images; and the one of today, because counting takes a moment.
    async fn months_of(&self, owner: &str, now: EpochMillis) -> Result<BTreeSet<String>, Problem> {
        let mut months: BTreeSet<String> = owner_months(&self.tables, owner).await?.into_keys().collect();
        months.extend([month(now + CLOCK_SKEW), month(now), month(now - DAY_MILLIS)]);
        Ok(months)
    }

    /// The labels of the owner's images that are most similar to what was typed.
    async fn nearest_terms(&self, owner: &str, typed: &[String]) -> Result<Vec<String>, Problem> {
        let known: BTreeSet<String> = owner_labels(&self.tables, owner, "").await?.into_iter().map(|label| label.name).collect();
        let mut terms: Vec<String> = Vec::new();
        for word in typed.iter().filter(|word| !word.starts_with('-')) {
            for name in nearest(word, &known) {
                if !terms.iter().any(|term| term == name) {
                    terms.push(name.to_owned());
                }
            }
        }
        terms.truncate(NEAREST);
        Ok(terms)
    }

    /// The record of one of the caller's images.
    ///
    /// # Errors
    ///
    /// 404 if there is none, if it is erased, or if it belongs to somebody else.
    async fn own(&self, caller: &Caller, image_id: &str) -> Result<Record, Problem> {
        let record = self.tables.find(image_id).await?.filter(|record| record.owner_id == caller.sub && !record.is_erased());
        record.ok_or_else(Problem::no_image)
    }

    /// An image as its owner sees it.
    async fn present(&self, caller: &Caller, record: &Record) -> Result<Image, Problem> {
        let original = match record.upload() {
            Some(upload) if !record.is_withheld() && !record.is_rejected() => {
                let object = ObjectRef { bucket: &upload.bucket, key: &upload.key, version_id: record.version_id.as_deref() };
                let name = record.image_name.as_deref().unwrap_or(&record.image_id);
                Some(self.objects.download_link(object, name, DOWNLOAD_MILLIS).await?)
            }
            _ => None,
        };
        let access = Access { original, is_operator: caller.is_in(OPERATORS) };
        present::image(record, access, &self.links, self.clock.now()).ok_or_else(Problem::no_image)
    }

    async fn erase_own(&self, caller: &Caller, image_id: &str) -> Result<Receipt, Problem> {
        // An interrupted erasure can be completed, so the record may be ERASED; a tombstone has no owner any more.
        let record = self.tables.find(image_id).await?.filter(|record| record.owner_id == caller.sub);
        record.ok_or_else(Problem::no_image)?;
        let receipt = self.eraser().erase(image_id).await?.ok_or_else(Problem::no_image)?;
        Ok(receipt.into())
    }
}

/// Whether a record passes a filter.
fn matches(record: &Record, filter: GalleryFilter) -> bool {
    let has = |wanted: bool, number: Option<usize>| !wanted || number.is_some_and(|number| number > 0);
    filter.status.is_none_or(|status| record.processing_status == status)
        && has(filter.has_faces, record.face_count)
        && has(filter.has_text, record.text_line_count)
        && (!filter.has_position || record.latitude.is_some())
}

/// Counts the caller's images by month of upload.
#[utoipa::path(get, path = "/api/images/months", operation_id = "listMonths", tag = "images", responses((status = 200, description = "The months.", body = Months)))]
pub async fn months<D: Deployment>(api: State<D>, caller: Caller) -> Result<Json<Months>, Problem> {
    let months = owner_months(&api.tables, &caller.sub).await?.into_iter().rev();
    Ok(Json(Months { months: months.map(|(month, count)| Month { month, count }).collect() }))
}

/// Shows one of the caller's images with everything that its record has.
#[utoipa::path(get, path = "/api/images/{id}", operation_id = "getImage", tag = "images", params(("id" = String, Path, description = "The image.")), responses((status = 200, description = "The image.", body = Image)))]
pub async fn get<D: Deployment>(api: State<D>, caller: Caller, ImageId(id): ImageId) -> Result<Json<Image>, Problem> {
    let record = api.own(&caller, &id).await?;
    api.present(&caller, &record).await.map(Json)
}

/// Rekognition's whole answer of an analysis, as it was received.
#[utoipa::path(get, path = "/api/images/{id}/answers/{analysis}", operation_id = "getAnswer", tag = "images", params(("id" = String, Path, description = "The image."), ("analysis" = AnalysisName, Path, description = "The analysis.")), responses((status = 200, description = "The answer.", body = serde_json::Value)))]
pub async fn answer<D: Deployment>(
    api: State<D>,
    caller: Caller,
    Path((id, analysis)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id = parse_image_id(&id).ok_or_else(Problem::no_image)?;
    let none = || Problem::new(StatusCode::NOT_FOUND, "There is no stored answer: the analysis has not run, or was not needed.");
    let name: AnalysisName = serde_json::from_value(analysis.into()).map_err(|_| none())?;
    api.own(&caller, &id).await?;
    let answer = api.objects.read_answer(&api.settings.images_bucket, &layout::result(&id, name.into())).await?.ok_or_else(none)?;
    Ok(([(CONTENT_TYPE, "application/json")], answer.json).into_response())
}

/// Changes the title and the labels of one of the caller's images.
///
/// The changes lie over what Rekognition found: they are searched like labels, survive a new analysis, and can be taken back.
#[utoipa::path(patch, path = "/api/images/{id}", operation_id = "editImage", tag = "images", params(("id" = String, Path, description = "The image.")), request_body = Edit, responses((status = 200, description = "The image with the changes.", body = Image)))]
pub async fn edit<D: Deployment>(
    api: State<D>,
    caller: Caller,
    ImageId(id): ImageId,
    Body(edit): Body<Edit>,
) -> Result<Json<Image>, Problem> {
    let seen = edit.edits;
    let change = OverlayChange {
        title: edit.title.map(Some),
        add: edit.add_labels,
        remove: edit.remove_labels,
        restore: edit.restore_labels,
        drop: edit.drop_labels,
    };
    match edits::edit(&api.tables, &caller.sub, &id, &change, Some(seen), api.clock.now()).await? {
        Edited::Yes(edited) => api.present(&caller, &edited).await.map(Json),
        Edited::Conflict(_) => Err(Problem::conflict("The image was changed since you loaded it. Load it again and repeat your change.")),
        Edited::Unknown => Err(Problem::no_image()),
        Edited::Invalid(error) => Err(Problem::invalid(format!("Not saved: {error}."))),
    }
}

/// Erases one of the caller's images and everything derived from it, permanently.
#[utoipa::path(delete, path = "/api/images/{id}", operation_id = "eraseImage", tag = "images", params(("id" = String, Path, description = "The image.")), responses((status = 200, description = "What was removed.", body = Receipt)))]
pub async fn erase<D: Deployment>(api: State<D>, caller: Caller, ImageId(id): ImageId) -> Result<Json<Receipt>, Problem> {
    api.erase_own(&caller, &id).await.map(Json)
}

/// Erases several of the caller's images. A problem of one image does not affect the others.
#[utoipa::path(post, path = "/api/images:delete", operation_id = "eraseImages", tag = "images", request_body = EraseRequest, responses((status = 200, description = "A receipt or a problem for each image.", body = Receipts)))]
pub async fn erase_many<D: Deployment>(
    api: State<D>,
    caller: Caller,
    Body(request): Body<EraseRequest>,
) -> Result<Json<Receipts>, Problem> {
    if request.ids.is_empty() || request.ids.len() > usize::from(MAX_LIMIT) {
        return Err(Problem::invalid(format!("Send the ids of 1 to {MAX_LIMIT} images.")));
    }
    let (mut seen, mut ids) = (BTreeSet::new(), Vec::new());
    ids.extend(request.ids.into_iter().filter(|id| seen.insert(id.clone())));
    let (api, caller) = (&api, &caller);
    let erase = |id: String| async move {
        let erased = match parse_image_id(&id) {
            Some(parsed) => api.erase_own(caller, &parsed).await,
            None => Err(Problem::no_image()),
        };
        match erased {
            Ok(receipt) => Erasure { image_id: id, receipt: Some(receipt), problem: None },
            Err(problem) => {
                let problem = Problem { request_id: caller.request_id.clone(), ..problem };
                Erasure { image_id: id, receipt: None, problem: Some(problem) }
            }
        }
    };
    let receipts = stream::iter(ids).map(erase).buffered(ERASURES_AT_ONCE).collect().await;
    Ok(Json(Receipts { receipts }))
}
