//! `sightline erase`: erases images and everything derived from them, permanently.

mod receipt;

use crate::{
    actions::{ActionKind, confirm},
    args::{Global, parse_image_id},
    clock::SystemClock,
    error::{CliError, Exit},
    output::{List, Output, clean, count},
    progress::Progress,
    session::Session,
};
use clap::{ArgGroup, Args, builder::NonEmptyStringValueParser};
use futures_util::{StreamExt, TryStreamExt, stream};
use receipt::{Row, hints, table};
use sightline_aws::{S3, StepFunctions, Tables};
use sightline_domain::{
    flows::erase::{Derived, Eraser, OwnerImages, Receipt, UploadsById, find_uploads},
    model::layout::UPLOADS,
};
use std::collections::BTreeSet;

/// `erase`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").args(["image_ids", "keys", "owner"]).required(true).multiple(true))]
#[command(after_help = "\
Removes every version of the original, the copies, Rekognition's results, the label rows, the pending review and the image's
contribution to the trends; stops a running execution; and leaves a tombstone, which blocks late writes. It cannot be undone.
It may be repeated: an interrupted erasure is completed, and of an image erased before, everything written since is removed.
A function that was running may write for another minute; reconcile removes that later.

An image whose record has expired is also found by its id: in the archive, the copies and the results, and by a listing of all
uploads. --key names the original instead, without the bucket. If a key was overwritten, each content is its own image, and
all of them are erased.

--owner erases all images of an owner, for example of a user who was deleted, also those without a record, and the owner's
counters in the trends. After an interruption, run it again: it continues with what is left.

Examples:
  sightline erase 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4 --dry-run
  sightline erase 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4 --yes --output json > receipt.json
  sightline erase --key raw-uploads/holiday.jpg --dry-run
  sightline erase --owner anna --dry-run")]
pub struct EraseArgs {
    /// ImageIDs, as upload and find print them
    #[arg(value_name = "ID", value_parser = parse_image_id)]
    pub image_ids: Vec<String>,
    /// The images uploaded under this key, such as raw-uploads/holiday.jpg; may be repeated
    #[arg(long = "key", value_name = "KEY", value_parser = parse_key)]
    pub keys: Vec<String>,
    /// All images of this owner
    #[arg(long, value_name = "OWNER", value_parser = NonEmptyStringValueParser::new(), conflicts_with_all = ["image_ids", "keys"])]
    pub owner: Option<String>,
    /// Show what would be removed, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
}

/// Parses the key of an upload, without its bucket.
fn parse_key(text: &str) -> Result<String, String> {
    if text.len() > UPLOADS.len() && text.starts_with(UPLOADS) {
        Ok(text.to_owned())
    } else {
        Err(format!("the key of an original begins with {UPLOADS}"))
    }
}

/// Images erased at the same time.
const AT_ONCE: usize = 4;

type SessionEraser = Eraser<Tables, S3, StepFunctions, SystemClock>;

/// Erases images, or shows what would be removed.
pub async fn run(global: &Global, args: &EraseArgs, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    let eraser = eraser(&session);
    if let Some(owner) = &args.owner {
        return erase_owner(global, args, &eraser, owner, output).await;
    }
    let (Found { ids, uploads, unrecorded }, mut unknown_keys) = find(&eraser, args).await?;
    let image_ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (eraser, uploads, unrecorded) = (&eraser, &uploads, &unrecorded);
    let uploads_of = |id: &str| uploads.get(id).map(Vec::as_slice).unwrap_or_default();
    let preview = |id| async move {
        if unrecorded.contains(id) { eraser.preview_unrecorded(id, uploads_of(id)).await } else { eraser.preview(id).await }
    };
    let previews = for_each(&image_ids, preview, ActionKind::WouldErase, &Progress::new(false, 0)).await;
    if previews.iter().all(|row| row.action == ActionKind::Unknown) {
        let named = args.image_ids.iter().chain(&args.keys).map(|named| clean(named)).collect::<Vec<_>>().join(", ");
        let (table, bucket) = (&session.stack.records_table, &session.stack.images_bucket);
        return Err(CliError::NotFound(format!("nothing was found for {named}: no record in table {table}, no object in bucket {bucket}")));
    }
    let mut rows = if args.dry_run {
        previews
    } else {
        if !args.yes {
            confirm_erasures(&previews)?;
        }
        let progress = Progress::new(!global.no_progress && image_ids.len() > 1, image_ids.len());
        let erase = |id| async move {
            if unrecorded.contains(id) { eraser.erase_unrecorded(id, uploads_of(id)).await } else { eraser.erase(id).await }
        };
        let rows = for_each(&image_ids, erase, ActionKind::Erased, &progress).await;
        let erased = rows.iter().filter(|row| !row.action.is_failure()).count();
        progress.finish(&format!("{erased} of {} erased", count(rows.len(), "image")));
        rows
    };
    rows.append(&mut unknown_keys);
    List::new(&rows).print(output, table)?;
    for hint in hints(&rows) {
        say!("{hint}");
    }
    Ok(Exit::of_many(rows.iter().filter(|row| row.action.is_failure()).count(), rows.len()))
}

