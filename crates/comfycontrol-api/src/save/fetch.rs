//! One output, from the host that stores it to the disk.

use std::path::Path;
use std::time::Duration;

use comfycontrol::{Error, Response, Timeouts};
use futures_util::TryStreamExt;
use http::header::{IF_RANGE, RANGE};
use http::{HeaderMap, StatusCode};
use tokio::time::sleep;

use super::error::Failure;
use super::links::{Link, Links};
use super::part::PartFile;
use super::saved::{SaveProgress, SavedFile};
use super::transfer::{Ask, Next, Transfer};
use super::tries::Tries;
use crate::{Downloader, Output};

/// Is told how far each output has come.
pub(super) type Tell = dyn Fn(SaveProgress<'_>) + Send + Sync;

/// What all outputs of a run have in common.
pub(super) struct Job {
    pub(super) downloader: Downloader,
    pub(super) links: Links,
    pub(super) dir: Box<Path>,
    pub(super) replaces: bool,
    pub(super) max_bytes: u64,
    pub(super) tell: Option<Box<Tell>>,
}

/// One output, and where it goes.
pub(super) struct Target {
    pub(super) output: Output,
    /// Which one it is of those that have its id, from 0.
    pub(super) place: usize,
    pub(super) name: String,
    /// Which one it is of those that have its name, from 1.
    pub(super) number: usize,
}

/// Fetches an output and gives it its name once it is whole.
pub(super) async fn fetch(job: &Job, target: &Target) -> Result<SavedFile, Failure> {
    let part = PartFile::create(&job.dir, &target.name).await;
    let part = part.map_err(Failure::disk(&job.dir.join(&target.name)))?;
    let mut coming = Coming {
        job,
        output: &target.output,
        part,
        transfer: Transfer::default(),
    };
    let (mut tries, mut was_refused) = (Tries::default(), false);
    while !coming.transfer.is_whole() {
        let link = job.links.get(&target.output, target.place).await;
        let link = link.ok_or(Failure::Gone)?;
        let failed = match coming.next(&link).await {
            Ok(()) => {
                was_refused = false;
                None
            }
            Err(Failure::Download(e)) if is_refused(&e) && !was_refused => {
                was_refused = true;
                job.links.renew(&link).await?;
                continue;
            }
            Err(Failure::Download(e)) if e.is_retryable() => Some(e),
            Err(e) => return Err(e),
        };
        let have = coming.transfer.have();
        let length = coming.transfer.length();
        match tries.next(have, failed.as_ref().and_then(Error::retry_after)) {
            _ if coming.transfer.is_whole() => {}
            Some(Duration::ZERO) => {}
            Some(pause) => sleep(pause).await,
            None => return Err(failed.map_or(Failure::Incomplete { have, length }, Failure::from)),
        }
    }
    let length = coming.transfer.have();
    let path = coming.part.path().to_owned();
    let (name, number) = (&target.name, target.number);
    let named = coming.part.finish(name, number, job.replaces).await;
    Ok(SavedFile {
        output: target.output.id.clone(),
        path: named.map_err(Failure::disk(&path))?,
        length,
    })
}

/// An output on its way.
struct Coming<'a> {
    job: &'a Job,
    output: &'a Output,
    part: PartFile,
    transfer: Transfer,
}

impl Coming<'_> {
    /// Sends the next request, and takes what comes of it.
    async fn next(&mut self, link: &Link) -> Result<(), Failure> {
        let mut request = self.job.downloader.get(&link.src);
        request = request.timeouts(Timeouts::new().without_total());
        let ask = self.transfer.ask();
        if let Ask::From { first, etag } = &ask {
            request = request.header(RANGE, format!("bytes={first}-"));
            if let Some(etag) = etag {
                request = request.header(IF_RANGE, etag);
            }
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(e) => {
                let beyond = e.as_api().filter(|_| ask != Ask::Whole);
                let beyond = beyond.filter(|e| e.status() == StatusCode::RANGE_NOT_SATISFIABLE);
                let Some(beyond) = beyond else {
                    return Err(e.into());
                };
                return match self.take(beyond.status(), beyond.headers(), None) {
                    Next::Unproven => Err(self.incomplete()),
                    _ => Ok(()),
                };
            }
        };
        let length = response.content_length();
        let next = self.take(response.status(), response.headers(), length);
        self.check(self.transfer.length().unwrap_or_default())?;
        match next {
            Next::Append { until } => self.read(response, Some(until)).await,
            Next::StartAnew { until } => {
                self.part.clear().await.map_err(self.disk())?;
                self.read(response, until).await
            }
            Next::Unproven => Err(self.incomplete()),
            Next::AskAgain | Next::Whole => Ok(()),
        }
    }

    fn take(&mut self, status: StatusCode, headers: &HeaderMap, length: Option<u64>) -> Next {
        self.transfer.take(status, headers, length)
    }

    /// Writes a body to the disk; one that leads further than this byte is not what it says.
    async fn read(&mut self, response: Response, until: Option<u64>) -> Result<(), Failure> {
        self.tell();
        let mut pieces = response.into_stream();
        while let Some(piece) = pieces.try_next().await? {
            let have = self.transfer.have() + piece.len() as u64;
            if until.is_some_and(|until| have > until) {
                self.transfer.forget();
                return Ok(());
            }
            self.check(have)?;
            self.part.write(&piece).await.map_err(self.disk())?;
            self.transfer.received(piece.len() as u64);
            self.tell();
        }
        self.transfer.ended();
        Ok(())
    }

    /// Whether a file may have so many bytes.
    fn check(&self, bytes: u64) -> Result<(), Failure> {
        let most = self.job.max_bytes;
        match bytes > most {
            true => Err(Failure::TooLarge { most }),
            false => Ok(()),
        }
    }

    fn tell(&self) {
        if let Some(tell) = &self.job.tell {
            tell(SaveProgress {
                output: &self.output.id,
                received: self.transfer.have(),
                length: self.transfer.length(),
            });
        }
    }

    fn disk(&self) -> impl FnOnce(std::io::Error) -> Failure + use<> {
        Failure::disk(self.part.path())
    }

    fn incomplete(&self) -> Failure {
        Failure::Incomplete {
            have: self.transfer.have(),
            length: self.transfer.length(),
        }
    }
}

/// Whether a fresh link may help: so do hosts say that the time of one is over.
fn is_refused(error: &Error) -> bool {
    let refusals = [
        StatusCode::BAD_REQUEST,
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::NOT_FOUND,
        StatusCode::GONE,
    ];
    error
        .status()
        .is_some_and(|status| refusals.contains(&status))
}
