//! Every request head the listeners have seen.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method, Uri, Version};

use crate::Listener;

/// The head of a request that a listener has seen, and the connection it came in by.
#[derive(Clone)]
pub struct CapturedRequest {
    connection: Connection,
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
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
    fn new(connection: Connection, head: &Parts) -> Self {
        Self {
            connection,
            method: head.method.clone(),
            uri: head.uri.clone(),
            version: head.version,
            headers: head.headers.clone(),
        }
    }

    /// The method of the request.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The request target: absolute by HTTP/2, path and query by HTTP/1.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The version of HTTP it came by.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The headers of the request, the token included.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The address of the client's end of the connection.
    pub fn peer(&self) -> SocketAddr {
        self.connection.peer
    }

    /// The listener that accepted the connection.
    pub fn listener(&self) -> Listener {
        self.connection.listener
    }

    /// The connection's number, from 0, in the order of acceptance.
    pub fn connection(&self) -> u64 {
        self.connection.serial
    }

    /// The name asked for in the TLS handshake (SNI); none without TLS or for an address.
    pub fn server_name(&self) -> Option<&str> {
        self.connection.server_name.as_deref()
    }

    /// The protocol agreed on in the TLS handshake, such as `h2`.
    pub fn alpn(&self) -> Option<&str> {
        self.connection.alpn.as_deref()
    }
}

impl fmt::Debug for CapturedRequest {
    /// Everything but the value of `authorization`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut headers = self.headers.clone();
        if let http::header::Entry::Occupied(mut entry) = headers.entry(AUTHORIZATION) {
            entry.iter_mut().for_each(|value| value.set_sensitive(true));
        }
        f.debug_struct("CapturedRequest")
            .field("connection", &self.connection)
            .field("method", &self.method)
            .field("uri", &self.uri)
            .field("version", &self.version)
            .field("headers", &headers)
            .finish()
    }
}

/// The last heads, in order; at most so many.
#[derive(Debug)]
pub(crate) struct Capture {
    heads: VecDeque<CapturedRequest>,
    max: usize,
}

impl Capture {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            heads: VecDeque::new(),
            max,
        }
    }

    pub(crate) fn see(&mut self, connection: &Connection, head: &Parts) {
        if self.max == 0 {
            return;
        }
        if self.heads.len() == self.max {
            self.heads.pop_front();
        }
        self.heads
            .push_back(CapturedRequest::new(connection.clone(), head));
    }

    pub(crate) fn heads(&self) -> Vec<CapturedRequest> {
        self.heads.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.heads.clear();
    }
}
