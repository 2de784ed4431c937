//! The tests pass with a variable under a lock, and fail with one that is not quite.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use comfycontrol_rate_limit::{
    Member, Reading, Record, Replaced, Store, StoreTime, Unavailable, Version,
};
use comfycontrol_test::{now, paused};
use comfycontrol_test_store::{is_a_register, one_swap_wins, presence_ends, tells_the_time};
use parking_lot::Mutex;
use tokio::time::Instant;

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wrong {
    Nothing,
    /// Every swap wins.
    NeverLoses,
    /// A version is looked at, and only later swapped.
    LooksFirst,
    /// A swap that lost tells nothing.
    TellsNothing,
    /// Long records are cut.
    Cuts,
    /// A swap that won never tells the time.
    KeepsTheTime,
    /// The time is told only after a pause.
    TellsAfterAPause,
    /// The time is told if no store has told it lately.
    TellsForAll,
    /// No member is ever gone.
    SeesNobodyGo,
    /// Every member is.
    SeesEverybodyGo,
}

#[derive(Default)]
struct Shared {
    record: Option<Record>,
    members: BTreeSet<Member>,
    micros: u64,
    told: Option<Instant>,
}

struct Variable {
    wrong: Wrong,
    used: Mutex<Option<Instant>>,
    shared: Arc<Mutex<Shared>>,
    own: Mutex<Vec<Member>>,
}

impl Variable {
    fn reading(&self, shared: &mut Shared) -> Reading {
        shared.micros += 1;
        let time = StoreTime::new(shared.micros, 1, Duration::from_secs(1));
        Reading::new(shared.record.clone(), time)
    }
}

impl Drop for Variable {
    fn drop(&mut self) {
        for member in self.own.get_mut() {
            self.shared.lock().members.remove(member);
        }
    }
}

impl Store for Variable {
    async fn read(&self) -> Result<Reading, Unavailable> {
        Ok(self.reading(&mut self.shared.lock()))
    }

    async fn replace(
        &self,
        seen: Option<Version>,
        mut record: Record,
        _keep: Duration,
    ) -> Result<Replaced, Unavailable> {
        let is = |shared: &Shared| shared.record.as_ref().map(|record| record.version) == seen;
        let mut wins = self.wrong == Wrong::NeverLoses || is(&self.shared.lock());
        tokio::task::yield_now().await;
        let mut shared = self.shared.lock();
        if !matches!(self.wrong, Wrong::NeverLoses | Wrong::LooksFirst) {
            wins = is(&shared);
        }
        let mut reading = self.reading(&mut shared);
        if wins {
            if self.wrong == Wrong::Cuts {
                record.content.truncate(4_000);
            }
            shared.record = Some(record);
            let lately = |told: &mut Option<Instant>, always: bool| {
                let is_known = told.is_some_and(|told| told.elapsed() < Duration::from_millis(100));
                if always || !is_known {
                    *told = Some(now());
                }
                is_known
            };
            let is_known = match self.wrong {
                Wrong::KeepsTheTime => true,
                Wrong::TellsAfterAPause => lately(&mut self.used.lock(), true),
                Wrong::TellsForAll => lately(&mut shared.told, false),
                _ => lately(&mut self.used.lock(), false),
            };
            return Ok(Replaced::Won((!is_known).then_some(reading.time)));
        }
        if self.wrong == Wrong::TellsNothing {
            reading.record = None;
        }
        Ok(Replaced::Lost(reading))
    }

    async fn join(&self, member: Member) -> Result<(), Unavailable> {
        self.shared.lock().members.insert(member);
        self.own.lock().push(member);
        Ok(())
    }

    async fn gone(&self, mut members: Vec<Member>) -> Result<Vec<Member>, Unavailable> {
        let there = &self.shared.lock().members;
        members.retain(|member| match self.wrong {
            Wrong::SeesNobodyGo => false,
            Wrong::SeesEverybodyGo => true,
            _ => !there.contains(member),
        });
        Ok(members)
    }
}

/// Opens variables of one number as one store.
fn variables(wrong: Wrong) -> impl Fn(u32) -> Variable {
    let all: Mutex<Vec<Arc<Mutex<Shared>>>> = Mutex::default();
    move |number| {
        let number = number as usize;
        let mut all = all.lock();
        while all.len() <= number {
            all.push(Arc::default());
        }
        Variable {
            wrong,
            used: Mutex::default(),
            shared: Arc::clone(&all[number]),
            own: Mutex::default(),
        }
    }
}

/// Which of the tests pass.
fn passes(wrong: Wrong) -> [bool; 4] {
    let pass = |test: &dyn Fn()| catch_unwind(AssertUnwindSafe(test)).is_ok();
    let open = variables(wrong);
    [
        pass(&|| is_a_register(&paused(), 64, variables(wrong))),
        pass(&|| paused().block_on(one_swap_wins(4, 20, || open(0)))),
        pass(&|| paused().block_on(presence_ends(|| open(1)))),
        pass(&|| paused().block_on(tells_the_time(|| open(2)))),
    ]
}

#[test]
fn a_variable_under_a_lock_passes() {
    assert_eq!(passes(Wrong::Nothing), [true; 4]);
}

#[test]
fn what_is_not_quite_a_register_fails() {
    assert!(!passes(Wrong::NeverLoses)[0]);
    assert!(!passes(Wrong::TellsNothing)[0]);
    assert!(!passes(Wrong::Cuts)[0]);
    assert!(!passes(Wrong::LooksFirst)[1]);
    assert!(!passes(Wrong::KeepsTheTime)[3]);
    assert!(!passes(Wrong::TellsAfterAPause)[3]);
    assert!(!passes(Wrong::TellsForAll)[3]);
    assert!(!passes(Wrong::SeesNobodyGo)[2]);
    assert!(!passes(Wrong::SeesEverybodyGo)[2]);
}
