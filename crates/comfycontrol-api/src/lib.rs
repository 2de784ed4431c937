//! The ComfyControl API's resources over a [`Client`](comfycontrol::Client): all documented
//! endpoints with their types, runs that are followed to their end, lists that are read to their
//! end, and files.
//!
//! Every request is one of the client's: it has the token, waits for a slot and is sent again where
//! that is safe.
//!
//! # Example
//!
//! ```
//! use comfycontrol::Client;
//! use comfycontrol_api::{Api, NewWorkflow};
//! use comfycontrol_emulator::Emulator;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let run_time = std::time::Duration::from_millis(50);
//! # let emulator = Emulator::builder().run_time(run_time).sse_interval(run_time).start().await?;
//! # let client = Client::builder()
//! #     .token(emulator.tokens().create("example", None))
//! #     .base_url(emulator.https_url())
//! #     .root_certificate(emulator.ca_der())
//! #     .build()?;
//! // `let client = Client::from_env()?;` for the real API.
//! let api = Api::new(client);
//!
//! // `NewWorkflow::from_file("graph.json").await?` for a graph on disk.
//! let graph = r#"{"6": {"inputs": {"text": "$text(prompt)"}}}"#;
//! let sunset = NewWorkflow::new("Sunset", graph).text("prompt", "a beautiful sunset");
//!
//! // A run that fails, is cancelled or is not valid has no outputs, and is an error.
//! let outcome = api.run(sunset).on_progress(|step| println!("{step}")).await?;
//! # let dir = tempfile::tempdir()?;
//! # let pictures = dir.path();
//! for file in outcome.save(pictures).await? {
//!     println!("{}: {} bytes", file.path.display(), file.length);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Api::run`] is all of a run, [paid once](Run#never-paid-twice); the [guide] goes through it
//! step by step.
//!
//! # Endpoints
//!
//! | endpoint | call | gives |
//! |---|---|---|
//! | `GET /v1/user` | [`Api::user`] | [`User`] |
//! | `GET /v1/runner` | [`Runners::list`] | [`List`] of [`Runner`] |
//! | `GET /v1/runner/{id}` | [`Runners::get`] | [`Runner`] |
//! | `POST /v1/runner` | [`Runners::create`] | [`Runner`] |
//! | `PUT /v1/runner/{id}` | [`Runners::update`] | [`Runner`] |
//! | `POST /v1/runner/{id}/interrupt` | [`Runners::interrupt`] | nothing |
//! | `GET /v1/runner/{id}/stats` | [`Runners::stats`] | [`RunnerStats`] |
//! | `GET /v1/runner/{id}/history` | [`Runners::history`] | some [`WorkflowSummary`] |
//! | `GET /v1/managed-runner` | [`ManagedRunners::list`] | [`List`] of [`ManagedRunner`] |
//! | `GET /v1/managed-runner/{id}` | [`ManagedRunners::get`] | [`ManagedRunner`] |
//! | `GET /v1/managed-runner/{id}/stats` | [`ManagedRunners::stats`] | [`RunnerStats`] |
//! | `GET /v1/managed-runner/{id}/history` | [`ManagedRunners::history`] | some [`WorkflowSummary`] |
//! | `GET /v1/workflow` | [`Workflows::list`] | [`List`] of [`WorkflowSummary`] |
//! | `GET /v1/workflow/{id}` | [`Workflows::get`] | [`WorkflowDetail`] |
//! | `POST /v1/workflow` | [`Workflows::create`] | [`WorkflowSummary`] |
//! | `POST /v1/workflow/{id}/rerun` | [`Workflows::rerun`] | [`WorkflowSummary`] of a new id |
//! | `POST /v1/workflow/{id}/cancel` | [`Workflows::cancel`] | nothing |
//! | `GET /v1/workflow/{id}/outputs` | [`Workflows::outputs`] | some [`Output`] |
//! | `GET /v1/workflow/{id}/subscribe` | [`Workflows::subscribe`] | [`WorkflowUpdates`] |
//! | `GET /v1/template` | [`Templates::list`] | [`List`] of [`TemplateSummary`] |
//! | `GET /v1/template/{id}` | [`Templates::get`] | [`Template`] |
//! | `POST /v1/template` | [`Templates::create`] | [`Template`] |
//! | `PUT /v1/template/{id}` | [`Templates::update`] | [`Template`] |
//!
//! # What is not as documented
//!
//! One rule holds for all models, so that no list fails because the API has changed:
//!
//! * What the API leaves out, or says `null` for, is `None`, empty or false. A time is always an
//!   `Option`.
//! * A word that is not known is kept with its text, in the variant `Unknown`.
//! * A field that is not known is ignored; to get it, read the JSON with
//!   [`Response::json`](comfycontrol::Response::json) or [`Api::paginate`].
//! * A field of another type is an error, which names its path.
//! * Ids are any text; any 2xx is a success.
//!
//! What is read of a response is bounded: of one object without a graph 1 MiB, of a page what
//! [`Paginator::items`] says, of a list without pages what [`Workflows::outputs`] says.
//!
//! # Errors
//!
//! All fail with the client's [`Error`](comfycontrol::Error), which names the call. A value out of
//! the documented bounds is an [`InvalidField`] of the kind
//! [`Request`](comfycontrol::ErrorKind::Request), and nothing was sent. Files are saved with an
//! error of their own, [`SaveError`].
//!
//! # Not handled
//!
//! A rerun whose response was lost: it has the name of the original, so that nothing tells them
//! apart.
//!
//! # Features
//!
//! | name | default | what it does |
//! |---|---|---|
//! | `default` | yes | `fs`, and the default features of the client, `comfycontrol`; without it the client has none |
//! | `fs` | yes | outputs saved to files, workflows read from files |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod adopt;
mod api;
mod conditional;
mod download;
mod events;
mod field;
mod graph;
#[doc = include_str!("guide.md")]
pub mod guide {}
mod id;
mod key;
mod list;
mod managed_runner;
mod null;
mod object;
mod pagination;
mod run;
mod runner;
#[cfg(feature = "fs")]
mod save;
mod shown;
mod template;
mod text_enum;
mod tracked;
#[cfg(feature = "fs")]
mod unreadable_file;
mod user;
mod workflow;

