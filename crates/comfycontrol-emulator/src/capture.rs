//! Every request head the listeners have seen.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};

use crate::Listener;

/// The head of a request that a listener has seen, and the connection it came in by.
#[derive(Clone)]
pub struct CapturedRequest(Arc<Captured>);

#[derive(Debug)]
struct Captured {
    connection: Connection,
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    bytes: usize,
}

/// What is known of the connection a request came in by.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) serial: u64,
    pub(crate) listener: Listener,
    pub(crate) peer: SocketAddr,
    pub(crate) server_name: Option<String>,
    pub(crate) alpn: Option<String>,
}

impl CapturedRequest {
    fn new(connection: Connection, head: &Parts, bytes: usize) -> Self {
        // Copied: a clone would keep all that was read together with the head.
        let mut headers = HeaderMap::with_capacity(head.headers.len());
        for (name, value) in &head.headers {
            if let (Ok(name), Ok(mut copy)) = (
                HeaderName::from_bytes(name.as_str().as_bytes()),
                HeaderValue::from_bytes(value.as_bytes()),
            ) {
                copy.set_sensitive(value.is_sensitive());
                headers.append(name, copy);
            }
        }
        Self(Arc::new(Captured {
            connection,
            method: head.method.clone(),
            uri: Uri::try_from(head.uri.to_string()).unwrap_or_default(),
            version: head.version,
            headers,
            bytes,
        }))
    }

    /// The method of the request.
    pub fn method(&self) -> &Method {
        &self.0.method
    }

    /// The request target: absolute by HTTP/2, path and query by HTTP/1.
    pub fn uri(&self) -> &Uri {
        &self.0.uri
    }

    /// The version of HTTP it came by.
    pub fn version(&self) -> Version {
        self.0.version
    }

    /// The headers of the request, the token included.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The address of the client's end of the connection.
    pub fn peer(&self) -> SocketAddr {
        self.0.connection.peer
    }

    /// The listener that accepted the connection.
    pub fn listener(&self) -> Listener {
        self.0.connection.listener
    }

    /// The connection's number, from 0, in the order of acceptance.
    pub fn connection(&self) -> u64 {
        self.0.connection.serial
    }

    /// The name asked for in the TLS handshake (SNI); none without TLS or for an address.
    pub fn server_name(&self) -> Option<&str> {
        self.0.connection.server_name.as_deref()
    }

    /// The protocol agreed on in the TLS handshake, such as `h2`.
    pub fn alpn(&self) -> Option<&str> {
        self.0.connection.alpn.as_deref()
    }
}

impl fmt::Debug for CapturedRequest {
    /// Everything but the value of `authorization`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut headers = self.0.headers.clone();
        if let http::header::Entry::Occupied(mut entry) = headers.entry(AUTHORIZATION) {
            entry.iter_mut().for_each(|value| value.set_sensitive(true));
        }
        f.debug_struct("CapturedRequest")
            .field("connection", &self.0.connection)
            .field("method", &self.0.method)
            .field("uri", &self.0.uri)
            .field("version", &self.0.version)
            .field("headers", &headers)
            .finish()
    }
}

/// The last heads, in order; at most so many, of so many bytes.
#[derive(Debug)]
pub(crate) struct Capture {
    heads: VecDeque<CapturedRequest>,
    bytes: usize,
    max: usize,
    max_bytes: usize,
}

impl Capture {
    pub(crate) fn new(max: usize, max_bytes: usize) -> Self {
        Self {
            heads: VecDeque::new(),
            bytes: 0,
            max,
            max_bytes,
        }
    }

    pub(crate) fn see(&mut self, connection: &Connection, head: &Parts) {
        if self.max == 0 {
            return;
        }
        let bytes = bytes(head);
        while self.heads.len() == self.max || self.bytes + bytes > self.max_bytes {
            let Some(first) = self.heads.pop_front() else {
                // Larger than all that may be kept.
                return;
            };
            self.bytes -= first.0.bytes;
        }
        self.bytes += bytes;
        let head = CapturedRequest::new(connection.clone(), head, bytes);
        self.heads.push_back(head);
    }

    pub(crate) fn heads(&self) -> Vec<CapturedRequest> {
        self.heads.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.heads.clear();
        self.bytes = 0;
    }
}

/// What a captured head takes in memory, at most.
fn bytes(head: &Parts) -> usize {
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len() + FIELD);
    let uri = head
        .uri
        .path_and_query()
        .map_or(0, |uri| uri.as_str().len());
    let authority = head.uri.authority().map_or(0, |name| name.as_str().len());
    headers.sum::<usize>() + uri + authority + HEAD
}

/// A head without fields, the names of its connection included.
const HEAD: usize = 1_024;
/// A field's place in a map that is at worst half empty.
const FIELD: usize = 256;
