//! Runs whose creation is lost, before, in and after the server's work: each is started once.

#[path = "support/emulated.rs"]
mod emulated;

use std::collections::HashSet;
use std::time::Duration;

use comfycontrol::{Applied, Body, ErrorKind, RateLimitMode};
use comfycontrol_api::{Api, NewWorkflow, RunInDoubt, WorkflowSummary};
use comfycontrol_emulator::{Emulator, Ending, Fault, FaultRule, ListFault, Shape};
use comfycontrol_test::{MILLISECOND, SECOND};
use futures_util::future::join_all;
use futures_util::{TryStreamExt, stream};
use http::{Method, StatusCode};

#[tokio::test]
async fn a_run_is_found_whether_its_response_is_lost_after_the_work_or_in_it() {
    let broken_body = Fault::EndInBody {
        after: 10,
        ending: Ending::InternalError,
    };
    for fault in [
        lost(Duration::ZERO, Ending::Close),
        lost(Duration::ZERO, Ending::InternalError),
        lost(700 * MILLISECOND, Ending::Reset),
        broken_body,
    ] {
        let server = Server::start().await;
        server.befall(1, fault.clone());
        let outcome = server.run().await.unwrap();
        assert!(outcome.was_adopted(), "{fault:?}");
        assert_eq!(
            (server.creates(), server.runs().await.len()),
            (1, 1),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn a_run_is_sent_again_once_it_is_certain_that_there_is_none() {
    let unavailable = Shape::Api(StatusCode::INTERNAL_SERVER_ERROR, "out of order".to_owned());
    for fault in [
        Fault::End(Ending::Close),
        Fault::End(Ending::InternalError),
        Fault::Respond(Shape::BadGateway),
        Fault::Respond(unavailable),
    ] {
        let server = Server::start().await;
        server.befall(1, fault.clone());
        let outcome = server.run().settle_after(SOON).await.unwrap();
        assert!(!outcome.was_adopted(), "{fault:?}");
        assert_eq!(
            (server.creates(), server.runs().await.len()),
            (2, 1),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn a_hundred_runs_with_responses_lost_at_random_are_a_hundred_runs() {
    let server = Server::start().await;
    let mut random = 7u64;
    let mut next = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 33) % below
    };
    let endings = [Ending::InternalError, Ending::Cancel, Ending::NoError];
    for n in 0..75 {
        let ending = match n % 25 {
            // All that is under way on the connection is lost with it.
            0 => Ending::Reset,
            _ => endings[usize::try_from(next(3)).unwrap()],
        };
        let fault = match next(4) {
            0 => Fault::End(ending),
            1 => lost(Duration::ZERO, ending),
            2 => lost(Duration::from_millis(next(900)), ending),
            _ => {
                let after = usize::try_from(next(200)).unwrap();
                Fault::EndInBody { after, ending }
            }
        };
        server.befall(1, fault);
    }
    // All of them equal.
    let runs = (0..100).map(|_| server.run().into_future());
    let outcomes = join_all(runs).await;
    let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
    let ids: HashSet<_> = outcomes
        .iter()
        .map(|outcome| outcome.id().clone())
        .collect();
    let runs = server.runs().await;
    let started: HashSet<_> = runs.iter().map(|run| run.id.clone()).collect();
    assert_eq!((ids.len(), runs.len()), (100, 100));
    assert_eq!(ids, started);
    let adopted = outcomes
        .iter()
        .filter(|outcome| outcome.was_adopted())
        .count();
    assert!(adopted >= 10, "{adopted}");
}

#[tokio::test]
async fn while_it_is_not_known_nothing_is_sent_again() {
    // The list cannot be read; it is refused; it goes on and on.
    let server = Server::start().await;
    server.befall(1, lost(Duration::ZERO, Ending::Close));
    let refused = Shape::Api(StatusCode::FORBIDDEN, "no".to_owned());
    let list = FaultRule::chance(1.0, 1, Fault::Respond(refused)).method(Method::GET);
    server.emulator.faults().add(list);
    let error = server.run().key("1").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::InDoubt, Applied::Maybe)
    );
    assert!(!error.is_retryable());
    let doubt: &RunInDoubt = error.as_cause().unwrap();
    assert_eq!(doubt.name(), "Sunset [1]");
    let shown = format!("{error:#}");
    let told = "whether the run `Sunset [1]` was started is not known: the workflows could not be \
                listed: 403 Forbidden: no";
    assert!(shown.starts_with(told), "{shown}");
    assert_eq!(server.creates(), 1);
    server.emulator.faults().clear();
    // It can be found out later.
    let found = server.api.workflows().adopt(doubt.name()).await.unwrap();
    let outcome = server.api.workflows().outcome(&found.unwrap().id).await;
    assert_eq!(outcome.unwrap().outputs().len(), 2);

    // The API says yes, and does not list it.
    let server = Server::start().await;
    let yes = Shape::Api(StatusCode::CREATED, "fine".to_owned());
    server.befall(1, Fault::Respond(yes));
    let error = server.run().settle_after(SOON).await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("said that it was, and does not list it"),
        "{error}"
    );
    assert_eq!(server.creates(), 1);

    // What can be sent once is sent once.
    let server = Server::start().await;
    server.befall(1, Fault::End(Ending::Close));
    let once = Body::from_stream(stream::iter([Ok::<_, std::io::Error>("picture")]));
    let new = new().file("photo", "photo.png", once);
    let run = server.api.run(new).settle_after(SOON);
    let error = run.await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("was lost, and is not sent again"),
        "{error}"
    );
    assert_eq!((server.creates(), server.runs().await.len()), (1, 0));

    // Lost again and again.
    let server = Server::start().await;
    server.befall(9, Fault::End(Ending::Close));
    let error = server.run().settle_after(SOON).await.unwrap_err();
    assert!(
        error.to_string().ends_with("4 requests for it were lost"),
        "{error}"
    );
}

