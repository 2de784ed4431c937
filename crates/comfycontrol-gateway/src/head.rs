//! What of a head is passed on. Pure: headers in, headers out.

mod hop;
mod request;
mod response;

pub(crate) use self::request::keep_for_api;
pub(crate) use self::response::{describe_anew, has_coding, keep_for_caller};
