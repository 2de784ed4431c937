//! Whatever comes, the plan does what anybody would write down.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Event {
    Call,
    Leave(usize),
    Opened(usize, bool),
    Failed(usize),
    Released(usize),
    Limited(usize, usize),
    Stalled(usize, bool),
    Closed(usize),
    Expire(usize, u64),
    Later(u64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let n = 0..8_usize;
    let event = prop_oneof![
        6 => Just(Event::Call),
        2 => n.clone().prop_map(Event::Leave),
        3 => (n.clone(), any::<bool>()).prop_map(|(n, h2)| Event::Opened(n, h2)),
        1 => n.clone().prop_map(Event::Failed),
        4 => n.clone().prop_map(Event::Released),
        1 => (n.clone(), 0..4_usize).prop_map(|(n, limit)| Event::Limited(n, limit)),
        1 => (n.clone(), any::<bool>()).prop_map(|(n, s)| Event::Stalled(n, s)),
        1 => n.clone().prop_map(Event::Closed),
        1 => (n, 0..100_u64).prop_map(|(n, s)| Event::Expire(n, s)),
        1 => (0..2_000_u64).prop_map(Event::Later),
    ];
    proptest::collection::vec(event, 0..120)
}

/// What anybody would write down of the same: who waits, who has what.
#[derive(Default)]
struct Book {
    waiting: Vec<CallId>,
    connecting: Vec<ConnectionId>,
    /// Calls that have it, and the protocol.
    open: HashMap<ConnectionId, (usize, Protocol)>,
    stalled: HashSet<ConnectionId>,
    limits: HashMap<ConnectionId, usize>,
    /// What the server has said the last time, unless that was none.
    limit: Option<usize>,
    /// When somebody looks again.
    wakes: Vec<Instant>,
}

impl Book {
    fn follow(&mut self, steps: Steps) {
        for step in steps {
            match step {
                Step::Grant {
                    call, connection, ..
                } => {
                    assert_eq!(self.waiting.remove(0), call, "in the order of arrival");
                    self.occupy(connection);
                }
                Step::Fail(call) => {
                    let at = self.waiting.iter().position(|waiting| *waiting == call);
                    self.waiting.remove(at.expect("it waits"));
                }
                Step::Connect(id) => self.connecting.push(id),
                Step::Wake(at) => {
                    assert!(!self.open.is_empty() || !self.connecting.is_empty());
                    self.wakes.push(at);
                }
                Step::Close(id) => {
                    self.open.remove(&id).expect("it is open");
                }
            }
        }
        let all = self.connecting.len() + self.open.len();
        assert!(all <= LIMITS.connections, "{all} connections");
    }

    fn occupy(&mut self, id: ConnectionId) {
        let (calls, protocol) = self.open.get_mut(&id).expect("it is open");
        *calls += 1;
        let limit = match protocol {
            Protocol::Http1 => 1,
            Protocol::Http2 => *self.limits.get(&id).unwrap_or(&100),
        };
        assert!(*calls <= limit, "{calls} calls of {limit}");
    }

    /// No call waits that could be served, or for which nothing is done.
    fn check(&self, now: Instant) {
        if self.waiting.is_empty() {
            return;
        }
        let has_room = |(id, (calls, protocol)): (&ConnectionId, &(usize, Protocol))| match protocol
        {
            Protocol::Http1 => *calls == 0,
            Protocol::Http2 => {
                *calls < *self.limits.get(id).unwrap_or(&100) && !self.stalled.contains(id)
            }
        };
        assert!(!self.open.iter().any(has_room), "somebody waits in vain");
        if self.connecting.is_empty() && !self.wakes.iter().any(|at| *at > now) {
            let is_served = |(id, (calls, _)): (&ConnectionId, &(usize, Protocol))| {
                *calls > 0 || self.limits.get(id) == Some(&0)
            };
            assert!(self.open.iter().all(is_served), "nothing is done");
        }
        assert!(
            !self.open.is_empty() || !self.connecting.is_empty(),
            "nothing is done"
        );
    }

