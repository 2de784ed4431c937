//! Shows how far a batch is: lines that change on a terminal, few lines elsewhere, JSON if that is
//! asked for.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::advice::{advice, lines};
use super::plan::{Counts, Troubled};
use super::view::{Doing, UnderWay, rows, troubles, whole, whole_and_why};
use crate::out::{Out, shown};

pub(crate) struct Display {
    out: Out,
    bars: Option<Bars>,
    /// When the whole is told next, where nothing changes in place.
    next: Instant,
}

/// How a row has ended in this session, otherwise than saved.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ended {
    /// For now: it is asked for again at the end.
    Doubtful,
    Failed,
    /// It is saved, with fewer files than there were.
    Fewer,
    /// Its files are neither here nor there.
    Gone,
    InDoubt,
    Refused,
    Unsaved,
}

impl Display {
    /// Begins with what earlier sessions have done.
    pub(crate) fn begin(out: Out, counts: &Counts, now: Instant) -> io::Result<Self> {
        let is_watched = !out.is_json() && io::stderr().is_terminal();
        let display = Self {
            out,
            bars: is_watched.then(Bars::new),
            next: now + EVERY,
        };
        if out.is_json() {
            out.json(&with_counts("batch", counts, None))?;
        } else if display.bars.is_none() {
            let todo = counts.waiting + counts.running;
            let mut line = format!("{} rows, {todo} of them to be done", counts.rows);
            let done = (counts.saved > 0).then(|| format!("{} saved before", counts.saved));
            for part in done.into_iter().chain(troubles(counts)) {
                line += &format!(", {part}");
            }
            out.aside(&line);
        }
        Ok(display)
    }

    /// Something else is done for a row than before.
    pub(crate) fn row(&self, line: u64, doing: Doing) -> io::Result<()> {
        match self.out.is_json() {
            true => {
                let state = doing.name();
                self.out
                    .json(&json!({ "event": "row", "line": line, "state": state }))
            }
            false => Ok(()),
        }
    }

    pub(crate) fn started(&self, line: u64, id: &str, adopted: bool) -> io::Result<()> {
        match self.out.is_json() {
            true => {
                let event =
                    json!({ "event": "started", "line": line, "id": id, "adopted": adopted });
                self.out.json(&event)
            }
            false => Ok(()),
        }
    }

    pub(crate) fn saved(&self, line: u64, folder: &Path, files: u64) -> io::Result<()> {
        self.print(|out| match out.is_json() {
            true => {
                let event =
                    json!({ "event": "saved", "line": line, "folder": folder, "files": files });
                out.json(&event)
            }
            false => out.line(&folder.display().to_string()),
        })
    }

    pub(crate) fn trouble(&self, line: u64, what: Ended, why: &str) -> io::Result<()> {
        let (name, words) = match what {
            Ended::Doubtful => ("doubtful", "in doubt, looked for again at the end"),
            Ended::Failed => ("failed", "failed"),
            Ended::Fewer => ("fewer", "saved, fewer files than before"),
            Ended::Gone => ("gone", "gone"),
            Ended::InDoubt => ("in_doubt", "in doubt"),
            Ended::Refused => ("refused", "refused, not started"),
            Ended::Unsaved => ("unsaved", "completed, not saved"),
        };
        self.print(|out| match out.is_json() {
            true => out.json(&json!({ "event": name, "line": line, "message": why })),
            false => {
                let why = shown(why);
                // The status of a run that has failed begins with it.
                let told = match why.starts_with(words) {
                    true => why.to_string(),
                    false => format!("{words}: {why}"),
                };
                out.aside(&format!("line {line}: {told}"));
                Ok(())
            }
        })
    }

    /// All that goes on.
    pub(crate) fn tick(
        &mut self,
        now: Instant,
        counts: &Counts,
        left: Option<Duration>,
        under_way: &UnderWay,
    ) -> io::Result<()> {
        if let Some(bars) = &self.bars {
            bars.show(counts, &whole(counts, left), under_way);
            return Ok(());
        }
        if now < self.next {
            return Ok(());
        }
        self.next = now + EVERY;
        match self.out.is_json() {
            true => self.out.json(&with_counts("progress", counts, left)),
            false => {
                self.out.aside(&whole_and_why(counts, left, under_way));
                Ok(())
            }
        }
    }

    /// The end, and what to do about rows that have not gone well, whose lines `line` knows.
    pub(crate) fn end(
        &self,
        counts: &Counts,
        troubled: &Troubled,
        line: impl Fn(usize) -> u64,
    ) -> io::Result<()> {
        if let Some(bars) = &self.bars {
            bars.clear();
        }
        match self.out.is_json() {
            true => {
                let mut end = with_counts("end", counts, None);
                end["lines"] = lines(troubled, line);
                self.out.json(&end)
            }
            false => {
                self.out.aside(&whole(counts, None));
                for advice in advice(troubled, line) {
                    self.out.aside(&advice);
                }
                Ok(())
            }
        }
    }

    /// Prints a line above what changes in place.
    fn print(&self, print: impl FnOnce(Out) -> io::Result<()>) -> io::Result<()> {
        match &self.bars {
            Some(bars) => bars.all.suspend(|| print(self.out)),
            None => print(self.out),
        }
    }
}

fn with_counts(event: &str, counts: &Counts, left: Option<Duration>) -> Value {
    let mut told = json!({
        "event": event, "rows": counts.rows, "saved": counts.saved, "failed": counts.failed,
        "refused": counts.refused, "in_doubt": counts.in_doubt, "unsaved": counts.unsaved,
        "gone": counts.gone,
        "running": counts.running, "waiting": counts.waiting,
    });
    if let Some(left) = left {
        told["seconds_left"] = left.as_secs().into();
    }
    told
}

/// A bar for the whole, and a line for each of some rows.
struct Bars {
    all: MultiProgress,
    whole: ProgressBar,
    rows: Vec<ProgressBar>,
}

impl Bars {
    fn new() -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let bar = |template: &str| {
            let bar = all.add(ProgressBar::no_length());
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar
        };
        let whole = bar("[{wide_bar}]\n{wide_msg}");
        let rows = (0..ROWS).map(|_| bar("{wide_msg}")).collect();
        Self { all, whole, rows }
    }

    fn show(&self, counts: &Counts, message: &str, under_way: &UnderWay) {
        let done = counts.rows - counts.waiting - counts.running;
        self.whole.set_length(counts.rows as u64);
        self.whole.set_position(done as u64);
        self.whole.set_message(message.to_owned());
        let mut lines = rows(under_way, ROWS).into_iter();
        for bar in &self.rows {
            bar.set_message(lines.next().unwrap_or_default());
        }
    }

    fn clear(&self) {
        // It may have no terminal any more.
        _ = self.all.clear();
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if let Some(bars) = &self.bars {
            bars.clear();
        }
    }
}

/// So many lines and those of the whole fit on any terminal.
const ROWS: usize = 8;
/// A line in half a minute is no flood in a log.
const EVERY: Duration = Duration::from_secs(30);
