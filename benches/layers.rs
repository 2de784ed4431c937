//! What each layer adds to a call, alone and together, against the layers of others: time, and then
//! heap allocations.

use std::rc::Rc;

use comfycontrol_benches::subjects::layers::{Call, Stack};
use criterion::Criterion;
use tokio::runtime::{self, Runtime};

fn main() {
    let runtime = runtime::Builder::new_current_thread().enable_time().build();
    let runtime = Rc::new(runtime.expect("a runtime"));
    let mut criterion = Criterion::default().configure_from_args();
    for call in CALLS {
        times(&mut criterion, &runtime, call);
    }
    criterion.final_summary();
    for call in CALLS {
        allocations(&runtime, call);
    }
}

fn times(criterion: &mut Criterion, runtime: &Rc<Runtime>, call: Call) {
    let mut group = criterion.benchmark_group(format!("layers/{}", name(call)));
    for stack in Stack::ALL {
        let mut case = stack.case(runtime, call);
        group.bench_function(stack.name(), |bencher| {
            bencher.iter_custom(|times| {
                let mut time = None;
                // Counting would cost those most who allocate most.
                allocation_counter::opt_out(|| time = Some(case.time(times)));
                time.expect("it was run")
            });
        });
    }
    group.finish();
}

/// # Panics
///
/// If a layer of ours allocates.
fn allocations(runtime: &Rc<Runtime>, call: Call) {
    println!("\nallocations per call, {}", name(call));
    let count = |stack: Stack| {
        let mut case = stack.case(runtime, call);
        case.time(CALLS_COUNTED + 1); // whatever happens only once
        let one = allocation_counter::measure(|| _ = case.time(1));
        let more = allocation_counter::measure(|| _ = case.time(CALLS_COUNTED + 1));
        let each = |one: u64, more: u64| (more - one) as f64 / CALLS_COUNTED as f64;
        let count = each(one.count_total, more.count_total);
        (count, each(one.bytes_total, more.bytes_total))
    };
    let (bare, bare_bytes) = count(Stack::Bare);
    for stack in Stack::ALL {
        let (count, bytes) = count(stack);
        println!("  {:40} {count:5.2} {bytes:7.0} B", stack.name());
        if matches!(stack, Stack::RateLimit | Stack::ErrorDecoder)
            || (OURS.contains(&stack) && call.headers)
        {
            assert_eq!(
                (count, bytes),
                (bare, bare_bytes),
                "{} allocates",
                stack.name()
            );
        }
    }
}

fn name(call: Call) -> &'static str {
    match (call.headers, call.cloned) {
        (false, false) => "no headers, one handle",
        (false, true) => "no headers, cloned per call",
        (true, false) => "3 headers, one handle",
        (true, true) => "3 headers, cloned per call",
    }
}

const CALLS: [Call; 4] = [
    Call {
        headers: false,
        cloned: false,
    },
    Call {
        headers: false,
        cloned: true,
    },
    Call {
        headers: true,
        cloned: false,
    },
    Call {
        headers: true,
        cloned: true,
    },
];

/// Where the request has headers already; the first one allocates their map.
const OURS: [Stack; 2] = [Stack::AddToken, Stack::Three];

const CALLS_COUNTED: u64 = 16;
