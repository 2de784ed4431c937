use comfycontrol_benches::measure::Case;

/// What one operation allocates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allocations {
    pub(crate) count: f64,
    pub(crate) bytes: f64,
}

/// Counts over some operations, less what preparing them takes.
pub(crate) fn of(case: &mut Case) -> Allocations {
    case.time(FEW + MORE); // whatever happens only once
    let few = allocation_counter::measure(|| _ = case.time(FEW));
    let more = allocation_counter::measure(|| _ = case.time(FEW + MORE));
    let each = |few: u64, more: u64| more.saturating_sub(few) as f64 / MORE as f64;
    Allocations {
        count: each(few.count_total, more.count_total),
        bytes: each(few.bytes_total, more.bytes_total),
    }
}

/// Times something with the counting switched off, which would cost most for code that allocates
/// most.
pub(crate) fn uncounted<T>(time: impl FnOnce() -> T) -> T {
    let mut result = None;
    allocation_counter::opt_out(|| result = Some(time()));
    result.expect("it was run")
}

const FEW: u64 = 2;
const MORE: u64 = 16;
