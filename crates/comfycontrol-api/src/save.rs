//! The outputs of a run, on disk.

mod error;
mod fetch;
mod file_name;
mod links;
mod part;
mod saved;
mod transfer;
mod tries;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{StreamExt, future, stream};

use self::error::Failure;
use self::fetch::{Job, Target, Tell, fetch};
use self::file_name::{file_name, folded, numbered};
use self::links::Links;
use crate::{Downloader, Output, WorkflowId, Workflows};

pub use self::error::{SaveError, SaveErrorKind};
pub use self::saved::{SaveProgress, SavedFile};

/// Saves the outputs of a run to a directory, which is made if it is not there: all or an error.
///
/// Nothing is sent before it is awaited. Each file is written under a name that ends with `.part`
/// and renamed when it is whole. If it does not become whole it is removed, also when this is
/// dropped. So a file is there with all its bytes, or not at all. The bytes go to the disk as they
/// come: memory does not grow with them.
///
/// # What breaks off
///
/// A download that breaks off goes on where it was, by `Range` and `If-Range`, if the file has a
/// strong entity tag. The tag of each part is compared, since a 206 does not prove that the host
/// has kept to `If-Range`. Without one, or where the host sends the whole, the file begins again.
/// A link that has expired is asked for once more. After six requests in a row that bring nothing
/// new, in half a minute, the download is given up; as long as it gets further there is no end to
/// its requests.
///
/// # What is whole
///
/// A file is whole when it has as many bytes as the host has announced. Where it announces none, it
/// is asked whether there are more; if nothing tells, the file is [not
/// saved](SaveErrorKind::Incomplete). One fault is not seen: a host that announces fewer bytes than
/// the file has, over HTTP/1.1.
///
/// # Names
///
/// A file has the name from its link, without what leads out of the directory, what some system
/// does not allow, and dots in front; at most 200 bytes. Nothing is overwritten unless [asked
/// for](Self::overwrite): an existing file keeps its name, and the new one becomes `a (2).png`.
/// Outputs of one name are numbered alike.
///
/// # Errors
///
/// Fails with the first output that cannot be saved. Those under way then are still
/// [saved](SaveError::saved), and no more are begun.
///
/// ```no_run
/// # use comfycontrol_api::{Api, SaveError, WorkflowId};
/// # async fn run(api: Api, id: WorkflowId) -> Result<(), SaveError> {
/// for file in api.workflows().save(&id, "pictures").await? {
///     println!("{}: {} bytes", file.path.display(), file.length);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is saved until it is awaited"]
pub struct Save {
    workflows: Workflows,
    id: WorkflowId,
    /// Those that are known already.
    outputs: Option<Vec<Output>>,
    dir: PathBuf,
    downloader: Downloader,
    parallel: usize,
    replaces: bool,
    max_bytes: u64,
    tell: Option<Box<Tell>>,
    tell_waiting: Option<Box<TellWaiting>>,
}

/// Is told how many calls wait before the next request, and after what time it leaves, about.
type TellWaiting = dyn Fn(usize, Duration) + Send + Sync;

/// The future of a [`Save`].
pub struct SaveFuture(Pin<Box<dyn Future<Output = Result<Vec<SavedFile>, SaveError>> + Send>>);

impl Save {
    pub(crate) fn new(
        workflows: Workflows,
        id: WorkflowId,
        outputs: Option<Vec<Output>>,
        dir: PathBuf,
    ) -> Self {
        Self {
            downloader: Downloader::of(workflows.client()),
            workflows,
            id,
            outputs,
            dir,
            parallel: PARALLEL,
            replaces: false,
            max_bytes: u64::MAX,
            tell: None,
            tell_waiting: None,
        }
    }

    /// Sets how many files are fetched at the same time, at least 1. The default is 4.
    pub fn parallel(mut self, files: usize) -> Self {
        self.parallel = files.max(1);
        self
    }

    /// Puts each file in place of one that has its name, if there is one. Outputs of one name still
    /// get a number each.
    pub fn overwrite(mut self) -> Self {
        self.replaces = true;
        self
    }

    /// Sets how many bytes each file may have. The default is no bound but the disk's. A file with
    /// more is given up as soon as that is known, and [not saved](SaveErrorKind::TooLarge).
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Fetches by this downloader, such as one that may reach
    /// [a host of the internal network](Downloader::allow_internal_host).
    pub fn downloader(mut self, downloader: Downloader) -> Self {
        self.downloader = downloader;
        self
    }

