//! What two or more of the ComfyControl crates need: pure functions and types, no I/O, and no state
//! but which secrets are known in this process.
//!
//! * [`retry_after`] reads how long a response asks its client to wait, at most
//!   [`MAX_RETRY_AFTER`]; [`delay_seconds`] the same in a body; [`sent_at`] when it was sent.
//! * [`Escaped`] shows text from elsewhere without tokens and without control characters.
//! * [`KnownSecret`] is a secret that is masked in all text shown so; [`mask_secrets`] and
//!   [`clean_error`] mask it, and tokens, in texts and errors that are fit to be shown otherwise.
//! * [`bare_url`] leaves out of a URL what may be a secret: user, query and fragment.
//! * [`Deadline`] is the instant, in the extensions of a request, by which its call must end.
//! * [`AwaitedAttempts`] tells a slow server from a body that waits for its next attempt.
//! * [`HostKind`] tells the hosts that are written as this machine from all others.
//! * [`InternalHosts`] says which hosts of this machine and its network may be reached.
//! * `path_segments` builds a path in which an id is one segment, and `check_path` refuses steps:
//!   `InvalidPath`. `encoded_url` encodes what the URL Standard encodes.
//! * [`hex_digits`] writes the bytes of a digest or a key.
//! * [`Report`] prints an error and all of its causes on one line.
//! * [`TryClone`] is a request body that can be cloned for a second attempt.
//! * [`BoxError`] is any error.
//!
//! # Example
//!
//! ```
//! use comfycontrol_core::{Escaped, retry_after};
//! use http::{HeaderMap, header::RETRY_AFTER};
//! use std::time::Duration;
//!
//! let mut headers = HeaderMap::new();
//! headers.insert(RETRY_AFTER, "10".parse()?);
//! assert_eq!(retry_after(&headers), Some(Duration::from_secs(10)));
//!
//! let message = "too many requests by cfc_abc123\r\n";
//! assert_eq!(Escaped::new(message, 80).to_string(), "too many requests by cfc_***");
//! # Ok::<_, http::header::InvalidHeaderValue>(())
//! ```
//!
//! # Features
//!
//! | name | default | what it does |
//! |---|---|---|
//! | `http-body-util` | no | [`TryClone`] for the bodies `Empty` and `Full` |
//! | `percent-encoding` | no | `encoded_url`, which encodes in a URL what the URL Standard encodes; `path_segments` and `check_path` |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod awaited_attempts;
mod bare_url;
mod cleaned;
mod deadline;
#[cfg(feature = "percent-encoding")]
mod encoded_url;
mod escaped;
mod hex;
mod host_kind;
mod internal_address;
mod known_secret;
mod letters;
#[cfg(feature = "percent-encoding")]
mod path;
mod report;
mod retry_after;
mod try_clone;

pub use self::awaited_attempts::AwaitedAttempts;
pub use self::bare_url::bare_url;
pub use self::cleaned::{clean_error, mask_secrets};
pub use self::deadline::Deadline;
#[cfg(feature = "percent-encoding")]
#[cfg_attr(docsrs, doc(cfg(feature = "percent-encoding")))]
pub use self::encoded_url::encoded_url;
pub use self::escaped::Escaped;
pub use self::hex::hex_digits;
pub use self::host_kind::HostKind;
pub use self::internal_address::InternalHosts;
pub use self::known_secret::KnownSecret;
#[cfg(feature = "percent-encoding")]
#[cfg_attr(docsrs, doc(cfg(feature = "percent-encoding")))]
pub use self::path::{InvalidPath, check_path, path_segments};
pub use self::report::Report;
pub use self::retry_after::{MAX_RETRY_AFTER, delay_seconds, retry_after, sent_at};
pub use self::try_clone::TryClone;

/// Any error that can be sent to another thread.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
