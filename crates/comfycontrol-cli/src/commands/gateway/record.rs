use comfycontrol_dashboard::{FinishedCall, Outcome, Recorder};
use comfycontrol_gateway::Ending;

/// What the page and the metrics are told of a call.
pub(super) fn tell(recorder: &Recorder, call: &comfycontrol_gateway::FinishedCall) {
    let outcome = match (call.status(), call.ending()) {
        (_, Ending::CallerGone) => Outcome::Cancelled,
        (Some(status), Ending::Whole | Ending::Stopped) => Outcome::Status(status),
        _ => Outcome::Failed,
    };
    let mut told = FinishedCall::new(outcome)
        .with_wait(call.waited())
        .with_duration(call.took());
    if let Some(caller) = call.caller() {
        told = told.with_caller(caller.as_str());
    }
    recorder.record(told);
}
