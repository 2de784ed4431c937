use std::time::SystemTime;

use proptest::prelude::*;

use super::*;
use crate::InvalidToken;

const TORN: bool = true;
const WHOLE: bool = false;

#[test]
fn without_a_token_the_request_waits_for_the_first_reading() {
    let mut it = Driver::new();
    assert_eq!(it.look(), Advice::Wait);
    it.reads(WHOLE, Ok("a"));
    assert_eq!(it.present(), "a");
    assert!(it.is_quiet());
}

#[test]
fn after_a_failed_first_reading_the_source_rests_for_a_second() {
    let mut it = Driver::new();
    it.reads(WHOLE, Err(()));
    assert_eq!(it.look(), Advice::Nothing);
    it.passes(999);
    assert_eq!(it.look(), Advice::Nothing);
    it.passes(1);
    assert_eq!(it.look(), Advice::Wait);
}

#[test]
fn a_token_that_works_goes_out_while_the_source_is_read_once_a_second() {
    let mut it = Driver::with("a");
    it.passes(999);
    assert!(it.is_quiet());
    it.passes(1);
    assert!(!it.is_quiet());
    assert_eq!(it.look(), Advice::GoAndRead);
    // Whoever comes while it is being read does not read again.
    it.passes(1_500);
    assert_eq!(it.look_while_reading(), Advice::Go);
}

#[test]
fn a_reading_that_took_a_while_does_not_skip_a_turn() {
    let mut it = Driver::with("a");
    it.passes(1_000);
    assert_eq!(it.look(), Advice::GoAndRead);
    it.passes(300);
    it.reads(WHOLE, Ok("a"));
    it.passes(700);
    it.look();
    it.passes(300);
    assert_eq!(it.look(), Advice::GoAndRead);
}

#[test]
fn a_slow_source_is_read_once_a_minute_of_use() {
    let mut it = Driver::new();
    it.interval = Duration::from_secs(3_600);
    it.reads(WHOLE, Ok("a"));
    it.passes(59_999);
    assert_eq!(it.look(), Advice::Go);
    it.passes(1);
    assert_eq!(it.look(), Advice::GoAndRead);
}

#[test]
fn a_failed_reading_never_displaces_a_token_that_works() {
    let mut it = Driver::with("a");
    let notices = it.reads(TORN, Err(()));
    assert!(matches!(notices[..], [Notice::Failed(_)]));
    assert_eq!(it.present(), "a");
    assert!(it.cache.error().is_some());
    // The same failure is not told twice.
    assert!(it.reads(TORN, Err(())).is_empty());
    it.reads(TORN, Ok("a"));
    assert!(it.cache.error().is_none());
}

#[test]
fn a_changed_file_is_believed_at_the_second_look() {
    let mut it = Driver::with("old");
    it.reads(TORN, Ok("ne"));
    assert_eq!(it.present(), "old");
    it.reads(TORN, Ok("new"));
    assert_eq!(it.present(), "old");
    it.reads(TORN, Ok("new"));
    assert_eq!(it.present(), "new");
}

#[test]
fn an_error_between_two_looks_makes_the_first_not_count() {
    let mut it = Driver::with("old");
    it.reads(TORN, Ok("ne"));
    it.reads(TORN, Err(()));
    it.reads(TORN, Ok("ne"));
    assert_eq!(it.present(), "old");
}

#[test]
fn a_source_that_cannot_be_torn_is_believed_at_once() {
    let mut it = Driver::with("old");
    let notices = it.reads(WHOLE, Ok("new"));
    assert!(matches!(notices[..], [Notice::Replaced(..)]));
    assert_eq!(it.present(), "new");
}

#[test]
fn in_need_a_changed_file_is_read_twice_within_one_reading() {
    let mut it = Driver::with("old");
    // Seen before the refusal: too old to count.
    it.reads(TORN, Ok("ne"));
    assert_eq!(it.refuse(1), Verdict::Wait);
    it.cache.begin_reading();
    assert!(!it.tries(TORN, Ok("ne")));
    assert!(!it.tries(TORN, Err(())));
    assert!(!it.tries(TORN, Ok("new")));
    assert_eq!(it.present(), "old");
    assert!(it.tries(TORN, Ok("new")));
    assert_eq!(it.present(), "new");
}

