use comfycontrol_rate_limit::{Record, Replaced, Store, StoreTime, Version};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

use crate::calls::KEEP;

/// What one of several processes does.
#[derive(Clone, Copy, Debug)]
enum Step {
    Read,
    /// Swaps what is there.
    Swap(usize),
    /// Swaps as if there was no record.
    SwapNothing(usize),
    /// Swaps what was there before the last swap that won, or never.
    SwapOld(usize),
}

/// Does any sequence of reads and swaps by three processes, one at a time, and compares the store
/// with a variable. `cases` times, each over a store of its own that `open` opens for the case of
/// this number.
pub fn is_a_register<S: Store>(runtime: &Runtime, cases: u32, open: impl Fn(u32) -> S) {
    let lengths = || prop_oneof![0..4usize, 600..900usize, 3_990..4_010usize, Just(65_536)];
    let step = prop_oneof![
        Just(Step::Read),
        lengths().prop_map(Step::Swap),
        lengths().prop_map(Step::SwapNothing),
        lengths().prop_map(Step::SwapOld),
    ];
    let steps = prop::collection::vec((0..3usize, step), 1..24);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 64,
        ..Config::default()
    });
    let case = std::cell::Cell::new(0);
    let done = runner.run(&steps, |steps| {
        let number = case.get();
        case.set(number + 1);
        let stores = [open(number), open(number), open(number)];
        runtime.block_on(compare(&stores, steps))
    });
    if let Err(failed) = done {
        panic!("{failed}");
    }
}

async fn compare<S: Store>(
    stores: &[S; 3],
    steps: Vec<(usize, Step)>,
) -> Result<(), TestCaseError> {
    let mut model: Option<Record> = None;
    let mut old = Version::from_bytes([255; 16]);
    let mut last: Option<StoreTime> = None;
    for (number, (who, step)) in (1_u128..).zip(steps) {
        let store = &stores[who];
        let (seen, length) = match step {
            Step::Read => {
                let reading = store.read().await.map_err(failed)?;
                prop_assert!(reading.record == model, "read something else");
                tell_time(&mut last, reading.time)?;
                continue;
            }
            Step::Swap(length) => (model.as_ref().map(|record| record.version), length),
            Step::SwapNothing(length) => (None, length),
            Step::SwapOld(length) => (Some(old), length),
        };
        let record = Record {
            version: Version::from_bytes(number.to_le_bytes()),
            content: (0..length)
                .map(|at| at.to_le_bytes()[0] ^ number.to_le_bytes()[0])
                .collect(),
        };
        let current = model.as_ref().map(|record| record.version);
        match store
            .replace(seen, record.clone(), KEEP)
            .await
            .map_err(failed)?
        {
            Replaced::Won(time) => {
                prop_assert!(seen == current, "an old version was swapped");
                if let Some(time) = time {
                    tell_time(&mut last, time)?;
                }
                old = current.unwrap_or(old);
                model = Some(record);
            }
            Replaced::Lost(reading) => {
                prop_assert!(seen != current, "nobody was quicker");
                prop_assert!(reading.record == model, "lost against something else");
                tell_time(&mut last, reading.time)?;
            }
        }
    }
    Ok(())
}

/// Time runs on in one instance.
fn tell_time(last: &mut Option<StoreTime>, time: StoreTime) -> Result<(), TestCaseError> {
    if let Some(last) = last {
        prop_assert_eq!(last.instance, time.instance);
        prop_assert!(last.micros <= time.micros, "time ran back");
    }
    *last = Some(time);
    Ok(())
}

fn failed(error: comfycontrol_rate_limit::Unavailable) -> TestCaseError {
    let source = std::error::Error::source(&error).map(ToString::to_string);
    TestCaseError::fail(format!("{error}: {source:?}"))
}
