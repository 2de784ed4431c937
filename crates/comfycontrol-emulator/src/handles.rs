//! What a test holds while the emulator runs.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::shared::Shared;
use crate::{FaultRule, Limit, Refusal, Stats, TokenInfo, Tokens, clock};

/// A handle to the edge of a running emulator. Clones are the same edge.
#[derive(Clone, Debug)]
pub struct EdgeHandle {
    shared: Arc<Shared>,
}

impl EdgeHandle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// What the edge has decided so far, every request that has arrived included.
    pub fn stats(&self) -> Stats {
        self.shared.now().edge.stats()
    }

    /// Requests that arrived.
    pub fn requests(&self) -> u64 {
        self.stats().requests()
    }

    /// Requests answered with 429 by the limit.
    pub fn refused(&self) -> u64 {
        self.stats().refused()
    }

    /// The highest estimate a decision was made on, in 1/1000 of a request; see [`Stats::worst`].
    pub fn worst(&self) -> u64 {
        self.stats().worst()
    }

    /// Replaces the limit, or switches it off; see [`Edge::set_limit`](crate::Edge::set_limit).
    pub fn set_limit(&self, limit: impl Into<Option<Limit>>) {
        self.shared.now().edge.set_limit(limit);
    }

    /// Changes the form of the 429s.
    pub fn set_refusal(&self, refusal: Refusal) {
        self.shared.now().refusal = refusal;
    }

    /// The emulator's time of day.
    pub fn wall(&self) -> SystemTime {
        let now = clock::now();
        self.shared.at(now).edge.wall(now)
    }

    /// Sets the emulator's time of day, forward or back; the limit does not notice.
    pub fn set_wall(&self, wall: SystemTime) {
        let now = clock::now();
        self.shared.at(now).edge.set_wall(now, wall);
    }
}

/// The account's tokens: the emulator's dashboard. Clones are the same account.
///
/// There is no way to make a token by HTTP, as there is none in the API. An emulator made
/// [`without_api`](crate::EmulatorBuilder::without_api) asks for no token and keeps none.
#[derive(Clone, Debug)]
pub struct TokenStore {
    shared: Arc<Shared>,
}

impl TokenStore {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Makes a token, shown here and never again; it expires `expires_in` from now, if at all.
    #[must_use = "the token is shown only once"]
    pub fn create(&self, name: &str, expires_in: Option<Duration>) -> String {
        let now = clock::now();
        let mut state = self.shared.at(now);
        let expires = expires_in.and_then(|wait| state.edge.wall(now).checked_add(wait));
        match state.edge.tokens_mut() {
            Some(tokens) => tokens.create(name, expires),
            None => Tokens::new().create(name, expires),
        }
    }

    /// Accepts a token of the caller's choice from now on.
    pub fn insert(&self, name: &str, plain: &str, expires_in: Option<Duration>) {
        let now = clock::now();
        let mut state = self.shared.at(now);
        let expires = expires_in.and_then(|wait| state.edge.wall(now).checked_add(wait));
        if let Some(tokens) = state.edge.tokens_mut() {
            tokens.insert(name, plain, expires);
        }
    }

    /// Refuses the tokens of this name from now on; returns whether there was one.
    pub fn revoke(&self, name: &str) -> bool {
        let mut state = self.shared.now();
        state
            .edge
            .tokens_mut()
            .is_some_and(|tokens| tokens.revoke(name))
    }

    /// When a request was last admitted with the token of this name.
    pub fn last_used(&self, name: &str) -> Option<SystemTime> {
        self.find(name)?.last_used()
    }

    /// What is known of the token of this name.
    pub fn find(&self, name: &str) -> Option<TokenInfo> {
        let state = self.shared.now();
        state.edge.tokens()?.find(name).cloned()
    }
}

/// The faults of a running emulator. Clones are the same.
#[derive(Clone, Debug)]
pub struct FaultHandle {
    shared: Arc<Shared>,
}

impl FaultHandle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Adds a rule, to be asked after those that are there.
    pub fn add(&self, rule: FaultRule) {
        self.shared.now().faults.add(rule);
    }

    /// Ends all rules.
    pub fn clear(&self) {
        self.shared.now().faults.clear();
    }
}
