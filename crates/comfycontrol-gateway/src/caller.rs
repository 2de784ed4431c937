//! Whose call it is: who has turns of its own in the queue.

use std::fmt;
use std::net::IpAddr;

use comfycontrol::priority::Key;
use http::request::Parts;
use http::{HeaderName, StatusCode};

use crate::keys::CallerKeys;
use crate::pages;
use crate::refusal::Refusal;

/// A request extension: who is at the other end of the connection. The gateway's own server sets
/// it.
///
/// ```
/// use comfycontrol_gateway::Peer;
///
/// assert_eq!(Peer::User(1000).to_string(), "user 1000");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Peer {
    /// A program at this address.
    Address(IpAddr),
    /// A program of the user with this number, over a Unix socket.
    User(u32),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::User(number) => write!(f, "user {number}"),
        }
    }
}

/// How callers are told apart.
#[derive(Debug)]
pub(crate) struct Callers {
    pub(crate) keys: Option<CallerKeys>,
    pub(crate) header: HeaderName,
}

impl Callers {
    /// Whose call it is: by its key where there are keys, else by its header, else by its
    /// connection.
    pub(crate) async fn identify(&self, head: &Parts) -> Result<Option<Key>, Refusal> {
        if let Some(keys) = &self.keys {
            // Nothing there is sent to the API.
            let may_ask = pages::are_at(head.uri.path());
            return keys.caller(&head.headers, may_ask).await.map(Some);
        }
        let Some(value) = head.headers.get(&self.header) else {
            return Ok(head
                .extensions
                .get()
                .map(|peer: &Peer| Key::from(peer.to_string())));
        };
        match value.to_str() {
            Ok(name) if (1..=64).contains(&name.len()) => Ok(Some(Key::from(name))),
            _ => Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                format!("{} wants 1 to 64 visible characters", self.header),
            )),
        }
    }
}
