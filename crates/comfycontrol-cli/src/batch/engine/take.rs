//! What comes of what was begun.

use comfycontrol::{Applied, Error, ErrorKind, Report};
use comfycontrol_api::RunInDoubt;

use super::{Done, Engine, now};
use crate::batch::display::Ended;
use crate::batch::entry::Event;
use crate::batch::row::Unsaved;
use crate::batch::view::Doing;
use crate::batch::watch::{How, Seen};
use crate::failure::{Failure, code_of};
use crate::out::{argument, quoted};

impl Engine {
    pub(super) fn take(&mut self, done: Done) -> Result<(), Failure> {
        match done {
            Done::Looked(looked) => {
                self.is_looking = false;
                self.polls.read(now(), self.calls().1);
                match looked {
                    Ok(seen) => self.see(seen),
                    Err(e) => self.meet(e),
                }
            }
            Done::Started(row, Ok(started)) => {
                self.trouble.over();
                let (id, adopted) = (started.run.id, started.adopted);
                self.note(row, Event::Started { id, adopted })?;
                self.does(row, Doing::status(&started.run.status))
            }
            Done::Started(row, Err(e)) => self.not_started(row, e),
            Done::Saved(row, Ok(files)) => {
                if let Some(began) = self.under_way.get(&row).and_then(|row| row.began) {
                    self.estimate.took(now().saturating_duration_since(began));
                }
                let before = self.plan.files_before(row).unwrap_or_default();
                self.note(row, Event::Saved { files })?;
                let folder = self.rows.folder(row);
                self.display.saved(self.rows.line(row), &folder, files)?;
                match files < before {
                    true => {
                        let why = format!("its folder was removed: {before} before, {files} now");
                        self.ended(row, Ended::Fewer, &why)
                    }
                    false => Ok(()),
                }
            }
            Done::Saved(_, Err(Unsaved::Disk(path, e))) => {
                Err(Failure::Local(format!("{}: {e}", path.display())))
            }
            Done::Saved(_, Err(Unsaved::Save(e))) if e.as_disk().is_some() => {
                Err(Failure::Local(Report::new(&e).to_string()))
            }
            Done::Saved(row, Err(Unsaved::Gone(files))) => {
                let id = self.plan.id(row).map(|id| argument(id.as_str()));
                self.note(row, Event::Gone)?;
                let why = format!(
                    "its folder was removed, and the API does not have its files any more: {files} \
                     before; to ask once more: comfycontrol save --out={} {}",
                    quoted(&self.rows.folder(row).to_string_lossy()),
                    id.unwrap_or_default()
                );
                self.ended(row, Ended::Gone, &why)
            }
            Done::Saved(row, Err(Unsaved::Save(e))) => {
                self.plan.give_up(row);
                self.ended(row, Ended::Unsaved, &Report::new(&e).to_string())
            }
        }
    }

    /// Takes in what the list has said.
    fn see(&mut self, seen: Vec<Seen>) -> Result<(), Failure> {
        self.trouble.over();
        for seen in seen {
            let row = seen.row;
            if self.plan.id(row).is_none() {
                let (id, adopted) = (seen.id, true);
                self.note(row, Event::Started { id, adopted })?;
            }
            if let Some(took) = seen.took {
                self.polls.took(took);
            }
            match seen.how {
                How::Failed(why) => {
                    self.note(row, Event::Failed { why: why.clone() })?;
                    self.ended(row, Ended::Failed, &why)?;
                }
                How::Completed => self.plan.completed(row),
                How::Going(status) => self.does(row, Doing::status(&status))?,
            }
        }
        if !self.has_looked {
            self.has_looked = true;
            self.plan.looked();
        }
        Ok(())
    }

    fn not_started(&mut self, row: usize, e: Error) -> Result<(), Failure> {
        if let Some(path) = self.rows.journal.broken() {
            return Err(Failure::Local(format!(
                "{}: {}",
                path.display(),
                Report::new(&e)
            )));
        }
        let why = format!("{e:#}");
        if e.as_cause::<RunInDoubt>().is_some() || e.applied() != Applied::No {
            let how = match self.plan.doubts(row) {
                true => Ended::Doubtful,
                false => Ended::InDoubt,
            };
            return self.ended(row, how, &why);
        }
        if is_of_one_row(&e) {
            self.note(row, Event::Refused { why: why.clone() })?;
            return self.ended(row, Ended::Refused, &why);
        }
        // Or the next session would look for it at length.
        self.note(row, Event::Refused { why })?;
        self.plan.put_back(row);
        self.under_way.remove(&row);
        self.meet(e)
    }

    /// What fails for all rows: it may pass, or it ends the batch.
    fn meet(&mut self, e: Error) -> Result<(), Failure> {
        let is_ours = matches!(code_of(&e), 3 | 4);
        // Reading again changes nothing, and a list that was cut off may come whole later.
        let passes = e.is_retryable() || e.kind() == ErrorKind::Decode;
        if passes && !is_ours && !self.trouble.met(now()) {
            return Ok(());
        }
        match self.plan.sent() {
            rows if rows > 0 && !is_ours => {
                let way = "the same command looks for them";
                Err(Failure::InDoubt(e, format!("rows in doubt: {rows}; {way}")))
            }
            _ => Err(Failure::Call(e)),
        }
    }

    fn ended(&mut self, row: usize, how: Ended, why: &str) -> Result<(), Failure> {
        self.under_way.remove(&row);
        Ok(self.display.trouble(self.rows.line(row), how, why)?)
    }
}

/// Whether the next row may do better.
fn is_of_one_row(e: &Error) -> bool {
    match e.status().map(|status| status.as_u16()) {
        Some(400 | 409 | 413 | 422) => true,
        Some(_) => false,
        None => e.kind() == ErrorKind::Request,
    }
}
