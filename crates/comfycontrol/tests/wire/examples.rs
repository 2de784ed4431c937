//! Each response that is documented or has been seen, and what a caller is to learn from it.

mod api;
mod edge;
mod odd_bodies;
mod too_many_requests;

use comfycontrol::api_error::ApiErrorKind as Kind;
use comfycontrol::api_error::RetryClass as Class;
use comfycontrol::api_error::ServedBy;
use comfycontrol_emulator::{Garbage, Shape};

pub(crate) struct Example {
    pub(crate) name: &'static str,
    pub(crate) response: Response,
    pub(crate) status: u16,
    pub(crate) kind: Kind,
    pub(crate) class: Class,
    pub(crate) served_by: ServedBy,
    /// What the server asks to wait, in seconds.
    pub(crate) wait: Option<u64>,
    pub(crate) content_type: Option<&'static str>,
    /// How the message begins.
    pub(crate) says: &'static str,
}

pub(crate) enum Response {
    /// The emulator's.
    Shape(Shape),
    /// The emulator's, to a request with this `accept`.
    Asked(&'static str, Shape),
    /// Header fields and a body, byte for byte.
    Raw(&'static [(&'static str, &'static str)], &'static str),
}

type Meaning = (u16, Kind, Class, ServedBy);

impl Example {
    fn new(
        name: &'static str,
        response: Response,
        (status, kind, class, served_by): Meaning,
        content_type: &'static str,
        says: &'static str,
    ) -> Self {
        Self {
            name,
            response,
            status,
            kind,
            class,
            served_by,
            wait: None,
            content_type: Some(content_type).filter(|kind| !kind.is_empty()),
            says,
        }
    }

    fn wait(self, seconds: u64) -> Self {
        Self {
            wait: Some(seconds),
            ..self
        }
    }

    pub(crate) fn is_larger_than_the_cap(&self) -> bool {
        matches!(
            self.response,
            Response::Shape(Shape::Garbage(
                Garbage::GzipBomb | Garbage::Huge | Garbage::Nested
            ))
        )
    }
}

pub(crate) fn all() -> Vec<Example> {
    [
        api::examples(),
        too_many_requests::examples(),
        edge::examples(),
        edge::structured(),
        odd_bodies::examples(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const UNKNOWN: Class = Class::MaybeApplied;
const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
const TEXT: &str = "text/plain; charset=UTF-8";
const HTML: &str = "text/html; charset=UTF-8";
const TYPED_JSON: &[(&str, &str)] = &[("content-type", JSON)];
const TYPED_TEXT: &[(&str, &str)] = &[("content-type", TEXT)];