/// Erases all images of an owner, then the owner's counters, or shows what would be removed.
async fn erase_owner(global: &Global, args: &EraseArgs, eraser: &SessionEraser, owner: &str, output: Output) -> Result<Exit, CliError> {
    let OwnerImages { recorded, unrecorded } = eraser.images_of_owner(owner).await?;
    let image_ids: Vec<&str> = recorded.iter().chain(unrecorded.keys()).map(String::as_str).collect();
    let images = count(image_ids.len(), "image");
    let progress = Progress::new(!global.no_progress && !image_ids.is_empty(), image_ids.len());
    let unrecorded = &unrecorded;
    let rows = if args.dry_run {
        let preview = |id| async move {
            match unrecorded.get(id) {
                Some(uploads) => eraser.preview_unrecorded(id, uploads).await,
                None => eraser.preview(id).await,
            }
        };
        let rows = for_each(&image_ids, preview, ActionKind::WouldErase, &progress).await;
        progress.finish(&format!("{images} of owner {} would be erased", clean(owner)));
        rows
    } else {
        if !args.yes && !image_ids.is_empty() {
            let of = format!("{images} of owner {}", clean(owner));
            confirm(&format!("Erase {of} permanently?"), &format!("{of} would be erased permanently"), "nothing was erased")?;
        }
        let erase = |id| async move {
            match unrecorded.get(id) {
                Some(uploads) => eraser.erase_unrecorded(id, uploads).await,
                None => eraser.erase(id).await,
            }
        };
        let rows = for_each(&image_ids, erase, ActionKind::Erased, &progress).await;
        let erased = rows.iter().filter(|row| !row.action.is_failure()).count();
        progress.finish(&format!("{erased} of {images} erased"));
        rows
    };
    List::new(&rows).print(output, table)?;
    for hint in hints(&rows) {
        say!("{hint}");
    }
    let failed = rows.iter().filter(|row| row.action.is_failure()).count();
    if args.dry_run {
        return Ok(Exit::of_many(failed, rows.len()));
    }
    // Only then: the counters still count the images that are left.
    if failed == 0 {
        let removed = eraser.forget_owner(owner).await?;
        say!("{} of the owner removed from the trends", count(removed, "counter"));
    } else {
        say!("the owner's counters in the trends stay until all images are erased; run the command again");
    }
    Ok(Exit::of_many(failed, rows.len()))
}

/// The images to erase.
struct Found {
    /// In the order of the command line; images of keys last.
    ids: Vec<String>,
    /// Uploads that may be the originals of images without a record.
    uploads: UploadsById,
    /// Images without a record, or with a tombstone and traces of a later upload.
    unrecorded: BTreeSet<String>,
}

