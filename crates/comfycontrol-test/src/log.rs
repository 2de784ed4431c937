use std::io;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// All that is logged, at the finest level, as text without colours. Clones share it.
///
/// Captured from all threads, it is also what comes by the `log` crate, as from rustls.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Captures what this thread logs, until the guard is dropped.
    #[must_use]
    pub fn capture(&self) -> DefaultGuard {
        LazyLock::force(&SECOND);
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_writer(self.clone())
            .with_ansi(false)
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    /// Captures what all threads log, from now on. For a test that is alone in its process.
    pub fn capture_all(&self) {
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_writer(self.clone())
            .with_ansi(false)
            .init();
    }

    /// What has been logged so far.
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A subscriber that nothing interests. While there is one alone, tracing asks the thread that
/// meets a callsite first whether it is of interest, and believes it for all: tests that run next
/// to one that captures would silence it.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_is_logged_while_it_captures_and_nothing_else() {
        let log = Log::default();
        let guard = log.capture();
        tracing::trace!("finest");
        drop(guard);
        tracing::error!("too late");
        assert!(log.text().contains("finest"), "{}", log.text());
        assert!(!log.text().contains("too late"), "{}", log.text());
    }
}