#[doc(no_inline)]
pub use comfycontrol;
#[doc(no_inline)]
pub use jiff::Timestamp;

pub use self::adopt::{Adopt, AdoptFuture, RunInDoubt};
pub use self::api::Api;
pub use self::conditional::{Conditional, Validators};
pub use self::download::Downloader;
pub use self::events::{Event, Events};
pub use self::field::InvalidField;
pub use self::graph::Graph;
pub use self::id::{ManagedRunnerId, OutputId, RunnerId, TemplateId, UserId, WorkflowId};
pub use self::list::{List, Page};
pub use self::managed_runner::{ManagedRunner, ManagedRunnerType, ManagedRunners};
pub use self::pagination::{Items, ListChanged, MissingList, PageTooLarge, Paginator};
pub use self::run::{Outcome, Run, RunFuture, RunProgress, Started};
pub use self::runner::{
    Device, NewRunner, Runner, RunnerHeaders, RunnerStats, RunnerStatus, RunnerUpdate, Runners,
    SystemStats,
};
#[cfg(feature = "fs")]
#[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
pub use self::save::{Save, SaveError, SaveErrorKind, SaveFuture, SaveProgress, SavedFile};
pub use self::template::{NewTemplate, Template, TemplateSummary, TemplateUpdate, Templates};
#[cfg(feature = "fs")]
#[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
pub use self::unreadable_file::UnreadableFile;
pub use self::user::{SignInProvider, User, UserTier};
pub use self::workflow::{
    NewWorkflow, Output, WorkflowDetail, WorkflowEnded, WorkflowFailure, WorkflowParams,
    WorkflowStatus, WorkflowSummary, WorkflowUpdate, WorkflowUpdates, Workflows,
};
