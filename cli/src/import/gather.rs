//! Reads a source of any kind into one list of objects.

use super::{
    lists::{Inventory, parse_manifest},
    source::{Entry, File, Filter, LeftOut, Place, Source},
};
use crate::{error::CliError, progress::Progress, session::Session, upload::unreadable};
use aws_sdk_s3::{Client, types::Object};
use futures_util::{StreamExt, stream};
use sightline_aws::{S3, classify::cause};
use sightline_domain::{
    model::{ImportError, ListedObject, ObjectRef, StepError},
    ports::ImportSource,
};

/// Objects read at the same time.
const READS_AT_ONCE: usize = 32;

/// An object to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub object: ListedObject,
    pub size: u64,
}

/// A listed object that does not exist or cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    pub bucket: String,
    pub key: String,
    /// Name of the error.
    pub error: &'static str,
}

impl Absent {
    /// Why it is not imported.
    pub fn reason(&self) -> &'static str {
        match self.error {
            "Import.Denied" => "permission denied",
            "Import.SourceMissing" => "the object does not exist",
            // For example, an object that is encrypted with a key that S3 does not keep (SSE-C).
            _ => "S3 returns no metadata of it",
        }
    }
}

/// The objects of a source.
#[derive(Debug, Default)]
pub struct Gathered {
    pub found: Vec<Found>,
    pub absent: Vec<Absent>,
    pub left_out: LeftOut,
}

/// Lists the source, and reads the facts that it does not have.
pub async fn gather(session: &Session, source: &Source, progress: &Progress) -> Result<Gathered, CliError> {
    let s3 = session.clients.s3();
    let objects = session.s3();
    let mut filter = Filter::new(&session.stack.images_bucket);
    let mut entries: Vec<Entry> = Vec::new();
    match source {
        Source::Prefix(place) => list(&objects, place, &mut filter, &mut entries, progress).await?,
        Source::Manifest(file) => {
            let listed = parse_manifest(&read(&s3, file).await?).map_err(CliError::Usage)?;
            entries.extend(listed.into_iter().filter_map(|entry| filter.keep(entry)));
        }
        Source::Inventory(file) => {
            let inventory = Inventory::parse(&read(&s3, file).await?).map_err(CliError::Usage)?;
            for place in &inventory.files {
                let gzipped = read(&s3, &File::S3(place.clone())).await?;
                let failed = |problem| CliError::Failed(format!("s3://{}/{}: {problem}", place.bucket, place.key));
                let listed = inventory.entries(&gzipped, &mut filter.left_out).map_err(failed)?;
                entries.extend(listed.into_iter().filter_map(|entry| filter.keep(entry)));
                progress.update(0, &format!("{} listed", entries.len()));
            }
        }
    }
    complete(&objects, entries, filter, progress).await
}

async fn list(objects: &S3, place: &Place, filter: &mut Filter<'_>, entries: &mut Vec<Entry>, progress: &Progress) -> Result<(), CliError> {
    let mut token = None;
    loop {
        let page = objects.list_objects_page(&place.bucket, &place.key, token).await;
        let page = page.map_err(|error| CliError::service(format!("listing s3://{}/{}", place.bucket, place.key), Box::new(error)))?;
        entries.extend(page.objects.into_iter().filter_map(|object| filter.keep(listed(&place.bucket, object))));
        progress.update(0, &format!("{} listed", entries.len()));
        token = page.next;
        if token.is_none() {
            return Ok(());
        }
    }
}

fn listed(bucket: &str, object: Object) -> Entry {
    Entry {
        bucket: bucket.to_owned(),
        key: object.key.unwrap_or_default(),
        version_id: None,
        etag: object.e_tag.map(|etag| etag.trim_matches('"').to_owned()),
        size: object.size.and_then(|size| u64::try_from(size).ok()),
    }
}

async fn read(s3: &Client, file: &File) -> Result<Vec<u8>, CliError> {
    match file {
        File::Local(path) => {
            tokio::fs::read(path).await.map_err(|error| CliError::Failed(format!("{}: {}", path.display(), unreadable(path, &error))))
        }
        File::S3(Place { bucket, key }) => {
            let context = format!("reading s3://{bucket}/{key}");
            let answer = s3.get_object().bucket(bucket).key(key).send().await;
            let answer = answer.map_err(|error| CliError::service(context.as_str(), cause(error)))?;
            let body = answer.body.collect().await.map_err(|error| CliError::service(context, Box::new(error)))?;
            Ok(body.to_vec())
        }
    }
}

/// Reads missing sizes and entity tags, and the versions of uploads, on which their image ids depend.
async fn complete(objects: &S3, entries: Vec<Entry>, mut filter: Filter<'_>, progress: &Progress) -> Result<Gathered, CliError> {
    let own = filter.images_bucket().to_owned();
    let total = entries.len();
    let read = |entry: Entry| {
        let in_place = entry.bucket == own;
        async move {
            let facts = match (&entry.etag, entry.size, in_place && entry.version_id.is_none()) {
                (Some(_), Some(_), false) => return (entry, Ok(None)),
                _ => objects.facts(ObjectRef { bucket: &entry.bucket, key: &entry.key, version_id: entry.version_id.as_deref() }).await,
            };
            (entry, facts.and_then(|facts| facts.map(Some).ok_or(ImportError::SourceMissing)))
        }
    };
    let mut reads = std::pin::pin!(stream::iter(entries).map(read).buffered(READS_AT_ONCE));
    let (mut gathered, mut done) = (Gathered::default(), 0);
    while let Some((mut entry, facts)) = reads.next().await {
        done += 1;
        match facts {
            Ok(facts) => {
                let was_sized = entry.size.is_some();
                if let Some(facts) = facts {
                    entry.size = Some(facts.size);
                    entry.etag = Some(facts.etag);
                    entry.version_id = entry.version_id.or_else(|| facts.version_id.filter(|_| entry.bucket == own));
                }
                let kept = if was_sized { Some(entry) } else { filter.keep_sized(entry) };
                gathered.found.extend(kept.map(found));
            }
            Err(error @ (ImportError::SourceMissing | ImportError::Denied(_))) => {
                gathered.absent.push(Absent { error: error.name(), bucket: entry.bucket, key: entry.key });
            }
            // One unreadable object must not stop the others.
            Err(ImportError::Storage(error)) if !error.is_transient() => {
                gathered.absent.push(Absent { error: error.name(), bucket: entry.bucket, key: entry.key });
            }
            Err(ImportError::Storage(error)) => return Err(error.into()),
            Err(other) => return Err(CliError::Failed(other.to_string())),
        }
        progress.update(done, &format!("{done} of {total} objects read"));
    }
    gathered.left_out = filter.left_out;
    Ok(gathered)
}

fn found(entry: Entry) -> Found {
    let Entry { bucket, key, version_id, etag, size } = entry;
    Found { object: ListedObject { bucket, key, version_id, etag: etag.unwrap_or_default() }, size: size.unwrap_or_default() }
}