#[test]
fn a_file_that_never_settles_leaves_the_token_alone() {
    let mut it = Driver::with("old");
    it.refuse(1);
    it.cache.begin_reading();
    assert!(!it.tries(TORN, Ok("x")));
    it.last_try = true;
    assert!(it.tries(TORN, Ok("y")));
    assert_eq!(it.present(), "old");
    assert_eq!(
        *it.cache.error().unwrap().problem(),
        SourceProblem::Unsettled
    );
}

#[test]
fn a_refusal_is_answered_by_one_reading_that_began_after_it() {
    let mut it = Driver::with("a");
    assert_eq!(it.refuse(1), Verdict::Wait);
    it.cache.begin_reading();
    assert_eq!(it.refuse_while_reading(1), Verdict::Wait);
    it.ends(WHOLE, Ok("a"));
    assert_eq!(it.refuse(1), Verdict::Unchanged);
    assert_eq!(it.look(), Advice::Go);
    it.passes(1_000);
    assert_eq!(it.refuse(1), Verdict::Wait);
    assert_eq!(it.look(), Advice::Wait);
}

#[test]
fn a_reading_that_began_before_the_refusal_does_not_answer_it() {
    let mut it = Driver::with("a");
    it.cache.begin_reading();
    assert_eq!(it.refuse_while_reading(1), Verdict::Wait);
    it.ends(WHOLE, Ok("a"));
    assert_eq!(it.refuse(1), Verdict::Wait);
}

#[test]
fn an_abandoned_reading_does_not_answer_a_refusal() {
    let mut it = Driver::with("a");
    it.refuse(1);
    it.cache.begin_reading();
    it.cache.end_reading();
    assert_eq!(it.refuse(1), Verdict::Wait);
}

#[test]
fn a_refusal_of_an_earlier_token_reads_nothing() {
    let mut it = Driver::with("a");
    it.reads(WHOLE, Ok("b"));
    assert_eq!(it.refuse(1), Verdict::Replaced);
    assert!(!it.cache.is_rejected());
}

#[test]
fn a_refused_token_is_not_announced_as_a_replacement() {
    let mut it = Driver::with("a");
    it.reads(WHOLE, Ok("b"));
    it.refuse(2);
    assert_ne!(it.refuse(1), Verdict::Replaced);
}

#[test]
fn a_refused_token_does_not_come_back_while_another_works() {
    let mut it = Driver::with("a");
    it.refuse(1);
    it.reads(WHOLE, Ok("b"));
    it.reads(WHOLE, Ok("a"));
    assert_eq!(it.present(), "b");
    assert_eq!(*it.cache.error().unwrap().problem(), SourceProblem::Refused);
    // For want of another it is tried again, though not announced.
    it.refuse(2);
    it.reads(WHOLE, Ok("a"));
    assert_eq!(it.present(), "a");
    assert_ne!(it.refuse(2), Verdict::Replaced);
    it.cache.accepted(3);
    assert!(!it.cache.is_rejected());
}

#[test]
fn a_new_token_that_is_refused_gives_the_place_back() {
    let mut it = Driver::with("old");
    it.reads(TORN, Ok("ol"));
    it.reads(TORN, Ok("ol"));
    assert_eq!(it.present(), "ol");
    let (verdict, notice) = it.cache.refused(2, Some(it.now), false);
    assert_eq!(verdict, Verdict::Replaced);
    assert!(matches!(notice, Some(Notice::TakenBack(..))));
    assert_eq!(it.present(), "old");
    assert!(!it.cache.is_rejected());
    assert_eq!(*it.cache.error().unwrap().problem(), SourceProblem::Refused);
    // Others were under way with it; and the same half does not come in again, nor is it told again.
    assert_eq!(it.refuse(2), Verdict::Replaced);
    assert!(it.reads(TORN, Ok("ol")).is_empty());
    it.reads(TORN, Ok("ol"));
    assert_eq!(it.present(), "old");
    it.reads(TORN, Ok("new"));
    it.reads(TORN, Ok("new"));
    assert_eq!(it.present(), "new");
    assert!(it.cache.error().is_none());
}

