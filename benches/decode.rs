//! What decoding a reply costs, against the reply as it comes.

use comfycontrol_benches::measure::Case;
use comfycontrol_benches::subjects::replies::Reply;
use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    run(&mut criterion, "decode/bare", Reply::bare);
    run(&mut criterion, "decode/decoded", Reply::decoded);
    criterion.final_summary();
}

fn run(criterion: &mut Criterion, group: &str, case: fn(Reply) -> Case) {
    let mut group = criterion.benchmark_group(group);
    for reply in Reply::ALL {
        let mut case = case(reply);
        group.bench_function(reply.name(), |bencher| {
            bencher.iter_custom(|times| case.time(times));
        });
    }
    group.finish();
}