    fn nth(&self, n: usize) -> Option<ConnectionId> {
        let mut open: Vec<_> = self.open.keys().copied().collect();
        open.sort_by_key(|id| id.0);
        (!open.is_empty()).then(|| open[n % open.len()])
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_every_call_is_served_in_turn_and_nothing_is_left(events in events()) {
        let mut plan = Plan::new(LIMITS);
        let mut book = Book::default();
        let mut now = start();
        for event in events {
            let pick = |n: usize| {
                (!book.connecting.is_empty()).then(|| n % book.connecting.len())
            };
            match event {
                Event::Call => match plan.take(now) {
                    Some(id) => {
                        prop_assert!(book.waiting.is_empty());
                        book.occupy(id);
                    }
                    None => {
                        let (call, steps) = plan.wait(now);
                        book.waiting.push(call);
                        book.follow(steps);
                    }
                },
                Event::Leave(n) if !book.waiting.is_empty() => {
                    let n = n % book.waiting.len();
                    plan.leave(book.waiting.remove(n));
                }
                Event::Opened(n, h2) => if let Some(n) = pick(n) {
                    let id = book.connecting.remove(n);
                    let protocol = if h2 { Protocol::Http2 } else { Protocol::Http1 };
                    book.open.insert(id, (0, protocol));
                    if let (Protocol::Http2, Some(limit)) = (protocol, book.limit) {
                        book.limits.insert(id, limit);
                    }
                    book.follow(plan.opened(id, protocol, now));
                },
                Event::Failed(n) => if let Some(n) = pick(n) {
                    let id = book.connecting.remove(n);
                    book.follow(plan.failed(id, now));
                },
                Event::Released(n) => if let Some(id) = book.nth(n) {
                    let calls = &mut book.open.get_mut(&id).unwrap().0;
                    if *calls > 0 {
                        *calls -= 1;
                        book.follow(plan.released(id, now));
                    }
                },
                Event::Limited(n, limit) => if let Some(id) = book.nth(n)
                    && book.open[&id].1 == Protocol::Http2
                {
                    book.limits.insert(id, limit);
                    book.limit = Some(limit).filter(|limit| *limit > 0);
                    book.follow(plan.limited(id, limit, now));
                },
                Event::Stalled(n, stalled) => if let Some(id) = book.nth(n)
                    && book.open[&id].1 == Protocol::Http2
                {
                    if stalled { book.stalled.insert(id); } else { book.stalled.remove(&id); }
                    book.follow(plan.stalled(id, stalled, now));
                },
                Event::Closed(n) => if let Some(id) = book.nth(n) {
                    book.follow(plan.closed(id, now));
                },
                Event::Expire(n, seconds) => if let Some(id) = book.nth(n) {
                    now += Duration::from_secs(seconds);
                    let is_used = book.open[&id].0 > 0;
                    let (next, steps) = plan.expire(id, now);
                    prop_assert!(next.is_none_or(|next| next > now));
                    prop_assert!(!(is_used && next.is_none()), "ended with calls on it");
                    book.follow(steps);
                },
                Event::Later(ms) => now += Duration::from_millis(ms),
                Event::Leave(_) => {}
            }
            while let Some(at) = book.wakes.iter().position(|at| *at <= now) {
                book.wakes.remove(at);
                book.follow(plan.resume(now));
            }
            book.check(now);
        }
        // All goes away.
        while let Some(id) = book.connecting.pop() {
            book.follow(plan.failed(id, now));
            while let Some(id) = book.nth(0) {
                book.follow(plan.closed(id, now));
            }
        }
        while let Some(id) = book.nth(0) {
            book.follow(plan.closed(id, now));
            while let Some(id) = book.connecting.pop() {
                book.follow(plan.failed(id, now));
            }
        }
        prop_assert!(book.waiting.is_empty() && plan.is_empty());
    }
}
