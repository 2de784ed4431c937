//! The memory of a recorder has one size, and a recorded call allocates what follows it alone.

use std::sync::Arc;

use comfycontrol_dashboard::{FinishedCall, Outcome, Recorder};
use comfycontrol_priority::Priority;
use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use tower::{BoxError, Service, ServiceBuilder, service_fn};

#[test]
fn a_recorder_stays_below_40_kib_whatever_calls_come() {
    // Names as long as they can be, of characters as large as they can be.
    let name = |number: u32| format!("{number:06}{}", "\u{10fffd}".repeat(100));
    let mut kept = None;
    let seen = allocation_counter::measure(|| {
        let recorder = kept.insert(Recorder::new());
        for number in 0..10_000 {
            let status = StatusCode::from_u16(100 + (number % 900) as u16).unwrap();
            let call = FinishedCall::new(Outcome::Status(status));
            recorder.record(call.with_caller(&name(number)));
        }
    });
    assert!(
        seen.bytes_current <= 40 * 1024,
        "{} bytes",
        seen.bytes_current
    );

    let recorder = kept.unwrap();
    let seen = allocation_counter::measure(|| {
        for number in 10_000..20_000 {
            let call = FinishedCall::new(Outcome::Failed);
            recorder.record(call.with_caller(&name(number)));
        }
    });
    assert!(seen.bytes_current.abs() < 1024, "it has grown");
}

#[test]
fn a_recorded_call_allocates_four_times_and_keeps_nothing() {
    let recorder = Recorder::new();
    let mut api = ServiceBuilder::new()
        .layer(recorder.layer())
        .service(service_fn(|_: Request<()>| async {
            Ok::<_, BoxError>(Response::new(()))
        }));
    let mut call = |request| api.call(request).now_or_never().unwrap().unwrap();
    let priority = Priority::default().with_key(Arc::<str>::from("ada"));
    let request = || {
        let mut request = Request::new(());
        request.extensions_mut().insert(priority.clone());
        request
    };
    call(request());
    let request = request();
    let seen = allocation_counter::measure(|| drop(call(request)));
    // The tracker, its box among the extensions, and the name as it is shown.
    assert_eq!(seen.count_total, 4);
    // Its extensions were made before, and have gone.
    assert!(seen.count_current <= 0);
}
