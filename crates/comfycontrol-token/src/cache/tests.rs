mod expiry;
mod good;
mod model;
mod reading;
mod schedule;
mod trial;
mod unauthorized;

use std::time::SystemTime;

use super::*;
use crate::InvalidToken;

const TORN: bool = true;
const WHOLE: bool = false;

/// A cache with its clocks, and a source that is told what to give.
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

    fn outgoing(&self) -> Outgoing {
        self.cache.get_any().unwrap()
    }

    fn is_quiet(&self) -> bool {
        self.cache.get(self.now).is_some()
    }

    fn check(&mut self) -> Advice {
        self.cache.check(self.now, self.wall, false).0
    }

    fn check_while_reading(&mut self) -> Advice {
        self.cache.check(self.now, self.wall, true).0
    }

    fn notice(&mut self) -> Option<Notice> {
        self.cache.check(self.now, self.wall, false).1
    }

    /// Of the token in use, which may have come back.
    fn generation(&self) -> u64 {
        self.cache.tokens.current.as_ref().unwrap().generation
    }

    fn gets_401(&mut self, generation: u64) -> Verdict {
        self.cache.unauthorized(generation, Some(self.now)).0
    }

    /// A whole reading with one try.
    fn reads(&mut self, may_be_torn: bool, result: Result<&str, ()>) -> Vec<Notice> {
        self.cache.begin_reading();
        let taken = self.apply(may_be_torn, result, false).1;
        self.cache.end_reading();
        taken
    }

    fn reads_dated(&mut self, name: &str, millis: u64) -> Vec<Notice> {
        self.expiry = Some(self.wall + Duration::from_millis(millis));
        self.reads(WHOLE, Ok(name))
    }

    fn reads_dated_again(&mut self, name: &str) {
        self.reads(WHOLE, Ok(name));
    }

    /// One try among several; whether it was the last.
    fn tries(&mut self, may_be_torn: bool, result: Result<&str, ()>) -> bool {
        let next_try = !self.last_try;
        self.apply(may_be_torn, result, next_try).0
    }

    fn ends(&mut self, may_be_torn: bool, result: Result<&str, ()>) {
        self.apply(may_be_torn, result, false);
        self.cache.end_reading();
    }

    fn apply(
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
                let problem = SourceErrorKind::InvalidToken(InvalidToken::Empty);
                Err(SourceError::new("test", problem))
            }
        };
        let reading = Reading {
            result,
            may_be_torn,
            interval: self.interval,
        };
        self.cache.apply(reading, next_try, self.now, self.wall)
    }
}

fn token(name: &str) -> Token {
    Token::parse(format!("cfc_{name}")).unwrap()
}

fn start() -> Instant {
    crate::clock::now()
}
