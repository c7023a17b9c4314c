//! Turns every kind of source into one list of objects.

use super::{
    inventory::Inventory,
    listed::{Entry, LeftOut, Sieve},
    manifest,
    source::{File, Place, Source},
};
use crate::{error::CliError, progress::Progress, session::Session, upload::unreadable};
use aws_sdk_s3::{Client, types::Object};
use futures_util::{StreamExt, stream};
use sightline_aws::{classify::cause, s3::S3};
use sightline_domain::{
    model::{
        error::{ImportError, StepError},
        identity::ObjectRef,
        import::ListedObject,
    },
    ports::ImportSource,
};

/// S3 looked at at once.
const LOOKS_AT_ONCE: usize = 32;

/// An object to import, and its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The object.
    pub object: ListedObject,
    /// Bytes.
    pub size: u64,
}

/// An object that a list names and that is not there, or not for us to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Name of the error.
    pub error: &'static str,
}

impl Absent {
    /// Why it is not imported.
    pub fn sentence(&self) -> &'static str {
        match self.error {
            "Import.Denied" => "it may not be read",
            "Import.SourceMissing" => "the object does not exist",
            // Such as one that is encrypted with a key that S3 does not keep (SSE-C).
            _ => "S3 refuses to describe it",
        }
    }
}

/// What a source comes to.
#[derive(Debug, Default)]
pub struct Gathered {
    /// What can be imported.
    pub found: Vec<Found>,
    /// What cannot.
    pub absent: Vec<Absent>,
    /// What is no image, or named twice.
    pub left_out: LeftOut,
}

/// Lists the source, and looks up what it does not tell.
pub async fn gather(session: &Session, source: &Source, progress: &Progress) -> Result<Gathered, CliError> {
    let s3 = session.clients.s3();
    let objects = S3::new(s3.clone());
    let mut sieve = Sieve::new(&session.stack.images_bucket);
    let mut entries: Vec<Entry> = Vec::new();
    match source {
        Source::Prefix(place) => list(&objects, place, &mut sieve, &mut entries, progress).await?,
        Source::Manifest(file) => {
            let listed = manifest::parse(&read(&s3, file).await?).map_err(CliError::Usage)?;
            entries.extend(listed.into_iter().filter_map(|entry| sieve.keep(entry)));
        }
        Source::Inventory(file) => {
            let inventory = Inventory::parse(&read(&s3, file).await?).map_err(CliError::Usage)?;
            for place in &inventory.files {
                let gzipped = read(&s3, &File::InS3(place.clone())).await?;
                let told = |problem| CliError::Failed(format!("s3://{}/{}: {problem}", place.bucket, place.key));
                let listed = inventory.entries(&gzipped, &mut sieve.left_out).map_err(told)?;
                entries.extend(listed.into_iter().filter_map(|entry| sieve.keep(entry)));
                progress.update(0, &format!("{} listed", entries.len()));
            }
        }
    }
    complete(&objects, entries, sieve, progress).await
}

async fn list(objects: &S3, place: &Place, sieve: &mut Sieve<'_>, entries: &mut Vec<Entry>, progress: &Progress) -> Result<(), CliError> {
    let mut token = None;
    loop {
        let page = objects.list_objects_page(&place.bucket, &place.key, token).await;
        let page = page.map_err(|error| CliError::service(format!("listing s3://{}/{}", place.bucket, place.key), Box::new(error)))?;
        entries.extend(page.objects.into_iter().filter_map(|object| sieve.keep(listed(&place.bucket, object))));
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
        File::Here(path) => {
            tokio::fs::read(path).await.map_err(|error| CliError::Failed(format!("{}: {}", path.display(), unreadable(path, &error))))
        }
        File::InS3(Place { bucket, key }) => {
            let doing = format!("reading s3://{bucket}/{key}");
            let answer = s3.get_object().bucket(bucket).key(key).send().await;
            let answer = answer.map_err(|error| CliError::service(doing.as_str(), cause(error)))?;
            let body = answer.body.collect().await.map_err(|error| CliError::service(doing, Box::new(error)))?;
            Ok(body.to_vec())
        }
    }
}

/// Looks up size and entity tag where the source does not tell them; of uploads the version, too, which names the image.
async fn complete(objects: &S3, entries: Vec<Entry>, mut sieve: Sieve<'_>, progress: &Progress) -> Result<Gathered, CliError> {
    let own = sieve.images_bucket().to_owned();
    let total = entries.len();
    let look = |entry: Entry| {
        let in_place = entry.bucket == own;
        async move {
            let facts = match (&entry.etag, entry.size, in_place && entry.version_id.is_none()) {
                (Some(_), Some(_), false) => return (entry, Ok(None)),
                _ => objects.facts(ObjectRef { bucket: &entry.bucket, key: &entry.key, version_id: entry.version_id.as_deref() }).await,
            };
            (entry, facts.and_then(|facts| facts.map(Some).ok_or(ImportError::SourceMissing)))
        }
    };
    let mut looked = std::pin::pin!(stream::iter(entries).map(look).buffered(LOOKS_AT_ONCE));
    let (mut gathered, mut done) = (Gathered::default(), 0);
    while let Some((mut entry, facts)) = looked.next().await {
        done += 1;
        match facts {
            Ok(facts) => {
                let was_sized = entry.size.is_some();
                if let Some(facts) = facts {
                    entry.size = Some(facts.size);
                    entry.etag = Some(facts.etag);
                    entry.version_id = entry.version_id.or_else(|| facts.version_id.filter(|_| entry.bucket == own));
                }
                let kept = if was_sized { Some(entry) } else { sieve.keep_sized(entry) };
                gathered.found.extend(kept.map(found));
            }
            Err(error @ (ImportError::SourceMissing | ImportError::Denied(_))) => {
                gathered.absent.push(Absent { error: error.name(), bucket: entry.bucket, key: entry.key });
            }
            // One odd object must not keep the others from being imported.
            Err(ImportError::Storage(error)) if !error.is_transient() => {
                gathered.absent.push(Absent { error: error.name(), bucket: entry.bucket, key: entry.key });
            }
            Err(ImportError::Storage(error)) => return Err(error.into()),
            Err(other) => return Err(CliError::Failed(other.to_string())),
        }
        progress.update(done, &format!("{done} of {total} looked up"));
    }
    gathered.left_out = sieve.left_out;
    Ok(gathered)
}

fn found(entry: Entry) -> Found {
    let Entry { bucket, key, version_id, etag, size } = entry;
    Found { object: ListedObject { bucket, key, version_id, etag: etag.unwrap_or_default() }, size: size.unwrap_or_default() }
}
