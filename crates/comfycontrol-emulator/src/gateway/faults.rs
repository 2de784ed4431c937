//! Faults injected into the traffic that the limit lets through.
//!
//! A request takes the faults of at most one rule: the first that applies, in the order in
//! which the rules were added. It has been counted by then, like a request whose response is
//! lost on a real network. A 429 is never tampered with.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::request::Parts;

use super::fault::Fault;
use crate::Ending;
use crate::random::happens;

/// Injects a [`Fault`] into the next requests, or into requests at random.
///
/// ```
/// use comfycontrol_emulator::{Fault, FaultRule};
///
/// let rule = FaultRule::next(2, Fault::Reset).path("/v1/runner");
/// assert_eq!(rule.remaining(), Some(2));
/// ```
///
/// Several faults can hit one request, each after the one before. Here a throttled response has a
/// head of 100 KB:
///
/// ```
/// use comfycontrol_emulator::{Fault, FaultRule, Shape, Throttled};
///
/// let throttled = Fault::Respond(Shape::Throttled(Throttled::json()));
/// let heavy = Fault::Head { bytes: 100_000, fields: 20 };
/// let rule = FaultRule::next(1, throttled).and(heavy);
/// # drop(rule);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct FaultRule {
    faults: Vec<Fault>,
    when: When,
    method: Option<Method>,
    path: String,
    path_end: String,
    of_storage: bool,
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

    /// Injects this fault too into the same requests.
    ///
    /// Each fault applies to what the ones before have left of the response:
    /// [`Encode`](Fault::Encode) and then [`Truncate`](Fault::Truncate) is the first half of a
    /// coded body, the other way round half of a body, coded.
    pub fn and(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Applies the rule only to this method.
    pub fn method(self, method: Method) -> Self {
        Self {
            method: Some(method),
            ..self
        }
    }

    /// Applies the rule only to paths that begin with `prefix`.
    pub fn path(self, prefix: impl Into<String>) -> Self {
        Self {
            path: prefix.into(),
            ..self
        }
    }

    /// Applies the rule only to paths that end with `suffix`, such as `/subscribe`.
    pub fn path_end(self, suffix: impl Into<String>) -> Self {
        Self {
            path_end: suffix.into(),
            ..self
        }
    }

    /// Applies the rule to the storage of outputs, not to the API.
    pub fn storage(self) -> Self {
        Self {
            of_storage: true,
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
            faults: vec![fault],
            when,
            method: None,
            path: String::new(),
            path_end: String::new(),
            of_storage: false,
        }
    }

    fn befalls(&mut self, target: Target, head: &Parts) -> bool {
        let path = head.uri.path();
        if self.of_storage != (target == Target::Storage)
            || self
                .method
                .as_ref()
                .is_some_and(|method| *method != head.method)
            || !path.starts_with(&self.path)
            || !path.ends_with(&self.path_end)
        {
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

    /// The faults that hit the next request to this target.
    pub(crate) fn strike(&mut self, target: Target, head: &Parts) -> Strike {
        let mut rules = self.0.iter_mut();
        let faults =
            rules.find_map(|rule| rule.befalls(target, head).then(|| rule.faults[..].into()));
        self.0.retain(|rule| rule.remaining() != Some(0));
        faults.unwrap_or_default()
    }
}

/// What responds: the API behind its edge, or the storage of outputs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    Api,
    Storage,
}

/// All faults that hit one request, in order.
pub(crate) type Strike = Arc<[Fault]>;

/// How the response is lost to what the API does, and how much later it does that, if it is.
pub(crate) fn lost(strike: &Strike) -> Option<(Duration, Ending)> {
    strike.iter().find_map(|fault| match fault {
        Fault::LoseResponse { after, ending } => Some((*after, *ending)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn the_next_k_are_k_and_other_paths_pass_by() {
        let mut faults = Faults::default();
        faults.add(FaultRule::next(2, Fault::Reset).path("/v1/user"));
        faults.add(FaultRule::next(1, Fault::Stall));
        let struck = ["/v1/user", "/v1/runner", "/v1/user", "/v1/user"]
            .map(|path| strike(&mut faults, Target::Api, "GET", path));
        let expected = [&[Fault::Reset][..], &[Fault::Stall], &[Fault::Reset], &[]];
        assert_eq!(struck, expected);
    }

    #[test]
    fn a_rule_is_held_to_its_method_its_path_and_its_target() {
        let mut faults = Faults::default();
        faults.add(FaultRule::next(9, Fault::Stall).storage());
        faults.add(FaultRule::next(9, Fault::Reset).method(Method::POST));
        let subscribe = FaultRule::next(9, Fault::GoAway).path("/v1/workflow/");
        faults.add(subscribe.path_end("/subscribe").and(Fault::Truncate));
        let mut api = |method, path| strike(&mut faults, Target::Api, method, path);
        assert_eq!(api("POST", "/v1/runner"), [Fault::Reset]);
        let both = [Fault::GoAway, Fault::Truncate];
        assert_eq!(api("GET", "/v1/workflow/1/subscribe"), both);
        assert_eq!(api("GET", "/v1/workflow/1"), []);
        assert_eq!(
            strike(&mut faults, Target::Storage, "GET", "/"),
            [Fault::Stall]
        );
    }

    #[test]
    fn a_chance_is_kept_and_repeatable() {
        let strikes = |seed| {
            let mut faults = Faults::new(vec![FaultRule::chance(0.25, seed, Fault::Reset)]);
            (0..4000)
                .map(|_| !strike(&mut faults, Target::Api, "GET", "/").is_empty())
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
            assert_eq!(strike(&mut never, Target::Api, "GET", "/"), []);
            assert_eq!(strike(&mut always, Target::Api, "GET", "/"), [Fault::Reset]);
        }
    }

    fn strike(faults: &mut Faults, target: Target, method: &str, path: &str) -> Vec<Fault> {
        let request = Request::builder().method(method).uri(path);
        let (head, ()) = request.body(()).unwrap().into_parts();
        faults.strike(target, &head).to_vec()
    }
}