#[test]
fn a_new_token_once_accepted_keeps_the_place() {
    let mut it = Driver::with("old");
    it.reads(WHOLE, Ok("new"));
    assert!(it.lent().doubted, "its acceptance is news");
    it.cache.accepted(2);
    assert!(!it.lent().doubted);
    assert_eq!(it.refuse(2), Verdict::Wait);
    assert_eq!(it.present(), "new");
}

#[test]
fn a_token_that_was_refused_itself_does_not_come_back() {
    // Before the other one came, or while it was on trial.
    let mut it = Driver::with("old");
    it.refuse(1);
    it.reads(WHOLE, Ok("new"));
    assert_eq!(it.refuse(2), Verdict::Wait);
    assert_eq!(it.present(), "new");

    let mut it = Driver::with("old");
    it.reads(WHOLE, Ok("new"));
    assert_eq!(it.refuse(1), Verdict::Replaced);
    assert_eq!(it.refuse(2), Verdict::Wait);
    assert_eq!(it.present(), "new");
}

#[test]
fn a_revoked_token_that_came_back_costs_one_more_refusal() {
    let mut it = Driver::with("old");
    it.reads(WHOLE, Ok("new"));
    assert_eq!(it.refuse(2), Verdict::Replaced);
    assert_eq!(it.refuse(1), Verdict::Wait);
    it.reads(WHOLE, Ok("new"));
    assert_eq!(it.refuse(1), Verdict::Unchanged);
}

#[test]
fn a_token_put_in_by_hand_stays() {
    let mut cache = Cache::new("hand".into(), false);
    cache.put(token("old"));
    cache.put(token("new"));
    assert_eq!(cache.refused(2, None, false).0, Verdict::Unchanged);
    assert!(cache.present().unwrap().is_same(&token("new")));
}

#[test]
fn near_its_end_a_token_is_read_more_often_and_gives_way() {
    let mut it = Driver::new();
    it.interval = Duration::from_secs(60);
    it.reads_dated("a", 100_000);
    it.passes(10_000);
    assert_eq!(it.look(), Advice::GoAndRead);
    it.reads_dated("b", 1_000_000_000);
    assert_eq!(it.present(), "b");
}

#[test]
fn the_warning_comes_once_and_before_the_end() {
    let mut it = Driver::new();
    it.cache.set_warn_before(Duration::from_secs(60));
    it.reads_dated("a", 90_000);
    it.passes(29_999);
    assert_eq!(it.notice(), None);
    it.passes(1);
    assert!(matches!(it.notice(), Some(Notice::ExpiresIn(_, left)) if left.as_secs() == 60));
    it.passes(10_000);
    assert_eq!(it.notice(), None);
    it.passes(50_000);
    assert!(matches!(it.notice(), Some(Notice::Expired(_))));
    assert_eq!(it.notice(), None);
}

#[test]
fn an_expired_token_makes_one_reading_wait_and_then_goes_out() {
    let mut it = Driver::new();
    it.reads_dated("a", 5_000);
    it.passes(5_000);
    assert_eq!(it.look(), Advice::Wait);
    it.reads_dated_again("a");
    assert_eq!(it.look(), Advice::Go);
    assert!(it.is_quiet());
    it.passes(1_000);
    assert_eq!(it.look(), Advice::GoAndRead);
}

#[test]
fn a_wall_clock_that_jumps_neither_blocks_nor_panics() {
    let mut it = Driver::new();
    it.reads_dated("a", 1_000_000);
    for wall in [
        SystemTime::UNIX_EPOCH,
        it.wall + Duration::from_secs(u32::MAX.into()),
    ] {
        it.wall = wall;
        it.passes(1_000);
        it.look();
        it.reads_dated_again("a");
    }
    it.wall = SystemTime::UNIX_EPOCH;
    it.passes(1_000);
    assert_eq!(it.look(), Advice::GoAndRead);
    assert!(it.cache.current.as_ref().unwrap().works());
}

