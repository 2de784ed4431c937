//! What is done for one row: its run is started, and its files are saved.

use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use comfycontrol::Error;
use comfycontrol_api::{
    Api, Graph, NewWorkflow, RunProgress, Save, SaveError, Started, WorkflowId,
};
use http::StatusCode;
use tokio::fs;
use tokio::sync::mpsc::UnboundedSender;

use super::entry::{Entry, Event, Head};
use super::journal::{Journal, seconds, sync_directory};
use super::table::{Column, Table};

/// What all rows have in common.
pub(crate) struct Rows {
    pub(crate) api: Api,
    pub(crate) head: Head,
    pub(crate) graph: Graph,
    pub(crate) table: Table,
    /// Where the paths of the table begin.
    pub(crate) base: PathBuf,
    pub(crate) out: PathBuf,
    pub(crate) settle: Duration,
    pub(crate) max_bytes: Option<u64>,
    pub(crate) journal: Journal,
    pub(crate) tell: UnboundedSender<Told>,
}

/// What a row says while it is being started or saved.
pub(crate) enum Told {
    /// The journal is told, and then its request leaves.
    Sending {
        row: usize,
        entry: Entry,
    },
    Step {
        row: usize,
        step: RunProgress,
    },
    /// Its files are saved, or that waits for a slot: after so many calls, in so long.
    Saving {
        row: usize,
        waits: Option<(usize, Duration)>,
    },
}

/// Why files are not there.
pub(crate) enum Unsaved {
    Disk(PathBuf, io::Error),
    Save(SaveError),
    /// There were so many, and the API has none of them any more.
    Gone(u64),
}

impl Rows {
    pub(crate) fn line(&self, row: usize) -> u64 {
        self.table.rows[row].line
    }

    /// What the run of a row is called in lists.
    pub(crate) fn name(&self, row: usize, attempt: u32) -> String {
        let key = self.head.key(self.line(row), attempt);
        format!("{} [{key}]", self.head.name)
    }

    /// The folder for the files of a row.
    pub(crate) fn folder(&self, row: usize) -> PathBuf {
        self.out.join(self.table.folder_name(row))
    }

    /// The files that a row gives to its graph.
    pub(crate) fn files(&self, row: usize) -> impl Iterator<Item = (&str, PathBuf)> {
        let values = self.table.columns.iter().zip(&self.table.rows[row].values);
        values.filter_map(|(column, value)| match column {
            Column::File(name) if !value.is_empty() => Some((name.as_str(), self.base.join(value))),
            _ => None,
        })
    }

    fn workflow(&self, row: usize) -> NewWorkflow {
        let mut new = NewWorkflow::new(self.head.name.clone(), self.graph.clone());
        for tag in &self.head.tags {
            new = new.tag(tag);
        }
        for (column, value) in self.table.columns.iter().zip(&self.table.rows[row].values) {
            new = match column {
                Column::Choice(name) => new.choice(name, value),
                Column::Text(name) => new.text(name, value),
                Column::File(_) => new,
            };
        }
        for (name, path) in self.files(row) {
            new = new.file_path(name, path);
        }
        new
    }

