//! What processes hold over their lives, as Linux tells it.

use std::collections::HashMap;
use std::time::Duration;

use comfycontrol_test::SECOND;

use crate::process::{Process, Usage};
use crate::verdicts::{Invariant, Verdicts};

/// More than a client with all its calls, a store and twice the connections has.
const MOST_DESCRIPTORS: u64 = 150;

/// What an allocator may keep of larger calls.
const GROWTH_KIB: u64 = 8 * 1024;

/// Too short a life says nothing of growth.
const LIFE: Duration = Duration::from_secs(8);

/// The lives of processes.
#[derive(Debug, Default)]
pub(crate) struct Lives(HashMap<u32, Life>);

#[derive(Debug, Default)]
struct Life {
    /// When it was ready.
    first: Option<Usage>,
    /// Whether it had many descriptors at the last look.
    had_many: bool,
    memory: Vec<u64>,
}

impl Lives {
    /// Remembers what a process has when it has done nothing yet.
    pub(crate) fn begin(&mut self, process: &Process) {
        self.0.entry(process.number).or_default().first = process.usage();
    }

    /// Looks at a process that has begun: one that is being started has its starter's descriptors
    /// for a moment.
    pub(crate) fn look(&mut self, process: &Process, verdicts: &mut Verdicts) {
        let Some(life) = self.0.get_mut(&process.number) else {
            return;
        };
        let Some(usage) = process.usage() else {
            return; // it is about to end
        };
        life.memory.push(usage.memory_kib);
        let many = usage.descriptors > MOST_DESCRIPTORS;
        // Once it may be callers who came, and went, while it was stopped.
        let stays = std::mem::replace(&mut life.had_many, many) && many;
        verdicts.check(Invariant::Descriptors, !stays, || {
            let Process { number, kind, .. } = process;
            format!("{kind:?} {number} has {} descriptors", usage.descriptors)
        });
    }

    /// Judges a process that has ended, or is to be ended.
    pub(crate) fn end(&mut self, process: &Process, verdicts: &mut Verdicts) {
        let Some(life) = self.0.remove(&process.number) else {
            return;
        };
        let third = life.memory.len() / 3;
        if process.since.elapsed() < LIFE || third == 0 {
            return;
        }
        let before = median(&life.memory[third..2 * third]);
        let after = median(&life.memory[2 * third..]);
        verdicts.check(Invariant::Memory, after <= before + GROWTH_KIB, || {
            let Process { number, kind, .. } = process;
            format!("{kind:?} {number} had {before} KiB, then {after} KiB")
        });
    }

    /// Judges a process that is at rest: all calls have ended, and all is dropped.
    pub(crate) fn rest(&self, process: &Process, tasks: u64, verdicts: &mut Verdicts) {
        let Process { number, kind, .. } = process;
        verdicts.check(Invariant::Tasks, tasks == 0, || {
            format!("{kind:?} {number} has {tasks} tasks at rest")
        });
        let first = self.0.get(number).and_then(|life| life.first);
        if let (Some(first), Some(last)) = (first, process.usage()) {
            let same = last.descriptors <= first.descriptors + 1;
            verdicts.check(Invariant::Descriptors, same, || {
                let (first, last) = (first.descriptors, last.descriptors);
                format!("{kind:?} {number} began with {first} descriptors, and rests with {last}")
            });
        }
    }
}

/// How often processes are looked at.
pub(crate) const BETWEEN_LOOKS: Duration = SECOND;

fn median(values: &[u64]) -> u64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    values[values.len() / 2]
}
