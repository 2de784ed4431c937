//! What decoding a response costs, against the response as it comes.

use comfycontrol_benches::measure::Case;
use comfycontrol_benches::subjects::responses::ResponseKind;
use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    run(&mut criterion, "decode/bare", ResponseKind::bare);
    run(&mut criterion, "decode/decoded", ResponseKind::decoded);
    criterion.final_summary();
}

fn run(criterion: &mut Criterion, group: &str, case: fn(ResponseKind) -> Case) {
    let mut group = criterion.benchmark_group(group);
    for kind in ResponseKind::ALL {
        let mut case = case(kind);
        group.bench_function(kind.name(), |bencher| {
            bencher.iter_custom(|times| case.time(times));
        });
    }
    group.finish();
}
