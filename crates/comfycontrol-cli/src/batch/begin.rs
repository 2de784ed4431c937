//! Reads what is there, graph, table and journal, and goes on from it.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use comfycontrol_api::{Api, Graph, NewWorkflow};
use comfycontrol_core::hex_digits;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::unbounded_channel;

use super::engine::Engine;
use super::entry::{self, Entry, Event, Head};
use super::journal::{Journal, NAME, Opened};
use super::plan::Plan;
use super::replay::{Stage, State};
use super::row::Rows;
use super::table::Table;
use crate::arguments::Batch;
use crate::failure::Failure;
use crate::graph;
use crate::input::Input;
use crate::left::Left;
use crate::out::Out;
use crate::placeholders::Placeholders;

/// Does the rows of a table that are not done, within a quota of a request each `slot`.
pub(crate) async fn run(
    api: Api,
    batch: Batch,
    slot: Duration,
    left: &Left,
    out: Out,
) -> Result<(), Failure> {
    let graph = graph::read(&batch.graph).await?;
    let csv = Input::File(batch.table.clone()).read(MOST_TABLE).await;
    let csv = csv.map_err(|e| of(&batch.table, &e.to_string()))?;
    let table = Table::read(&csv, batch.delimiter);
    let table = table.map_err(|what| of(&batch.table, &what))?;
    let name = batch.name.unwrap_or_else(|| graph::name(&batch.graph));
    let wanted = Head {
        journal: Head::JOURNAL,
        batch: random(),
        name,
        tags: batch.tags,
        graph: digest(&graph),
        table: digest(&csv),
    };
    let wants = table.check(&Placeholders::of(&graph));
    wants.map_err(|what| of(&batch.table, &what))?;
    let graph = Graph::from(graph);
    check(&wanted, &graph, &table)?;
    if !has_begun(&batch.out) {
        check_out(&batch.out, &table)?;
    }
    let Opened {
        journal,
        head,
        entries,
    } = Journal::open(&batch.out, wanted)?;
    let mut states = replay(&table, &entries).map_err(|what| of(&batch.out.join(NAME), &what))?;
    if batch.retry_failed {
        let failed = states.iter_mut().zip(&table.rows);
        for (state, row) in failed.filter(|(state, _)| state.stage == Stage::Failed) {
            let again = Entry::now(row.line, Event::Again);
            let written = journal.write(&again);
            written.map_err(|e| Failure::Local(format!("the journal: {e}")))?;
            _ = state.apply(again.at, &again.event);
        }
    }
    let removed = find_removed(&batch.out, &table, &mut states);
    if removed > 0 {
        out.note(&format!(
            "folders of saved rows that are not there any more: {removed}; they are saved again \
             from their runs, and nothing is run again"
        ));
    }
    let (tell, told) = unbounded_channel();
    let base = batch.table.parent().unwrap_or(Path::new("")).to_owned();
    let rows = Rows {
        api,
        head,
        graph,
        table,
        base,
        out: batch.out,
        settle: batch.settle,
        max_bytes: batch.max_bytes,
        journal,
        tell,
    };
    check_files(&rows, &states)?;
    let plan = Plan::new(states, batch.jobs);
    let engine = Engine::new(Arc::new(rows), plan, (slot, batch.jobs), left, out)?;
    engine.run(told).await
}

/// What the journal says of each row.
fn replay(table: &Table, entries: &[Entry]) -> Result<Vec<State>, String> {
    let lines = table.rows.iter().map(|row| row.line).zip(0..);
    let lines: HashMap<u64, usize> = lines.collect();
    let mut states = vec![State::default(); table.rows.len()];
    for Entry { at, line, event } in entries {
        let row = lines.get(line);
        let row = row.ok_or_else(|| format!("the table has no row on line {line}"))?;
        if !states[*row].apply(*at, event) {
            return Err(format!("what it says of line {line} cannot have happened"));
        }
    }
    Ok(states)
}

/// Before anything is sent: whether what all rows have in common can be sent at all.
fn check(head: &Head, graph: &Graph, table: &Table) -> Result<(), Failure> {
    let last = table.rows.last().map_or(0, |row| row.line);
    let key = head.key(last, u32::MAX);
    let mut new = NewWorkflow::new(format!("{} [{key}]", head.name), graph.clone());
    for tag in &head.tags {
        new = new.tag(tag);
    }
    let checked = new.validate();
    checked.map_err(|e| Failure::Setting(e.to_string()))
}

fn check_files(rows: &Rows, states: &[State]) -> Result<(), Failure> {
    for (row, state) in states.iter().enumerate() {
        if !matches!(state.stage, Stage::New | Stage::Refused) {
            continue;
        }
        for (_, path) in rows.files(row) {
            let wrong = match std::fs::metadata(&path) {
                Ok(file) if file.is_file() => continue,
                Ok(_) => "it is no file".to_owned(),
                Err(e) => e.to_string(),
            };
            let line = rows.line(row);
            return Err(of(&path, &format!("{wrong} (line {line} of the table)")));
        }
    }
    Ok(())
}

/// Finds the rows that were saved and whose folder was removed since: how many. Those that were
/// gone and have their folder again are to be looked at too.
fn find_removed(out: &Path, table: &Table, states: &mut [State]) -> usize {
    let mut removed = 0;
    for (row, state) in states.iter_mut().enumerate() {
        let folder = || out.join(table.folder_name(row)).symlink_metadata();
        match &state.stage {
            // Of one that cannot be looked at it is not known.
            Stage::Saved { .. } if folder().is_err_and(|e| e.kind() == io::ErrorKind::NotFound) => {
                removed += 1;
                state.removed();
            }
            Stage::Gone { .. } if folder().is_ok() => state.removed(),
            _ => {}
        }
    }
    removed
}

fn has_begun(out: &Path) -> bool {
    let journal = std::fs::read(out.join(NAME));
    // Of one that cannot be read it is told later.
    journal.is_ok_and(|bytes| entry::read(&bytes).map_or(true, |read| !read.entries.is_empty()))
}

/// From now on the names of the folders are those of the batch.
fn check_out(out: &Path, table: &Table) -> Result<(), Failure> {
    let folders = (0..table.rows.len()).map(|row| out.join(table.folder_name(row)));
    let mut taken = folders.filter(|folder| folder.symlink_metadata().is_ok());
    match taken.next() {
        Some(folder) => Err(of(&folder, "it is there already, and nothing is replaced")),
        None => Ok(()),
    }
}

fn of(path: &Path, what: &str) -> Failure {
    Failure::Setting(format!("{}: {what}", path.display()))
}

fn digest(bytes: &[u8]) -> String {
    hex_digits(&Sha256::digest(bytes))
}

/// 64 bits of the keys that the standard library takes from the system.
fn random() -> String {
    format!("{:016x}", RandomState::new().hash_one(0))
}

/// In millions of bytes.
const MOST_TABLE: u64 = 64;
