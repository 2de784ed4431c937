//! An edge and the requests that are put to it.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime};

use comfycontrol_emulator::{Edge, Limit};
use comfycontrol_test::now;
use http::request::Parts;
use tokio::time::Instant;

pub(crate) struct Run {
    pub(crate) edge: Edge,
    pub(crate) start: Instant,
}

impl Run {
    pub(crate) fn new(limit: Limit) -> Self {
        let start = now();
        let edge = Edge::without_tokens(limit, start, SystemTime::UNIX_EPOCH);
        Self { edge, start }
    }

    /// Sends requests at one instant; returns how many were throttled.
    pub(crate) fn send(&mut self, requests: usize, at: u64) -> usize {
        let now = self.start + Duration::from_millis(at);
        (0..requests)
            .filter(|_| !self.edge.decide(now, IP, &head(None)).is_admitted())
            .count()
    }
}

pub(crate) fn head(token: Option<&str>) -> Parts {
    let mut request = http::Request::get("/v1/user");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(()).unwrap().into_parts().0
}

pub(crate) const IP: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
