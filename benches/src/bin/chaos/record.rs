//! What a server knows: of the limit, the tokens, and of each call.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::SystemTime;

use comfycontrol_emulator::{Edge, Verdict};
use comfycontrol_test::now;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::call::Call;
use crate::plan::{self, Fault};
use crate::terms;

/// Its state.
pub(crate) struct Record {
    seed: u64,
    edge: Edge,
    /// Every token there ever was, without what all of them begin with.
    tokens: Vec<String>,
    token_file: PathBuf,
    /// How often each call has arrived.
    arrivals: HashMap<Call, u32>,
    /// How often each POST was done.
    done: HashMap<Call, u32>,
    pub(crate) faults: BTreeMap<&'static str, u64>,
    pub(crate) connections: u64,
    pub(crate) most_connections: u64,
}

/// What becomes of a request.
pub(crate) struct Arrival {
    pub(crate) fault: Option<Fault>,
    pub(crate) verdict: Verdict,
}

impl Record {
    pub(crate) fn new(seed: u64, token_file: PathBuf, wall_clock: SystemTime) -> Self {
        let mut record = Self {
            seed,
            edge: Edge::new(terms::limit(), now(), wall_clock),
            tokens: Vec::new(),
            token_file,
            arrivals: HashMap::new(),
            done: HashMap::new(),
            faults: BTreeMap::new(),
            connections: 0,
            most_connections: 0,
        };
        record.rotate();
        record
    }

    /// Decides on a request, in the order of their arrival.
    pub(crate) fn arrive(&mut self, ip: IpAddr, call: Call, head: &Parts) -> Arrival {
        let seen = self.arrivals.entry(call).or_default();
        let fault = plan::fault(self.seed, call, *seen);
        *seen += 1;
        if fault == Some(Fault::Refused) {
            // It was not looked at.
            self.count(Fault::Refused);
            return Arrival {
                fault,
                verdict: Verdict::Admitted,
            };
        }
        let verdict = self.edge.decide(now(), ip, head);
        let fault = fault.filter(|_| verdict.is_admitted());
        if let Some(fault) = fault {
            self.count(fault);
        }
        Arrival { fault, verdict }
    }

    fn count(&mut self, fault: Fault) {
        *self.faults.entry(fault.name()).or_default() += 1;
    }

    /// Does what a call asks for.
    pub(crate) fn execute(&mut self, call: Call) -> u32 {
        let done = self.done.entry(call).or_default();
        *done += 1;
        *done
    }

    pub(crate) fn times_done(&self, call: Call) -> u32 {
        self.done.get(&call).copied().unwrap_or(0)
    }

    /// Makes a token, and has the clients find it. The name of the one before.
    pub(crate) fn rotate(&mut self) -> String {
        let before = self.name();
        self.tokens.push(String::new());
        let name = self.name();
        let tokens = self.edge.tokens_mut().expect("it has tokens");
        let token = tokens.create(&name, None);
        let next = self.token_file.with_extension("next");
        fs::write(&next, &token).expect("a file");
        fs::rename(&next, &self.token_file).expect("a file");
        let secret = token["cfc_FAKE".len()..].to_owned();
        *self.tokens.last_mut().expect("just pushed") = secret;
        before
    }

    pub(crate) fn revoke(&mut self, name: &str) {
        self.edge.tokens_mut().expect("it has tokens").revoke(name);
    }

    pub(crate) fn name(&self) -> String {
        format!("token {}", self.tokens.len())
    }

    /// Whether a text shows a token.
    pub(crate) fn shows_token(&self, text: &[u8]) -> bool {
        let shows = |token: &String| {
            let token = token.as_bytes();
            text.windows(token.len()).any(|part| part == token)
        };
        // Only texts that can: none is short, and there are many.
        text.len() >= 16 && self.tokens.iter().rev().take(50).any(shows)
    }

    /// Whether a head shows a token where it should not.
    pub(crate) fn head_shows_token(&self, head: &Parts) -> bool {
        let fields = head.headers.iter();
        let mut others = fields.filter(|(name, _)| **name != AUTHORIZATION);
        self.shows_token(head.uri.to_string().as_bytes())
            || others.any(|(_, value)| self.shows_token(value.as_bytes()))
            || head.headers.get_all(AUTHORIZATION).iter().count() > 1
    }

    pub(crate) fn requests(&self) -> u64 {
        self.edge.stats().requests()
    }

    pub(crate) fn worst(&self) -> u64 {
        self.edge.stats().worst()
    }
}
