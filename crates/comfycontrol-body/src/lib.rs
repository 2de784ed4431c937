//! Request bodies that can be sent again, and forms made of them.
//!
//! A retry needs the body once more. A [`Body`] made of bytes, of a file or by a factory can be
//! sent twice without being copied; one made of a stream cannot, and says so. A body keeps to the
//! length it announces, or fails. [`Multipart`] forms stream their files and can be sent again as
//! well.
//!
//! Bodies are `http_body::Body`, and go into a request of any client.
//!
//! ```
//! use comfycontrol_body::{Body, Multipart, Part};
//! use http::{Request, header::CONTENT_TYPE};
//!
//! let form = Multipart::new()
//!     .text("name", "Sunset")
//!     .part("workflow_json", Part::bytes("{}").file_name("graph.json"));
//! let request: Request<Body> = Request::post("https://api.comfycontrol.app/v1/workflow")
//!     .header(CONTENT_TYPE, form.content_type())
//!     .body(form.into_body())?;
//!
//! // For a second attempt.
//! assert!(request.body().try_clone().is_some());
//! # Ok::<_, http::Error>(())
//! ```
//!
//! # Features
//!
//! | name | default | what it does |
//! |---|---|---|
//! | `fs` | yes | bodies and parts streamed from files |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod multipart;

pub use self::body::Body;
pub use self::multipart::{Multipart, Part};
