//! `sightline erase`: images, and everything that was made of them, for ever.

mod receipt;

use crate::{
    args::{Erase, Global},
    clock::SystemClock,
    confirm,
    error::CliError,
    exit::Exit,
    output::{
        Output,
        table::render,
        text::{clean, count},
    },
    progress::Progress,
    session::Session,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use receipt::{Action, Row, hints, table};
use sightline_aws::{dynamodb::Tables, s3::S3, stepfunctions::StepFunctions};
use sightline_domain::flows::erase::{Derived, Eraser, Receipt, UploadsById, find_uploads};
use std::collections::BTreeSet;

/// Images erased at once.
const AT_ONCE: usize = 4;

type SessionEraser = Eraser<Tables, S3, StepFunctions, SystemClock>;

/// Erases images, or says what would be removed.
pub async fn run(global: &Global, args: &Erase, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    let eraser = eraser(&session);
    let (Found { ids, uploads, unrecorded }, mut unknown_keys) = found(&eraser, args).await?;
    let image_ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (eraser, uploads, unrecorded) = (&eraser, &uploads, &unrecorded);
    let of = |id: &str| uploads.get(id).map(Vec::as_slice).unwrap_or_default();
    let foresee =
        |id| async move { if unrecorded.contains(id) { eraser.preview_unrecorded(id, of(id)).await } else { eraser.preview(id).await } };
    let foreseen = each(&image_ids, foresee, Row::foreseen, &Progress::new(false, 0)).await;
    if unknown(&foreseen) == foreseen.len() {
        let named = args.image_ids.iter().chain(&args.keys).map(|named| clean(named)).collect::<Vec<_>>().join(", ");
        let (table, bucket) = (&session.stack.records_table, &session.stack.images_bucket);
        return Err(CliError::NotFound(format!("nothing was found of {named}: no record in table {table}, no object in bucket {bucket}")));
    }
    let mut rows = if args.dry_run {
        foreseen
    } else {
        if !args.yes && !agreed(&foreseen)? {
            return Err(CliError::Failed("nothing was erased".to_owned()));
        }
        let progress = Progress::new(!global.no_progress && image_ids.len() > 1, image_ids.len());
        let erase =
            |id| async move { if unrecorded.contains(id) { eraser.erase_unrecorded(id, of(id)).await } else { eraser.erase(id).await } };
        let rows = each(&image_ids, erase, Row::done, &progress).await;
        let erased = rows.iter().filter(|row| matches!(row.action, Action::Erased | Action::AlreadyErased)).count();
        progress.finish(&format!("{erased} of {} erased", count(rows.len(), "image")));
        rows
    };
    rows.append(&mut unknown_keys);
    output.list(&rows, || render(&table(&rows)))?;
    for hint in hints(&rows) {
        say!("{hint}");
    }
    let failed = rows.iter().filter(|row| matches!(row.action, Action::Unknown | Action::NotErased)).count();
    Ok(Exit::of_many(failed, rows.len()))
}

fn unknown(rows: &[Row]) -> usize {
    rows.iter().filter(|row| row.action == Action::Unknown).count()
}

/// The images that are meant.
struct Found {
    /// In the order given, those of keys last.
    ids: Vec<String>,
    /// Uploads that may be the originals of those that have no record.
    uploads: UploadsById,
    /// Those that have no record, or whose tombstone has something of a later upload behind it.
    unrecorded: BTreeSet<String>,
}

/// Finds the images that are meant; gives a row for every key under which there is none.
async fn found(eraser: &SessionEraser, args: &Erase) -> Result<(Found, Vec<Row>), CliError> {
    let (mut uploads, mut unknown_keys) = (UploadsById::new(), Vec::new());
    let (mut seen, mut ids) = (BTreeSet::new(), Vec::new());
    ids.extend(args.image_ids.iter().filter(|id| seen.insert((*id).clone())).cloned());
    let mut known = BTreeSet::new();
    for key in &args.keys {
        let images = eraser.images_of_key(key).await?;
        if images.is_empty() {
            unknown_keys.push(Row::unknown(key));
        }
        for (id, mut versions) in images {
            uploads.entry(id.clone()).or_default().append(&mut versions);
            known.insert(id.clone());
            ids.extend(seen.insert(id.clone()).then_some(id));
        }
    }
    let image_ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let foreseen: Vec<_> = stream::iter(&image_ids).map(|id| eraser.preview(id)).buffered(AT_ONCE).try_collect().await?;
    let is_unrecorded = |receipt: &Option<Receipt>| receipt.as_ref().is_none_or(has_later_traces);
    let unrecorded: BTreeSet<String> =
        ids.iter().zip(&foreseen).filter(|(_, receipt)| is_unrecorded(receipt)).map(|(id, _)| id.clone()).collect();
    let sought: BTreeSet<String> = unrecorded.iter().filter(|id| !known.contains(*id) || has_no_uploads(&uploads, id)).cloned().collect();
    if !sought.is_empty() {
        uploads.extend(find_uploads(&eraser.objects, &eraser.bucket, &sought).await?);
    }
    // A tombstone alone is looked at again as any other; only an upload that came later is erased anew.
    let again = |id: &String| !has_no_uploads(&uploads, id) || !has_tombstone(&ids, &foreseen, id);
    let unrecorded = unrecorded.into_iter().filter(again).collect();
    Ok((Found { ids, uploads, unrecorded }, unknown_keys))
}

fn has_no_uploads(uploads: &UploadsById, id: &str) -> bool {
    uploads.get(id).is_none_or(Vec::is_empty)
}

fn has_tombstone(ids: &[String], foreseen: &[Option<Receipt>], id: &str) -> bool {
    ids.iter().zip(foreseen).any(|(known, receipt)| known == id && receipt.is_some())
}

/// Whether something lies there of an image that was erased before and has no record: written late, or of a later upload whose record has
/// expired.
fn has_later_traces(receipt: &Receipt) -> bool {
    receipt.erased_before.is_some() && receipt.records == 0 && receipt.derived != Derived::default()
}

fn eraser(session: &Session) -> SessionEraser {
    let stack = &session.stack;
    Eraser {
        bucket: stack.images_bucket.clone(),
        tables: session.tables(),
        objects: session.s3(),
        executions: session.executions(),
        clock: SystemClock,
    }
}

/// Does something about each image, some at once, in the order given. What fails for one image does not keep it from the others.
async fn each<'a, F, E>(image_ids: &[&'a str], act: impl Fn(&'a str) -> F, row: impl Fn(Receipt) -> Row, progress: &Progress) -> Vec<Row>
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
    while let Some((id, acted)) = acting.next().await {
        rows.push(match acted {
            Ok(Some(receipt)) => row(receipt),
            Ok(None) => Row::unknown(id),
            Err(error) => Row::failed(id, &CliError::from(error)),
        });
        progress.update(rows.len(), &format!("{} of {} looked at", rows.len(), count(image_ids.len(), "image")));
    }
    rows
}

