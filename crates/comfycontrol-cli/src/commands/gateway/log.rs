use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use comfycontrol_gateway::{Ending, FinishedCall};
use serde_json::json;
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinHandle;

use crate::out::{Out, shown};

/// A line for each call on standard output. No call waits for who reads them: when a thousand lines
/// wait, further ones are left out.
#[derive(Clone)]
pub(super) struct Log {
    calls: Arc<AtomicU64>,
    out: Out,
    lines: Option<Sender<String>>,
    writer: Arc<std::sync::Mutex<Option<JoinHandle<()>>>>,
}

impl Log {
    pub(super) fn begin(out: Out, is_quiet: bool) -> Self {
        let (lines, mut waiting) = channel::<String>(1_000);
        let writer = tokio::task::spawn_blocking(move || {
            while let Some(line) = waiting.blocking_recv() {
                // The reader may have gone: the gateway goes on.
                _ = out.line(&line);
            }
        });
        Self {
            calls: Arc::default(),
            out,
            lines: (!is_quiet).then_some(lines),
            writer: Arc::new(std::sync::Mutex::new(Some(writer))),
        }
    }

    pub(super) fn tell(&self, call: &FinishedCall) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if let Some(lines) = &self.lines {
            _ = lines.try_send(line(call, self.out));
        }
    }

    /// Waits until all lines are written; how many calls there were.
    pub(super) async fn end(mut self) -> u64 {
        self.lines = None;
        let writer = self.writer.lock().ok().and_then(|mut writer| writer.take());
        if let Some(writer) = writer {
            _ = tokio::time::timeout(std::time::Duration::from_secs(1), writer).await;
        }
        self.calls.load(Ordering::Relaxed)
    }
}

fn line(call: &FinishedCall, out: Out) -> String {
    let (method, path) = (call.method().as_str(), call.path());
    let status = call.status().map(|status| status.as_u16());
    let caller = call.caller().map(ToString::to_string);
    let ending = ending(call.ending());
    let (waited, took) = (call.waited().as_secs_f64(), call.took().as_secs_f64());
    if out.is_json() {
        let line = json!({
            "method": method,
            "path": path,
            "status": status,
            "caller": caller,
            "waited_seconds": waited,
            "took_seconds": took,
            "bytes": call.sent(),
            "ending": ending,
        });
        return line.to_string();
    }
    let status = status.map_or_else(|| "---".to_owned(), |status| status.to_string());
    let caller = shown(caller.as_deref().unwrap_or("-"));
    let bytes = call.sent();
    format!(
        "{status}  {method:6}  {}  {caller}  waited {waited:.2} s  took {took:.2} s  {bytes} B{}",
        shown(path),
        if call.ending() == Ending::Whole {
            String::new()
        } else {
            format!("  {ending}")
        },
    )
}

fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Whole => "whole",
        Ending::Cut => "cut",
        Ending::CallerGone => "caller gone",
        Ending::Stopped => "stopped",
        _ => "other",
    }
}

/// What the libraries warn of goes to standard error.
pub(super) fn warnings(out: Out) {
    use tracing_subscriber::filter::LevelFilter;

    let builder = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false)
        .without_time()
        .with_max_level(LevelFilter::WARN);
    // Somebody may have set one.
    _ = if out.is_json() {
        builder.json().try_init()
    } else {
        builder.try_init()
    };
}