    /// Starts the run of a row; one that may have been started by requests between two seconds
    /// since 1970 is looked for first.
    pub(crate) async fn start(
        &self,
        row: usize,
        attempt: u32,
        sent: Option<RangeInclusive<u64>>,
    ) -> Result<Started, Error> {
        let (line, key) = (self.line(row), self.head.key(self.line(row), attempt));
        let mut run = self.api.run(self.workflow(row)).key(key.clone());
        run = run.settle_after(self.settle);
        if let Some(sent) = sent {
            let ago = |at: u64| seconds().checked_sub(at).map(Duration::from_secs);
            run = match ago(*sent.start()) {
                Some(ago) => run.resume_within(ago + CLOCK),
                // The clock has been set back: by it nothing is too old.
                None => run.resume(),
            };
            // Or it has been set forward, and the request may be on its way yet.
            let ago = ago(*sent.end()).unwrap_or_default();
            run = run.resume_sent_before(ago.saturating_sub(CLOCK));
        }
        let tell = self.tell.clone();
        run = run.on_progress(move |step| {
            let step = step.clone();
            // Who is told may have gone.
            _ = tell.send(Told::Step { row, step });
        });
        let (journal, tell) = (self.journal.clone(), self.tell.clone());
        run = run.before_sending(move || {
            let entry = Entry::now(line, Event::Sending { key: key.clone() });
            let (journal, tell) = (journal.clone(), tell.clone());
            async move {
                // First: a connection that ends drops this while the journal is written.
                let told = entry.clone();
                _ = tell.send(Told::Sending { row, entry: told });
                journal.write_down(entry).await
            }
        });
        run.start().await
    }

    /// Saves the files of a row whose run is completed: all of them, or the folder is not there.
    /// How many: perhaps fewer than there were `before` its folder was removed, but not none.
    pub(crate) async fn save(
        &self,
        row: usize,
        id: &WorkflowId,
        before: Option<u64>,
    ) -> Result<u64, Unsaved> {
        let folder = self.folder(row);
        if let Some(files) = self.files_in(&folder).await? {
            // The program was killed before it could write that down.
            return Ok(files);
        }
        // Left by a program that was killed.
        let part = self
            .out
            .join(format!(".{}.part", self.table.folder_name(row)));
        remove(&part).await?;
        let saved = match self.fetch(row, id, &part).await {
            Ok(saved) => saved.len() as u64,
            Err(e) if has_no_outputs(&e) => 0,
            Err(e) => return Err(Unsaved::Save(e)),
        };
        if let Some(before) = before.filter(|before| saved == 0 && *before > 0) {
            remove(&part).await?;
            return Err(Unsaved::Gone(before));
        }
        let out = self.out.clone();
        let named = async {
            fs::rename(&part, &folder).await?;
            let synced = tokio::task::spawn_blocking(move || sync_directory(&out));
            synced.await.map_err(io::Error::other)?
        };
        named.await.map_err(|e| Unsaved::Disk(folder, e))?;
        Ok(saved)
    }

    fn fetch(&self, row: usize, id: &WorkflowId, part: &Path) -> Save {
        let mut save = self.api.workflows().save(id, part);
        if let Some(bytes) = self.max_bytes {
            save = save.max_bytes(bytes);
        }
        let (waits, comes) = (self.tell.clone(), self.tell.clone());
        let save = save.on_waiting(move |ahead, wait| {
            let waits_for = Some((ahead, wait));
            _ = waits.send(Told::Saving {
                row,
                waits: waits_for,
            });
        });
        let is_told = AtomicBool::new(false);
        save.on_progress(move |_| {
            if !is_told.swap(true, Ordering::Relaxed) {
                let waits = None;
                _ = comes.send(Told::Saving { row, waits });
            }
        })
    }

    async fn files_in(&self, folder: &Path) -> Result<Option<u64>, Unsaved> {
        let disk = |e| Unsaved::Disk(folder.to_owned(), e);
        let mut entries = match fs::read_dir(folder).await {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(disk(e)),
        };
        let mut files = 0;
        while entries.next_entry().await.map_err(disk)?.is_some() {
            files += 1;
        }
        Ok(Some(files))
    }
}

async fn remove(folder: &Path) -> Result<(), Unsaved> {
    match fs::remove_dir_all(folder).await {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Unsaved::Disk(folder.to_owned(), e)),
        _ => Ok(()),
    }
}

/// The documentation says that and an empty list.
fn has_no_outputs(error: &SaveError) -> bool {
    let status = error.as_download().and_then(Error::status);
    error.output().is_none() && status == Some(StatusCode::NOT_FOUND)
}

/// By how much the clock may have been set since.
const CLOCK: Duration = Duration::from_secs(10 * 60);