/// Looking once more at what was erased before needs no leave.
fn agreed(foreseen: &[Row]) -> Result<bool, CliError> {
    let due = foreseen.iter().filter(|row| row.action == Action::WouldErase).count();
    if due == 0 {
        return Ok(true);
    }
    let images = count(due, "image");
    confirm::agreed(&format!("Erase {images} for ever?"), &format!("{images} would be erased for ever"))
}

#[cfg(test)]
mod tests {
    use super::{receipt::tests::receipt, *};

    /// Tests have no terminal to ask on.
    #[test]
    fn without_a_terminal_it_must_be_said_that_it_is_meant() {
        let error = agreed(&[Row::foreseen(receipt()), Row::unknown("i")]).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert_eq!(error.to_string(), "1 image would be erased for ever; pass --yes to do it, or --dry-run to see them");
    }

    #[test]
    fn looking_once_more_needs_no_leave() {
        let before = Row::foreseen(Receipt { erased_before: Some(0), ..receipt() });
        assert!(agreed(&[before]).unwrap());
    }

    #[tokio::test]
    async fn what_fails_for_one_image_does_not_keep_it_from_the_others() {
        let act = |id: &'static str| async move {
            match id {
                "bad" => Err(CliError::Failed("no".into())),
                "none" => Ok(None),
                _ => Ok(Some(receipt())),
            }
        };
        let rows = each(&["bad", "none", "good"], act, Row::done, &Progress::new(false, 3)).await;
        assert_eq!(rows.iter().map(|row| row.action).collect::<Vec<_>>(), [Action::NotErased, Action::Unknown, Action::Erased]);
    }
}
