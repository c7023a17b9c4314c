//! `sightline erase`: images, and everything that was made of them, for ever.

mod receipt;

use crate::{
    args::{Erase, Global},
    clock::SystemClock,
    confirm,
    error::CliError,
    exit::Exit,
    output::{Output, table::render, text::count},
    progress::Progress,
    session::Session,
};
use futures_util::{StreamExt, stream};
use receipt::{Action, Row, hints, table};
use sightline_aws::{label_rows::LabelRows, objects::Objects, records::Records, trends::Tallies, workflow::Workflow};
use sightline_domain::erase::{Eraser, Receipt};
use std::collections::BTreeSet;

/// Images erased at once.
const AT_ONCE: usize = 4;

type SessionEraser = Eraser<Records, LabelRows, Objects, Workflow, Tallies, SystemClock>;

/// Erases images, or says what would be removed.
pub async fn run(global: &Global, args: &Erase, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    let eraser = eraser(&session);
    let mut seen = BTreeSet::new();
    let image_ids: Vec<&str> = args.image_ids.iter().map(String::as_str).filter(|id| seen.insert(*id)).collect();
    let foreseen = each(&image_ids, |id| eraser.foresee(id), Row::foreseen, &Progress::new(false, 0)).await;
    let unknown = |rows: &[Row]| rows.iter().filter(|row| row.action == Action::Unknown).count();
    if unknown(&foreseen) == foreseen.len() {
        let which = if let [only] = image_ids.as_slice() { format!("image {only}") } else { "such image".to_owned() };
        return Err(CliError::NotFound(format!("there is no {which} in table {}", session.stack.records_table)));
    }
    let rows = if args.dry_run {
        foreseen
    } else {
        if !args.yes && !agreed(&foreseen)? {
            return Err(CliError::Failed("nothing was erased".to_owned()));
        }
        let progress = Progress::new(!global.no_progress && image_ids.len() > 1, image_ids.len());
        let rows = each(&image_ids, |id| eraser.erase(id), Row::done, &progress).await;
        let erased = rows.iter().filter(|row| matches!(row.action, Action::Erased | Action::AlreadyErased)).count();
        progress.finish(&format!("{erased} of {} erased", count(rows.len(), "image")));
        rows
    };
    output.list(&rows, || render(&table(&rows)))?;
    for hint in hints(&rows) {
        say!("{hint}");
    }
    let failed = rows.iter().filter(|row| matches!(row.action, Action::Unknown | Action::NotErased)).count();
    Ok(Exit::of_many(failed, rows.len()))
}

fn eraser(session: &Session) -> SessionEraser {
    let stack = &session.stack;
    Eraser {
        bucket: stack.images_bucket.clone(),
        records: session.records(),
        label_rows: LabelRows::new(session.clients.dynamodb(), &stack.label_index_table),
        objects: session.objects(),
        executions: session.workflow(),
        trends: session.trends().counting(&stack.records_table),
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
