//! A limiter, its callers, and what is known of them.

use std::task::Poll;
use std::time::Duration;

use comfycontrol_fuzz::{Gate, Server};
use comfycontrol_rate_limit::{Acquire, InFlight, Limiter, Permit, RejectedReason};
use http::StatusCode;
use http::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use tokio::time::Instant;
use tokio_test::task;

use crate::settings::{MARGIN, MAX_COOLDOWN, SECOND, Settings, kept};

pub(crate) struct Waiting {
    call: task::Spawn<Acquire>,
    pub(crate) deadline: Option<u64>,
}

pub(crate) struct Held {
    permit: Permit,
    id: usize,
    /// Granted under a quota that has been changed since.
    pub(crate) outdated: bool,
}

pub(crate) struct Sent {
    in_flight: InFlight,
    id: usize,
    pub(crate) request: usize,
}

pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) limiter: Limiter,
    pub(crate) epoch: Instant,
    pub(crate) now: u64,
    pub(crate) server: Server,
    pub(crate) gate: Gate,
    /// Neither refused, nor closed manually, nor changed: then the rule alone decides.
    pub(crate) plain: bool,
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) held: Vec<Held>,
    pub(crate) sent: Vec<Sent>,
    passed: usize,
    pub(crate) refused: u64,
    pub(crate) lost: u64,
}

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        let limiter = settings.limiter();
        Self {
            settings,
            epoch: limiter.snapshot().next_slot().expect("all slots are free"),
            limiter,
            now: 0,
            server: Server::default(),
            gate: Gate::new(settings.cooldown),
            plain: true,
            waiting: Vec::new(),
            held: Vec::new(),
            sent: Vec::new(),
            passed: 0,
            refused: 0,
            lost: 0,
        }
    }

    pub(crate) async fn apply(&mut self, letter: u8, digit: usize) {
        match letter {
            b'a' => self.acquire(None),
            b'c' => drop(take(&mut self.waiting, digit)),
            b'd' => self.dispatch(digit),
            b'g' => self.give_back(digit),
            b'h' => self.hold(digit),
            b'l' => self.lose(digit),
            b'n' => self.set_quota(digit),
            b'o' => self.look(digit),
            b'p' => self.look_all(),
            b'r' => self.settle(digit, None),
            b'R' => self.settle(digit, Some(["0", "7", "60", "999999"][digit % 4])),
            b's' => self.answer(digit),
            b't' => self.pass_time(digit).await,
            b'u' => self.acquire(Some(self.now + SECOND * (digit * digit) as u64)),
            _ => {}
        }
        if !self.settings.lazy {
            self.look_all();
            self.check_deadlines();
        }
    }

    // === callers ===

    pub(crate) fn acquire(&mut self, deadline: Option<u64>) {
        let future = match deadline {
            None => self.limiter.acquire(),
            Some(at) => {
                let until = self.epoch + Duration::from_nanos(at);
                self.limiter.acquire_until(until)
            }
        };
        let longest = self.settings.max_wait.map(|wait| self.now + wait);
        let deadline = [deadline, longest].into_iter().flatten().min();
        let mut waiting = Waiting {
            call: task::spawn(future),
            deadline,
        };

        let free = self.limiter.snapshot().free() > 0;
        let alone = self.waiting.is_empty();
        let held = self.held.len() as u64;
        let accepted = self
            .server
            .accepts(kept(self.settings.rule), self.now, held + 1);
        match waiting.call.poll() {
            Poll::Pending => {
                assert!(!free, "there was a free slot");
                assert!(!(self.plain && alone && accepted), "waits without need");
                self.waiting.push(waiting);
            }
            Poll::Ready(Ok(permit)) => {
                assert!(free || self.settings.lazy, "there was no free slot");
                assert!(accepted, "the server would refuse it");
                assert!(alone || self.settings.lazy, "overtakes those who wait");
                self.pass(permit);
            }
            Poll::Ready(Err(error)) => {
                assert!(!free, "there was a free slot");
                assert!(!(self.plain && alone && accepted), "refused without need");
                self.check_refusal(&error, deadline, alone);
            }
        }
    }

    fn pass(&mut self, permit: Permit) {
        let id = self.passed;
        self.passed += 1;
        self.gate.pass(self.now, id);
        self.held.push(Held {
            permit,
            id,
            outdated: false,
        });
    }

    fn look(&mut self, digit: usize) {
        if let Some(index) = index(self.waiting.len(), digit) {
            self.look_at(index);
        }
    }

    /// Whether the call is over.
    fn look_at(&mut self, index: usize) -> bool {
        let waiting = &mut self.waiting[index];
        let woken = waiting.call.is_woken();
        let Poll::Ready(outcome) = waiting.call.poll() else {
            return false;
        };
        assert!(woken, "done, and nobody was woken");
        let waiting = self.waiting.remove(index);
        match outcome {
            Ok(permit) => self.pass(permit),
            Err(error) => {
                assert_eq!(error.reason(), RejectedReason::DeadlinePassed);
                self.check_refusal(&error, waiting.deadline, false);
            }
        }
        true
    }

    pub(crate) fn is_anybody_woken(&self) -> bool {
        self.waiting.iter().any(|waiting| waiting.call.is_woken())
    }

    pub(crate) fn look_all(&mut self) {
        let mut index = 0;
        while index < self.waiting.len() {
            let granted = self.held.len();
            if !self.look_at(index) {
                index += 1;
            } else if self.held.len() > granted {
                assert!(
                    index == 0 || self.settings.lazy,
                    "overtakes those before it"
                );
            }
        }
    }

    pub(crate) fn give_back(&mut self, digit: usize) {
        if let Some(held) = take(&mut self.held, digit) {
            drop(held.permit);
            self.gate.lose(self.now, held.id);
        }
    }

    // === requests ===

    pub(crate) fn dispatch(&mut self, digit: usize) {
        let Some(held) = take(&mut self.held, digit) else {
            return;
        };
        let in_flight = held.permit.dispatch();
        let request = self.server.send();
        if let Some(transit) = self.settings.max_transit {
            let last = self.now + transit + self.settings.count_lag;
            self.server.is_done(request, last);
        }
        let accepted = self.server.accepts(self.settings.rule, self.now, 0);
        assert!(accepted || held.outdated, "the server refuses it");
        self.sent.push(Sent {
            in_flight,
            id: held.id,
            request,
        });
    }

    pub(crate) fn answer(&mut self, digit: usize) {
        if let Some(sent) = take(&mut self.sent, digit) {
            self.server
                .is_done(sent.request, self.now + self.settings.count_lag);
            sent.in_flight
                .settle_parts(StatusCode::OK, &HeaderMap::new());
            self.gate.answer(self.now);
        }
    }

    fn settle(&mut self, digit: usize, retry_after: Option<&'static str>) {
        let Some(sent) = take(&mut self.sent, digit) else {
            return;
        };
        let mut headers = HeaderMap::new();
        let mut asked = 0;
        if let Some(text) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
            asked = SECOND * text.parse::<u64>().expect("it is a number");
        }
        self.server
            .is_done(sent.request, self.now + self.settings.count_lag);
        sent.in_flight
            .settle_parts(StatusCode::TOO_MANY_REQUESTS, &headers);
        let pause = asked.min(MAX_COOLDOWN).max(self.settings.cooldown) + MARGIN;
        self.gate.refuse(self.now + pause);
        self.plain = false;
        self.refused += 1;
    }

    pub(crate) fn lose(&mut self, digit: usize) {
        if let Some(sent) = take(&mut self.sent, digit) {
            let last = self.now + self.settings.linger + self.settings.count_lag;
            self.server.is_done(sent.request, last);
            drop(sent.in_flight);
            self.gate.lose(self.now, sent.id);
            self.lost += 1;
        }
    }
}

fn index(len: usize, digit: usize) -> Option<usize> {
    (len > 0).then(|| digit % len)
}

fn take<T>(list: &mut Vec<T>, digit: usize) -> Option<T> {
    index(list.len(), digit).map(|index| list.remove(index))
}

/// Timers ring up to a millisecond late.
pub(crate) const LATE: u64 = 2_000_000;
