//! What ends a program that serves.

use crate::failure::Failure;

/// Ends when the program is asked to stop: by Ctrl-C, and on Unix by SIGTERM too.
pub(crate) fn stop() -> Result<impl Future<Output = ()>, Failure> {
    times(1)
}

/// Ends when the program is asked to stop once more.
pub(crate) fn stop_at_once() -> Result<impl Future<Output = ()>, Failure> {
    times(2)
}

#[cfg(unix)]
fn times(count: u32) -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};

    let listen = |kind| signal(kind).map_err(|e| Failure::local(format!("no signal handler: {e}")));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    Ok(async move {
        for _ in 0..count {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
    })
}

#[cfg(not(unix))]
fn times(count: u32) -> Result<impl Future<Output = ()>, Failure> {
    Ok(async move {
        for _ in 0..count {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending().await
            }
        }
    })
}
