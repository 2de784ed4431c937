//! How far a run is: one line that changes on a terminal, lines elsewhere, JSON if that is asked
//! for.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use comfycontrol_api::RunProgress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::out::{Out, shown};

pub(crate) struct Progress {
    out: Out,
    /// Whether links are worth telling: each is as good as the file.
    with_links: bool,
    bar: Option<ProgressBar>,
    /// What was told last, where each thing is told once.
    last: Mutex<String>,
}

impl Progress {
    pub(crate) fn new(out: Out, with_links: bool) -> Self {
        let is_watched = !out.is_json() && std::io::stderr().is_terminal();
        Self {
            out,
            with_links,
            bar: is_watched.then(bar),
            last: Mutex::default(),
        }
    }

    pub(crate) fn tell(&self, step: &RunProgress) {
        if let Some(bar) = &self.bar {
            return bar.set_message(shown(&step.to_string()));
        }
        if self.out.is_json() {
            if let Some(event) = event(step, self.with_links) {
                self.once(&event.to_string(), |_| _ = self.out.json(&event));
            }
        } else if let Some(line) = line(step) {
            self.once(&line, |line| self.out.aside(line));
        }
    }

    pub(crate) fn note(&self, what: &'static str) {
        if let Some(bar) = &self.bar {
            bar.set_message(what);
        }
    }

    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn once(&self, line: &str, tell: impl FnOnce(&str)) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != line {
            line.clone_into(&mut last);
            tell(line);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4}  {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// What is worth a line of a log: no bytes, and a wait without its seconds.
fn line(step: &RunProgress) -> Option<String> {
    match step {
        RunProgress::Uploading { .. } => None,
        RunProgress::Waiting { .. } => Some("waiting for a slot".to_owned()),
        other => Some(shown(&other.to_string())),
    }
}

fn event(step: &RunProgress, with_links: bool) -> Option<Value> {
    match step {
        RunProgress::Searching => Some(json!({ "event": "searching" })),
        RunProgress::Started { id, adopted } => {
            Some(json!({ "event": "started", "id": id, "adopted": adopted }))
        }
        RunProgress::Update(update) => {
            let mut update = update.clone();
            if !with_links {
                update.outputs.clear();
            }
            Some(json!({ "event": "update", "update": update }))
        }
        RunProgress::Uploading { sent, length } => {
            Some(json!({ "event": "uploading", "sent": sent, "length": length }))
        }
        RunProgress::Waiting { ahead, wait } => {
            let seconds = wait.as_secs_f64();
            Some(json!({ "event": "waiting", "ahead": ahead, "seconds": seconds }))
        }
        _ => None,
    }
}
