//! The ComfyControl API's resources over a [`Client`](comfycontrol::Client): runs that are followed to
//! their end, lists that are read to their end, and files.
//!
//! Every request is one of the client's: it has the token, waits for a slot and is sent again where
//! that is safe.
//!
//! # Example
//!
//! ```
//! use comfycontrol::{Client, Multipart, Part};
//! use comfycontrol_api::Api;
//! use comfycontrol_emulator::Emulator;
//! use futures_util::TryStreamExt;
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
//! let form = Multipart::new()
//!     .text("name", "Sunset")
//!     .part("workflow_json", Part::bytes("{}").file_name("graph.json"));
//! let run = api.client().post("/v1/workflow").multipart(form).send().await?;
//! let run: serde_json::Value = run.json().await?;
//!
//! let mut updates = api.subscribe(run["id"].as_str().expect("a run has an id"));
//! let mut outputs = Vec::new();
//! while let Some(update) = updates.try_next().await? {
//!     println!("{update}");
//!     // A run that fails, is cancelled or is not valid has no outputs, and is an error.
//!     outputs = update.error_for_status()?.outputs;
//! }
//! # assert!(!outputs.is_empty());
//! for output in &outputs {
//!     let file = api.downloader().get(&output.src).send().await?.bytes().await?;
//!     assert!(!file.is_empty());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! All fail with the client's [`Error`](comfycontrol::Error), which names the call.
//!
//! # Not handled
//!
//! Models of the endpoints other than a run's state: their bodies are JSON, of a type of your own.
//!
//! # Features
//!
//! | name | default | what it does |
//! |---|---|---|
//! | `default` | yes | the default features of the client, `comfycontrol`; without it the client has none |

mod api;
mod download;
mod events;
#[doc = include_str!("guide.md")]
pub mod guide {}
mod pagination;
mod workflow;

#[doc(no_inline)]
pub use comfycontrol;

pub use self::api::Api;
pub use self::download::Downloader;
pub use self::events::{Event, Events};
pub use self::pagination::{Items, ListChanged, MissingList, PageTooLarge, Paginator};
pub use self::workflow::{
    Output, WorkflowEnded, WorkflowFailure, WorkflowStatus, WorkflowUpdate, WorkflowUpdates,
};