    /// Calls `tell` as each output gets further.
    pub fn on_progress(mut self, tell: impl Fn(SaveProgress<'_>) + Send + Sync + 'static) -> Self {
        self.tell = Some(Box::new(tell));
        self
    }

    /// Calls `tell` while the request for the links waits for a slot of the limiter: with how many
    /// calls wait before it, and after what time it leaves, about.
    pub fn on_waiting(mut self, tell: impl Fn(usize, Duration) + Send + Sync + 'static) -> Self {
        self.tell_waiting = Some(Box::new(tell));
        self
    }

    async fn run(self) -> Result<Vec<SavedFile>, SaveError> {
        let none = |failure| SaveError::new(failure, None, Vec::new());
        let made = tokio::fs::create_dir_all(&self.dir).await;
        made.map_err(Failure::disk(&self.dir)).map_err(none)?;
        let outputs = match self.outputs {
            Some(outputs) => outputs,
            None => {
                let tell = |ahead, wait| {
                    if let Some(tell) = &self.tell_waiting {
                        tell(ahead, wait);
                    }
                };
                let outputs = self.workflows.outputs_told(&self.id, tell).await;
                outputs.map_err(Failure::from).map_err(none)?
            }
        };
        let job = Job {
            downloader: self.downloader,
            links: Links::new(self.workflows, self.id, outputs.clone()),
            dir: self.dir.into(),
            replaces: self.replaces,
            max_bytes: self.max_bytes,
            tell: self.tell,
        };
        let (job, has_failed) = (&job, &AtomicBool::new(false));
        let saved: Vec<_> = stream::iter(targets(outputs))
            .take_while(|_| future::ready(!has_failed.load(Ordering::Relaxed)))
            .map(|target| async move {
                let saved = fetch(job, &target).await;
                saved.map_err(|failure| {
                    has_failed.store(true, Ordering::Relaxed);
                    (failure, target.output.id)
                })
            })
            .buffered(self.parallel)
            .collect()
            .await;
        let (mut files, mut failed) = (Vec::new(), None);
        for saved in saved {
            match saved {
                Ok(file) => files.push(file),
                Err(e) => failed = failed.or(Some(e)),
            }
        }
        match failed {
            None => Ok(files),
            Some((failure, output)) => Err(SaveError::new(failure, Some(output), files)),
        }
    }
}

impl Workflows {
    /// Saves the outputs of a completed workflow to files in a directory.
    ///
    /// # Errors
    ///
    /// Fails with a [`SaveError`] once it is awaited.
    #[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
    pub fn save(&self, id: &WorkflowId, dir: impl Into<PathBuf>) -> Save {
        Save::new(self.clone(), id.clone(), None, dir.into())
    }
}

/// Where each output goes: under a name that no other of them has, in upper or lower case.
fn targets(outputs: Vec<Output>) -> Vec<Target> {
    let (mut places, mut numbers) = (HashMap::new(), HashMap::new());
    let mut taken = HashSet::new();
    let target = |output: Output| {
        let name = file_name(&output.src, output.id.as_str());
        let number: &mut usize = numbers.entry(folded(&name)).or_default();
        *number += 1;
        // A file may be called as another is by its number.
        while !taken.insert(folded(&numbered(&name, *number))) {
            *number += 1;
        }
        let place: &mut usize = places.entry(output.id.clone()).or_default();
        *place += 1;
        Target {
            output,
            place: *place - 1,
            name,
            number: *number,
        }
    };
    outputs.into_iter().map(target).collect()
}

impl IntoFuture for Save {
    type Output = Result<Vec<SavedFile>, SaveError>;
    type IntoFuture = SaveFuture;

    fn into_future(self) -> SaveFuture {
        SaveFuture(Box::pin(self.run()))
    }
}

impl Future for SaveFuture {
    type Output = Result<Vec<SavedFile>, SaveError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for SaveFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaveFuture").finish_non_exhaustive()
    }
}

impl fmt::Debug for Save {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Save")
            .field("id", &self.id)
            .field("dir", &self.dir)
            .field("parallel", &self.parallel)
            .field("replaces", &self.replaces)
            .finish_non_exhaustive()
    }
}

const PARALLEL: usize = 4;

#[cfg(test)]
mod tests {
    use super::{numbered, targets};
    use crate::Output;

    #[test]
    fn an_output_that_is_called_as_another_one_is_by_its_number_has_a_name_of_its_own() {
        let names = ["a.png", "A.png", "a%20(2).png", "a.png"];
        let outputs = names.map(|name| Output {
            src: format!("https://storage.example/{name}?signature"),
            ..Output::default()
        });
        let names = targets(outputs.into()).into_iter();
        let names: Vec<_> = names.map(|to| numbered(&to.name, to.number)).collect();
        assert_eq!(names, ["a.png", "A (2).png", "a (2) (2).png", "a (3).png"]);
    }
}
