//! The limit that a command shares with the user's other programs.

use std::cell::RefCell;
use std::env;
use std::error::Error as _;
use std::path::PathBuf;
use std::time::Duration;

use comfycontrol::rate_limit::{KeeperError, Limiter, Store, Unavailable};
use comfycontrol::rate_limit_file::{FileError, FileErrorKind, FileStore};
use comfycontrol::token::Origin;
use comfycontrol_core::Report;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::arguments::Global;
use crate::failure::Failure;
use crate::out::Out;

/// By what the limit is shared.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Sharing {
    Off,
    File(PathBuf),
    /// The file of this user for a server of this name: each has a limit of its own.
    OfUser(String),
}

impl Sharing {
    pub(crate) fn of(global: &Global) -> Self {
        let variable = || env::var_os(VARIABLE).filter(|value| !value.is_empty());
        match global.budget.clone().or_else(|| variable().map(Into::into)) {
            Some(path) if path.as_os_str() == "off" => Self::Off,
            Some(path) => Self::File(path),
            None => match &global.base_url {
                None => Self::OfUser(SERVER.to_owned()),
                // Of a URL that is not valid the client speaks.
                Some(url) => Origin::parse(url).map_or(Self::Off, |origin| {
                    let origin = origin.to_string();
                    let name = origin.split_once("://").map_or(&*origin, |(_, name)| name);
                    Self::OfUser(name.to_owned())
                }),
            },
        }
    }

    pub(crate) fn open(&self) -> Option<Result<FileStore, FileError>> {
        match self {
            Self::Off => None,
            Self::File(path) => Some(FileStore::open(path)),
            Self::OfUser(name) => Some(FileStore::of_user(name)),
        }
    }
}

/// What is to be told the others before the program ends.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    keeper: RefCell<Option<JoinHandle<Result<(), KeeperError>>>>,
}

impl Budget {
    /// Reads the file once, and says at once why it cannot be used: for one that was named that is
    /// an error, unless it may pass.
    pub(crate) async fn check(&self, global: &Global, out: Out) -> Result<(), Failure> {
        let sharing = Sharing::of(global);
        // That it cannot be opened is told by who needs it.
        let Some(Ok(store)) = sharing.open() else {
            return Ok(());
        };
        let Err(e) = store.read().await else {
            return Ok(());
        };
        let kind = kind(&e);
        let told = match kind {
            Some(FileErrorKind::Damaged) => {
                format!(
                    "{}; nothing is sent until what was sent before is over",
                    Report::new(&e)
                )
            }
            _ => unusable(&e),
        };
        let may_pass = matches!(
            kind,
            Some(
                FileErrorKind::Damaged | FileErrorKind::Locked { .. } | FileErrorKind::OtherMachine
            )
        );
        match sharing {
            Sharing::File(_) if !may_pass => Err(Failure::Setting(told)),
            _ => {
                out.note(&told);
                Ok(())
            }
        }
    }

    /// The limiter of this command. Where nothing was asked for and the limit cannot be shared, it
    /// says so and keeps to the limit alone.
    pub(crate) fn limiter(&self, global: &Global, out: Out) -> Result<Limiter, Failure> {
        let builder = Limiter::builder(global.quota).max_outage(MAX_OUTAGE);
        let sharing = Sharing::of(global);
        match (sharing.open(), sharing) {
            (None, _) => Ok(builder.build()),
            (Some(Ok(store)), _) => {
                let (limiter, keeper) = builder.build_shared(store);
                self.keeper.replace(Some(tokio::spawn(keeper)));
                Ok(limiter)
            }
            (Some(Err(e)), Sharing::File(_)) => Err(Failure::Setting(Report::new(&e).to_string())),
            (Some(Err(e)), _) => {
                out.note(&format!("{}; {ALONE}", Report::new(&e)));
                Ok(builder.build())
            }
        }
    }

    /// Tells the others what this command has sent, once its client has gone: the next one need not
    /// wait until it is certain that this one has ended.
    pub(crate) async fn leave(&self, out: Out) {
        let Some(keeper) = self.keeper.take() else {
            return;
        };
        if let Ok(Ok(Err(e))) = timeout(LEAVING, keeper).await {
            out.note(&e.to_string());
        }
    }
}

/// What is wrong with a file that is not read, and what follows.
pub(crate) fn unusable(error: &Unavailable) -> String {
    format!("{}; nothing is sent until it is", Report::new(error))
}

fn kind(error: &Unavailable) -> Option<FileErrorKind> {
    let error = error.source()?.downcast_ref::<FileError>()?;
    Some(error.kind())
}

pub(crate) const VARIABLE: &str = "COMFYCONTROL_BUDGET";
/// What follows where the file cannot be used.
pub(crate) const ALONE: &str =
    "the rate limit is not shared with other programs, and this command keeps to it alone";

const SERVER: &str = "api.comfycontrol.app";
/// Then a command says that the file does not answer; until then it waits.
const MAX_OUTAGE: Duration = Duration::from_secs(10);
const LEAVING: Duration = Duration::from_secs(2);
