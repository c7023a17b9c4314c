//! `dlq list`.

use super::{Look, peek, row::Row};
use crate::{
    args::{Global, ListLetters},
    clock::moment,
    error::CliError,
    exit::Exit,
    output::{
        Format, Output,
        table::{headed, render},
        text::{NOTHING, clean, count},
    },
    session::Session,
};
use comfy_table::Table;
use futures_util::{StreamExt, stream};
use sightline_domain::model::event::DeadLetter;

/// Events whose records are read at once.
const READS_AT_ONCE: usize = 8;

/// Lists what is in the queue.
pub async fn run(global: &Global, args: &ListLetters, output: Output) -> Result<Exit, CliError> {
    let session = Session::open(global).await?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let Look { letters, waiting } = peek(&session.dead_letters(), limit).await?;
    let rows: Vec<Row> = stream::iter(&letters)
        .map(|letter| async { Row::known(letter, &DeadLetter::read(&letter.body, &session.stack.images_bucket), &session).await })
        .buffered(READS_AT_ONCE)
        .collect()
        .await;
    if rows.is_empty() {
        say!("no dead letters");
    }
    if rows.len() < waiting {
        say!("showing {} of about {} (--limit)", rows.len(), count(waiting, "event"));
    } else if rows.len() == limit {
        say!("showing {limit}; there may be more (--limit)");
    }
    if !rows.is_empty() || output.format != Format::Table {
        output.list(&rows, || render(&table(&rows)))?;
    }
    Ok(Exit::Done)
}

fn table(rows: &[Row]) -> Table {
    let mut table = headed(&["SENT", "KIND", "ABOUT", "RECEIVED", "ERROR"]);
    for row in rows {
        let sent = row.sent_at.map_or_else(|| NOTHING.to_owned(), moment);
        let key = row.key.as_deref().map_or_else(String::new, |key| format!("\n{}", clean(key)));
        let error = row.reason.as_deref().map_or_else(|| row.error(), clean);
        table.add_row([sent, row.kind.to_owned(), row.about() + &key, row.received.to_string(), error]);
    }
    table
}
