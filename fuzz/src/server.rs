/// A limit as a server keeps it.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The most requests in one window.
    pub limit: u64,
    /// The length of a window, in nanoseconds.
    pub window: u64,
    /// Whether the server counts what a window holds, and nothing else; otherwise it may also weigh
    /// the window before, in windows at any phase.
    pub sliding: bool,
}

/// Each request a server has been sent, with the time after which it cannot count it any more.
///
/// All times are nanoseconds since one fixed instant.
#[derive(Clone, Debug, Default)]
pub struct Server {
    sent: Vec<Option<u64>>,
}

impl Server {
    /// A request leaves; the server may count it at any moment from now on.
    pub fn send(&mut self) -> usize {
        self.sent.push(None);
        self.sent.len() - 1
    }

    /// The server cannot count that request after `at`; of two such times the earlier rules.
    pub fn is_done(&mut self, request: usize, at: u64) {
        let known = self.sent[request].unwrap_or(at);
        self.sent[request] = Some(known.min(at));
    }

    /// Whether the server accepts all requests and `more`, whenever it has counted each of them.
    pub fn accepts(&self, rule: Rule, now: u64, more: u64) -> bool {
        let Rule { limit, window, .. } = rule;
        let (n, w) = (u128::from(limit), u128::from(window));
        // How many it may have counted in the last `x`.
        let counted = |x: u64| {
            let recent = |end: &&Option<u64>| end.is_none_or(|end| now.saturating_sub(end) <= x);
            u128::from(more) + self.sent.iter().filter(recent).count() as u128
        };
        if rule.sliding {
            return counted(window) <= n;
        }
        let estimate = |e: u64| {
            let (near, far) = (counted(e), counted(e + window));
            u128::from(e) * near + (w - u128::from(e)) * far
        };
        let ages = self
            .sent
            .iter()
            .flatten()
            .map(|end| now.saturating_sub(*end));
        let jumps = ages.flat_map(|age| [Some(age), age.checked_sub(window)]);
        let phases = jumps.flatten().chain([0, window]);
        phases
            .filter(|e| *e <= window)
            .all(|e| estimate(e) <= n * w)
    }
}