#[test]
fn an_expired_token_in_the_source_does_not_displace_one_that_works() {
    let mut it = Driver::new();
    it.passes(1_000_000);
    it.reads(WHOLE, Ok("a"));
    it.expiry = Some(it.wall - Duration::from_secs(1));
    it.reads(WHOLE, Ok("b"));
    assert_eq!(it.present(), "a");
    assert_eq!(*it.cache.error().unwrap().problem(), SourceProblem::Expired);
}

#[test]
fn a_token_put_in_by_hand_needs_no_clock_unless_it_ends() {
    let mut cache = Cache::new("hand".into(), false);
    cache.put(token("a"));
    assert!(cache.lend(None).is_some());
    cache.put(token("b").with_expiry(SystemTime::UNIX_EPOCH));
    assert!(cache.needs_clock());
    assert!(cache.lend(None).is_none());
    // It is past its date, nothing can be read, and it goes out.
    assert_eq!(
        cache.look(start(), SystemTime::UNIX_EPOCH, false).0,
        Advice::Go
    );
}

#[test]
fn earlier_tokens_are_recognised_and_few() {
    let mut cache = Cache::new("hand".into(), false);
    for name in ["a", "b", "c", "d", "e", "f"] {
        cache.put(token(name));
    }
    assert!(cache.knows(token("f").header()));
    assert!(cache.knows(token("b").header()));
    assert!(!cache.knows(token("a").header()));
    assert!(cache.knows(&HeaderValue::from_static("bearer cfc_f")));
    assert!(!cache.knows(&HeaderValue::from_static("Bearer cfc_ff")));
}

#[derive(Clone, Debug)]
enum Event {
    Accepts,
    Passes(u64),
    Reads(Option<u8>),
    Refuses,
}

proptest! {
    /// The obvious model. A token that works gives way to one read twice running, but not to a refused one; a
    /// refused token gives way to any other that is read twice at once. What took the place of a token that works, and
    /// is refused before it was accepted, gives it back to the latest that was not.
    #[test]
    fn agrees_with_the_naive_model(events in prop::collection::vec(event(), 1..60)) {
        let mut it = Driver::with("0");
        let (mut used, mut seen) = (0, None);
        let (mut refused, mut on_trial) = (Vec::new(), Vec::new());
        let mut order = vec![0];
        for event in events {
            match event {
                Event::Passes(millis) => it.passes(millis),
                Event::Accepts => {
                    it.cache.accepted(it.generation());
                    refused.retain(|n| *n != used);
                    on_trial.retain(|n| *n != used);
                }
                Event::Refuses => {
                    it.refuse(it.generation());
                    refused.push(used);
                    let before = order.iter().rfind(|n| !refused.contains(n));
                    if let Some(before) = before.filter(|_| on_trial.contains(&used)) {
                        used = *before;
                    }
                }
                Event::Reads(got) => {
                    let (works, before) = (!refused.contains(&used), used);
                    it.cache.begin_reading();
                    for _ in 0..if works { 1 } else { 2 } {
                        it.take_up(TORN, got.map(|n| n.to_string()).as_deref().ok_or(()), false);
                    }
                    it.cache.end_reading();
                    match got {
                        Some(n) if n == used => seen = None,
                        Some(n) if !works => (used, seen) = (n, None),
                        Some(n) if refused.contains(&n) => {}
                        Some(n) if seen == Some(n) => (used, seen) = (n, None),
                        other => seen = other,
                    }
                    if used != before {
                        on_trial.retain(|n| *n != used);
                        on_trial.extend(works.then_some(used));
                    }
                }
            }
            order.retain(|n| *n != used);
            order.push(used);
            prop_assert_eq!(it.present(), used.to_string());
        }
    }

    /// However the calls are spread, readings in use are a second apart, and requests never wait twice in one.
    #[test]
    fn reads_at_most_once_a_second(steps in prop::collection::vec((0u64..700, any::<bool>()), 1..200)) {
        let mut it = Driver::with("a");
        let mut last = it.now;
        for (millis, fails) in steps {
            it.passes(millis);
            if !it.is_quiet() && it.look() == Advice::GoAndRead {
                prop_assert!(it.now - last >= Duration::from_secs(1));
                last = it.now;
                it.reads(TORN, if fails { Err(()) } else { Ok("a") });
            }
            // In use, it is never long ago either: the check comes within a second and one step.
            prop_assert!(it.now - last < Duration::from_millis(1_000 + 700));
        }
    }
}

