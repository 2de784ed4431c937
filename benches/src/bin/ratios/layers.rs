use std::rc::Rc;

use comfycontrol_benches::measure::take_turns;
use comfycontrol_benches::subjects::layers::{Call, Stack};
use comfycontrol_benches::subjects::limiter::clock_read;
use tokio::runtime;

use crate::Effort;
use crate::allocations::{of, uncounted};
use crate::table::{Table, Unit};

pub(crate) fn run(effort: Effort, table: &mut Table) {
    for headers in [false, true] {
        for cloned in [false, true] {
            calls(effort, Call { cloned, headers }, table);
        }
    }
}

fn calls(effort: Effort, call: Call, table: &mut Table) {
    let runtime = runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let runtime = Rc::new(runtime);
    let mut cases = vec![clock_read()];
    cases.extend(Stack::ALL.map(|stack| stack.case(&runtime, call)));
    let series = uncounted(|| take_turns(&mut cases, effort.rounds, effort.turn));
    let allocations: Vec<_> = cases.iter_mut().map(of).collect();

    let place = |stack| {
        1 + Stack::ALL
            .iter()
            .position(|other| *other == stack)
            .unwrap_or(0)
    };
    let how = format!(
        "{}, {}",
        if call.headers {
            "3 headers"
        } else {
            "no headers"
        },
        if call.cloned {
            "cloned per call"
        } else {
            "one handle"
        },
    );
    let clock = series[0].median();
    for stack in Stack::ALL {
        let bare = match stack {
            Stack::Facade | Stack::BareFacade => place(Stack::BareFacade),
            _ => place(Stack::Bare),
        };
        let own = place(stack);
        let added = series[own].median() - series[bare].median();
        let allocated = allocations[own].count - allocations[bare].count;
        let bytes = allocations[own].bytes - allocations[bare].bytes;
        let what = format!("{}, {how}", stack.name());
        if own == bare {
            table.note(what, Unit::Nanos.show(series[own].median()));
            continue;
        }
        let (ns, count) = (Unit::Nanos.show(added), Unit::Allocations.show(allocated));
        table.note(
            format!("{what}: adds"),
            format!("{ns}, {count}, {bytes:.0} B"),
        );

        let beyond = added - 2.0 * clock;
        let bound = match (stack, call.cloned) {
            (Stack::RateLimit, false) => 45.0,
            (Stack::RateLimit, true) => 60.0,
            (Stack::Three, _) if call.headers => 90.0,
            _ => continue,
        };
        table.at_most(
            format!("{what}: adds, less two clock reads"),
            beyond,
            bound,
            Unit::Nanos,
        );
        table.at_most(format!("{what}: adds"), allocated, 0.0, Unit::Allocations);
        if stack == Stack::RateLimit {
            let theirs = series[place(Stack::ResilienceLog)].median() - series[bare].median();
            let ratio = added / theirs;
            table.at_most(
                format!("{what}: against tower-resilience"),
                ratio,
                0.75,
                Unit::Times,
            );
        }
    }
}