/// Finds the images to erase, and returns a row for each key that has none.
async fn find(eraser: &SessionEraser, args: &EraseArgs) -> Result<(Found, Vec<Row>), CliError> {
    let (mut uploads, mut unknown_keys) = (UploadsById::new(), Vec::new());
    let (mut seen, mut ids) = (BTreeSet::new(), Vec::new());
    ids.extend(args.image_ids.iter().filter(|id| seen.insert((*id).clone())).cloned());
    let mut found_by_key = BTreeSet::new();
    for key in &args.keys {
        let images = eraser.images_of_key(key).await?;
        if images.is_empty() {
            unknown_keys.push(Row::unknown(key));
        }
        for (id, mut versions) in images {
            uploads.entry(id.clone()).or_default().append(&mut versions);
            found_by_key.insert(id.clone());
            ids.extend(seen.insert(id.clone()).then_some(id));
        }
    }
    let image_ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let previews: Vec<_> = stream::iter(&image_ids).map(|id| eraser.preview(id)).buffered(AT_ONCE).try_collect().await?;
    let is_unrecorded = |receipt: &Option<Receipt>| receipt.as_ref().is_none_or(has_later_traces);
    let unrecorded: BTreeSet<String> =
        ids.iter().zip(&previews).filter(|(_, receipt)| is_unrecorded(receipt)).map(|(id, _)| id.clone()).collect();
    let to_find: BTreeSet<String> =
        unrecorded.iter().filter(|id| !found_by_key.contains(*id) || has_no_uploads(&uploads, id)).cloned().collect();
    if !to_find.is_empty() {
        uploads.extend(find_uploads(&eraser.objects, &eraser.bucket, &to_find).await?);
    }
    // A tombstone without a later upload is erased like any other recorded image.
    let has_tombstone = |id: &String| ids.iter().zip(&previews).any(|(known, receipt)| known == id && receipt.is_some());
    let unrecorded = unrecorded.into_iter().filter(|id| !has_no_uploads(&uploads, id) || !has_tombstone(id)).collect();
    Ok((Found { ids, uploads, unrecorded }, unknown_keys))
}

fn has_no_uploads(uploads: &UploadsById, id: &str) -> bool {
    uploads.get(id).is_none_or(Vec::is_empty)
}

/// Whether an erased image has objects but no record: they were written late, or belong to a later upload whose record has expired.
fn has_later_traces(receipt: &Receipt) -> bool {
    receipt.erased_before.is_some() && receipt.records == 0 && receipt.derived != Derived::default()
}

fn eraser(session: &Session) -> SessionEraser {
    Eraser {
        bucket: session.stack.images_bucket.clone(),
        tables: session.tables(),
        objects: session.s3(),
        executions: session.executions(),
        clock: SystemClock,
    }
}

/// Calls `act` for each image, and returns a row for each, in order. An error of one image does not affect the others.
async fn for_each<'a, F, E>(image_ids: &[&'a str], act: impl Fn(&'a str) -> F, kind: ActionKind, progress: &Progress) -> Vec<Row>
where
    F: Future<Output = Result<Option<Receipt>, E>>,
    CliError: From<E>,
{
    let mut acting = stream::iter(image_ids)
        .map(|id| {
            let acting = act(id);
            async move { (*id, acting.await) }
        })
        .buffered(AT_ONCE);
    let mut rows = Vec::with_capacity(image_ids.len());
    while let Some((id, result)) = acting.next().await {
        rows.push(match result {
            Ok(Some(receipt)) => Row::new(kind, receipt),
            Ok(None) => Row::unknown(id),
            Err(error) => Row::failed(id, &CliError::from(error)),
        });
        progress.update(rows.len(), &format!("{} of {} processed", rows.len(), count(image_ids.len(), "image")));
    }
    rows
}

/// Erasing again what was erased before needs no confirmation.
fn confirm_erasures(previews: &[Row]) -> Result<(), CliError> {
    let due = previews.iter().filter(|row| row.action == ActionKind::WouldErase).count();
    if due == 0 {
        return Ok(());
    }
    let images = count(due, "image");
    confirm(&format!("Erase {images} permanently?"), &format!("{images} would be erased permanently"), "nothing was erased")
}

#[cfg(test)]
mod tests {
    use super::{receipt::tests::receipt, *};

    #[test]
    fn erasing_needs_a_confirmation_but_erasing_again_does_not() {
        let error = confirm_erasures(&[Row::new(ActionKind::WouldErase, receipt()), Row::unknown("i")]).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.to_string().starts_with("1 image would be erased permanently; pass --yes"), "{error}");
        let before = Row::new(ActionKind::WouldErase, Receipt { erased_before: Some(0), ..receipt() });
        assert!(confirm_erasures(&[before]).is_ok());
    }

    #[tokio::test]
    async fn error_of_one_image_does_not_affect_the_others() {
        let act = |id: &'static str| async move {
            match id {
                "bad" => Err(CliError::Failed("no".into())),
                "none" => Ok(None),
                _ => Ok(Some(receipt())),
            }
        };
        let rows = for_each(&["bad", "none", "good"], act, ActionKind::Erased, &Progress::new(false, 3)).await;
        let actions: Vec<_> = rows.iter().map(|row| row.action).collect();
        assert_eq!(actions, [ActionKind::NotErased, ActionKind::Unknown, ActionKind::Erased]);
    }
}