#[tokio::test]
async fn what_the_api_refuses_is_not_looked_for() {
    let server = Server::start().await;
    for status in [StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN] {
        server.befall(1, Fault::Respond(Shape::Api(status, "no".to_owned())));
        let error = server.run().await.unwrap_err();
        assert_eq!(
            (error.status(), error.applied()),
            (Some(status), Applied::No)
        );
    }
    let seen = server.emulator.captured_requests();
    assert!(seen.iter().all(|seen| seen.method() == Method::POST) && seen.len() == 2);
}

#[tokio::test]
async fn a_program_that_was_started_again_goes_on_with_the_run_of_its_key() {
    let server = Server::start().await;
    let first = server.run().key("row 17").await.unwrap();
    let resumed = || server.run().settle_after(Duration::ZERO).resume();
    let again = resumed().key("row 17").await.unwrap();
    assert!(again.was_adopted() && again.id() == first.id());
    let other = resumed().key("row 18").await.unwrap();
    assert!(!other.was_adopted() && other.id() != first.id());
    assert_eq!(server.runs().await.len(), 2);
}

#[tokio::test]
async fn a_run_is_found_far_down_a_list_that_grows() {
    let server = Server::start().await;
    let workflows = server.api.workflows();
    let id = server.run().key("row 17").await.unwrap().id().clone();
    // What appears is like the newest.
    server.run().key("other").await.unwrap();
    for _ in 0..3 {
        let grow = FaultRule::next(1, Fault::List(ListFault::Grow(150))).method(Method::GET);
        server.emulator.faults().add(grow);
        workflows.list().page(1).await.unwrap();
    }
    let grow = FaultRule::chance(1.0, 1, Fault::List(ListFault::Grow(7))).method(Method::GET);
    server.emulator.faults().add(grow);
    let adopt = workflows
        .adopt("Sunset [row 17]")
        .settle_after(Duration::ZERO);
    assert_eq!(adopt.await.unwrap().unwrap().id, id);
    let adopt = workflows
        .adopt("Sunset [row 18]")
        .settle_after(Duration::ZERO);
    assert!(adopt.await.unwrap().is_none());
}

// === support ===

/// Longer than the server does anything late.
const SETTLE: Duration = Duration::from_secs(3);
/// Where it does nothing late.
const SOON: Duration = Duration::from_millis(200);

struct Server {
    emulator: Emulator,
    api: Api,
}

impl Server {
    async fn start() -> Self {
        let builder = Emulator::builder().limit(None).run_time(Duration::ZERO);
        let builder = builder.sse_interval(20 * MILLISECOND);
        let emulator = builder.start().await.unwrap();
        let client = emulated::builder(&emulator, "cfc_twice0twice0twice0");
        let client = client.rate_limit(RateLimitMode::Off).timeout(30 * SECOND);
        let api = Api::new(client.build().unwrap());
        Self { emulator, api }
    }

    /// What befalls the next creations.
    fn befall(&self, requests: u32, fault: Fault) {
        let rule = FaultRule::next(requests, fault).method(Method::POST);
        self.emulator.faults().add(rule);
    }

    fn run(&self) -> comfycontrol_api::Run {
        self.api.run(new()).settle_after(SETTLE)
    }

    fn creates(&self) -> usize {
        let seen = self.emulator.captured_requests();
        seen.iter()
            .filter(|seen| seen.method() == Method::POST)
            .count()
    }

    async fn runs(&self) -> Vec<WorkflowSummary> {
        self.emulator.faults().clear();
        let runs = self.api.workflows().list().items();
        runs.try_collect().await.unwrap()
    }
}

fn new() -> NewWorkflow {
    NewWorkflow::new("Sunset", r#"{"6": {}}"#).text("prompt", "a sunset")
}

fn lost(after: Duration, ending: Ending) -> Fault {
    Fault::LoseResponse { after, ending }
}
