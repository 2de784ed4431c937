use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, ErrorKind};
use std::process::{self, Child, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use comfycontrol_core::Escaped;
use parking_lot::Mutex;
use zeroize::Zeroizing;

use super::bounded;
use super::error::{SourceError, SourceErrorKind};
use super::token_source::TokenSource;
use crate::Token;

/// A source that runs `program` with `args`, and takes what it prints for the token.
///
/// No shell is involved. The command has 10 s to print at most 4 KiB, to close its output and to
/// end with code 0; after that it is killed (what it started itself is not, and it does not run
/// again as long as that holds the output open). It reads nothing and its messages are dropped:
/// neither its output nor its arguments are in any error or log. It runs at most once in 60 s of
/// use, and once more after a 401. Where this process ignores `SIGCHLD`, the exit code of a command
/// is lost, and its output alone decides.
///
/// ```
/// # #[cfg(unix)] {
/// use comfycontrol_token::{TokenSource, command};
///
/// let token = command("echo", ["cfc_abc123"]).read()?;
/// assert_eq!(token.header(), "Bearer cfc_abc123");
/// # }
/// # Ok::<(), comfycontrol_token::SourceError>(())
/// ```
pub fn command<A>(program: impl Into<OsString>, args: impl IntoIterator<Item = A>) -> CommandSource
where
    A: Into<OsString>,
{
    CommandSource {
        program: program.into(),
        args: args.into_iter().map(Into::into).collect(),
        held_open: Arc::default(),
    }
}

/// Source of the token that a command prints, made by [`command`].
#[derive(Clone)]
pub struct CommandSource {
    program: OsString,
    args: Box<[OsString]>,
    /// The reader of an output that outlived its command.
    held_open: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl CommandSource {
    fn output(&self) -> Result<Token, SourceErrorKind> {
        // Each further run would leave one more thread behind, and one more of what the command
        // starts.
        if let Some(reader) = &*self.held_open.lock()
            && !reader.is_finished()
        {
            return Err(SourceErrorKind::TimedOut);
        }
        let mut running = Running::start(&self.program, &self.args).map_err(problem)?;
        let outcome = running.wait();
        if let Err(SourceErrorKind::TimedOut) = outcome {
            *self.held_open.lock() = Some(running.reader);
        }
        let (status, output) = outcome?;
        if let Some(status) = status.filter(|status| !status.success()) {
            return Err(SourceErrorKind::Exited {
                code: status.code(),
            });
        }
        bounded::token(&output.map_err(problem)?)
    }
}

impl TokenSource for CommandSource {
    fn read(&self) -> Result<Token, SourceError> {
        self.output()
            .map_err(|problem| SourceError::new(self.name(), problem))
    }

    fn name(&self) -> Cow<'_, str> {
        format!("command {}", self.program.display()).into()
    }
}

impl fmt::Debug for CommandSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "CommandSource({})",
            Escaped::new(&self.name(), usize::MAX)
        )
    }
}

type Output = io::Result<Zeroizing<Vec<u8>>>;

struct Running {
    child: KillOnDrop,
    output: Receiver<Output>,
    reader: JoinHandle<()>,
}

impl Running {
    fn start(program: &OsString, args: &[OsString]) -> io::Result<Self> {
        let mut child = process::Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take();
        let (send, output) = mpsc::channel();
        let child = KillOnDrop(child);
        let waiting = thread::current();
        // A thread of its own, since nothing bounds the time for which a pipe stays open.
        let reader = thread::Builder::new()
            .name("token-command".into())
            .spawn(move || {
                let wake = WakeOnDrop(waiting);
                if let Some(mut stdout) = stdout {
                    // Once the time is up, the receiver is gone.
                    let _ = send.send(bounded::read(&mut stdout));
                }
                drop(wake);
            })?;
        Ok(Self {
            child,
            output,
            reader,
        })
    }

    /// Waits for both the output and the end.
    ///
    /// The time is counted in ticks and not read off a clock, so that a process that was stopped
    /// for an hour does not find its command's time used up.
    fn wait(&mut self) -> Result<(Option<ExitStatus>, Output), SourceErrorKind> {
        let mut output = None;
        for _ in 0..TICKS {
            output = output.or_else(|| self.output.try_recv().ok());
            if let Some(Ok(bytes)) = &output
                && bytes.len() > bounded::MAX_LEN
            {
                return Err(SourceErrorKind::TooLarge);
            }
            let status = match self.child.state().map_err(problem)? {
                ChildState::Running => None,
                ChildState::Ended(status) => Some(Some(status)),
                ChildState::Gone => Some(None),
            };
            if let Some(status) = status
                && let Some(output) = output.take()
            {
                return Ok((status, output));
            }
            // Ends early when the output is there; a child's end wakes no thread.
            thread::park_timeout(TICK);
        }
        Err(SourceErrorKind::TimedOut)
    }
}

/// A child process that does not outlive this value, not even as a zombie.
struct KillOnDrop(Child);

enum ChildState {
    Running,
    Ended(ExitStatus),
    /// The system has forgotten how it ended, as it does where `SIGCHLD` is ignored (wait(2),
    /// "Notes").
    Gone,
}

impl KillOnDrop {
    fn state(&mut self) -> io::Result<ChildState> {
        match self.0.try_wait() {
            Ok(None) => Ok(ChildState::Running),
            Ok(Some(status)) => Ok(ChildState::Ended(status)),
            Err(error) if is_no_child(&error) => Ok(ChildState::Gone),
            Err(error) => Err(error),
        }
    }
}

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        // One that is gone may have left its number to another process.
        if matches!(self.state(), Ok(ChildState::Running)) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

#[cfg(unix)]
fn is_no_child(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ECHILD)
}

#[cfg(not(unix))]
fn is_no_child(_: &io::Error) -> bool {
    false
}

struct WakeOnDrop(Thread);

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        self.0.unpark();
    }
}

fn problem(error: io::Error) -> SourceErrorKind {
    match error.kind() {
        ErrorKind::NotFound => SourceErrorKind::NotFound,
        kind => SourceErrorKind::Io(kind),
    }
}

const TICK: Duration = Duration::from_millis(5);
/// Ten seconds.
const TICKS: u32 = 2000;
