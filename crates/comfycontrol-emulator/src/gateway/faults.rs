//! Faults injected into the traffic that the limit lets through.
//!
//! A request takes at most one fault: that of the first rule that applies, in the order in
//! which the rules were added. It has been counted by then, like a request whose response is
//! lost on a real network. A 429 is never tampered with.

use std::time::Duration;

use crate::Shape;
use crate::random::happens;

/// What goes wrong with a request or its response.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The response comes so much later.
    Delay(Duration),
    /// The connection is reset before the head of the response.
    Reset,
    /// The connection is reset after half of the body, or the first event.
    ResetInBody,
    /// This response comes instead of the API's, which never sees the request.
    Respond(Shape),
    /// Nothing more comes after half of the body, or the first event.
    Stall,
    /// The body ends, properly framed, after its half or its first event.
    Truncate,
    /// The response calls itself `text/html`.
    WrongContentType,
}

/// Injects a [`Fault`] into the next requests, or into requests at random.
///
/// ```
/// use comfycontrol_emulator::{Fault, FaultRule};
///
/// let rule = FaultRule::next(2, Fault::Reset).path("/v1/runner");
/// assert_eq!(rule.remaining(), Some(2));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct FaultRule {
    fault: Fault,
    when: When,
    path: String,
}

#[derive(Clone, Debug)]
enum When {
    Chance {
        probability: f64,
        seed: u64,
        serial: u64,
    },
    Next(u32),
}

impl FaultRule {
    /// Injects the fault into the next `requests` requests.
    pub fn next(requests: u32, fault: Fault) -> Self {
        Self::new(fault, When::Next(requests))
    }

    /// Injects the fault into each request with this probability, between 0 and 1; into
    /// the same requests for the same `seed`.
    pub fn chance(probability: f64, seed: u64, fault: Fault) -> Self {
        let when = When::Chance {
            probability,
            seed,
            serial: 0,
        };
        Self::new(fault, when)
    }

    /// Applies the rule only to paths that begin with `prefix`.
    pub fn path(self, prefix: impl Into<String>) -> Self {
        Self {
            path: prefix.into(),
            ..self
        }
    }

    /// How many requests will still have the fault; none for a chance.
    pub fn remaining(&self) -> Option<u32> {
        match self.when {
            When::Next(requests) => Some(requests),
            When::Chance { .. } => None,
        }
    }

    fn new(fault: Fault, when: When) -> Self {
        Self {
            fault,
            when,
            path: String::new(),
        }
    }

    fn befalls(&mut self, path: &str) -> bool {
        if !path.starts_with(&self.path) {
            return false;
        }
        match &mut self.when {
            When::Next(requests) => {
                let befalls = *requests > 0;
                *requests = requests.saturating_sub(1);
                befalls
            }
            When::Chance {
                probability,
                seed,
                serial,
            } => {
                *serial += 1;
                happens(*probability, *seed, *serial)
            }
        }
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<FaultRule>);

impl Faults {
    pub(crate) fn new(rules: Vec<FaultRule>) -> Self {
        Self(rules)
    }

    pub(crate) fn add(&mut self, rule: FaultRule) {
        self.0.push(rule);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault that befalls the next request, to this path.
    pub(crate) fn strike(&mut self, path: &str) -> Option<Fault> {
        let rule = self
            .0
            .iter_mut()
            .find_map(|rule| rule.befalls(path).then(|| rule.fault.clone()));
        self.0.retain(|rule| rule.remaining() != Some(0));
        rule
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_k_are_k_and_other_paths_pass_by() {
        let mut faults = Faults::default();
        faults.add(FaultRule::next(2, Fault::Reset).path("/v1/user"));
        faults.add(FaultRule::next(1, Fault::Stall));
        let struck: Vec<_> = ["/v1/user", "/v1/runner", "/v1/user", "/v1/user"]
            .map(|path| faults.strike(path))
            .into();
        let expected = [
            Some(Fault::Reset),
            Some(Fault::Stall),
            Some(Fault::Reset),
            None,
        ];
        assert_eq!(struck, expected);
    }

    #[test]
    fn a_chance_is_kept_and_repeatable() {
        let strikes = |seed| {
            let mut faults = Faults::new(vec![FaultRule::chance(0.25, seed, Fault::Reset)]);
            (0..4000)
                .map(|_| faults.strike("/").is_some())
                .collect::<Vec<_>>()
        };
        let hits = strikes(7).into_iter().filter(|hit| *hit).count();
        assert!((900..1100).contains(&hits), "{hits}");
        assert_eq!(strikes(7), strikes(7));
        assert_ne!(strikes(7), strikes(8));
    }

    #[test]
    fn probability_zero_is_never_and_one_is_always() {
        let mut never = Faults::new(vec![FaultRule::chance(0.0, 1, Fault::Reset)]);
        let mut always = Faults::new(vec![FaultRule::chance(1.0, 1, Fault::Reset)]);
        for _ in 0..1000 {
            assert_eq!(never.strike("/"), None);
            assert_eq!(always.strike("/"), Some(Fault::Reset));
        }
    }
}