// === support ===

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => Just(Event::Accepts),
        1 => (0u64..3_000).prop_map(Event::Passes),
        4 => prop::option::weighted(0.9, 0u8..3).prop_map(Event::Reads),
        1 => Just(Event::Refuses),
    ]
}

struct Driver {
    cache: Cache,
    now: Instant,
    wall: SystemTime,
    interval: Duration,
    expiry: Option<SystemTime>,
    last_try: bool,
}

impl Driver {
    fn new() -> Self {
        Self {
            cache: Cache::new("test".into(), true),
            now: start(),
            wall: SystemTime::UNIX_EPOCH,
            interval: SHORTEST_INTERVAL,
            expiry: None,
            last_try: false,
        }
    }

    fn with(name: &str) -> Self {
        let mut it = Self::new();
        it.reads(WHOLE, Ok(name));
        it
    }

    fn passes(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        self.wall += Duration::from_millis(millis);
    }

    fn present(&self) -> String {
        let value = self.cache.present().unwrap().header().to_str().unwrap();
        value.trim_start_matches("Bearer cfc_").into()
    }

    fn lent(&self) -> Lent {
        self.cache.lend_anyway().unwrap()
    }

    fn is_quiet(&self) -> bool {
        self.cache.lend(Some(self.now)).is_some()
    }

    fn look(&mut self) -> Advice {
        self.cache.look(self.now, self.wall, false).0
    }

    fn look_while_reading(&mut self) -> Advice {
        self.cache.look(self.now, self.wall, true).0
    }

    fn notice(&mut self) -> Option<Notice> {
        self.cache.look(self.now, self.wall, false).1
    }

    /// Of the token in use, which may have come back.
    fn generation(&self) -> u64 {
        self.cache.current.as_ref().unwrap().generation
    }

    fn refuse(&mut self, generation: u64) -> Verdict {
        self.cache.refused(generation, Some(self.now), false).0
    }

    fn refuse_while_reading(&mut self, generation: u64) -> Verdict {
        self.cache.refused(generation, Some(self.now), true).0
    }

    /// A whole reading with one try.
    fn reads(&mut self, may_be_torn: bool, result: Result<&str, ()>) -> Vec<Notice> {
        self.cache.begin_reading();
        let taken = self.take_up(may_be_torn, result, false).1;
        self.cache.end_reading();
        taken
    }

    fn reads_dated(&mut self, name: &str, millis: u64) {
        self.expiry = Some(self.wall + Duration::from_millis(millis));
        self.reads(WHOLE, Ok(name));
    }

    fn reads_dated_again(&mut self, name: &str) {
        self.reads(WHOLE, Ok(name));
    }

    /// One try among several; whether it was the last.
    fn tries(&mut self, may_be_torn: bool, result: Result<&str, ()>) -> bool {
        let next_try = !self.last_try;
        self.take_up(may_be_torn, result, next_try).0
    }

    fn ends(&mut self, may_be_torn: bool, result: Result<&str, ()>) {
        self.take_up(may_be_torn, result, false);
        self.cache.end_reading();
    }

    fn take_up(
        &mut self,
        may_be_torn: bool,
        result: Result<&str, ()>,
        next_try: bool,
    ) -> (bool, Vec<Notice>) {
        let result = match result {
            Ok(name) => Ok(match self.expiry {
                Some(at) => token(name).with_expiry(at),
                None => token(name),
            }),
            Err(()) => {
                let problem = SourceProblem::InvalidToken(InvalidToken::Empty);
                Err(SourceError::new("test", problem))
            }
        };
        let reading = Reading {
            result,
            may_be_torn,
            interval: self.interval,
        };
        self.cache.take_up(reading, next_try, self.now, self.wall)
    }
}

fn token(name: &str) -> Token {
    Token::parse(format!("cfc_{name}")).unwrap()
}

fn start() -> Instant {
    crate::clock::now()
}
