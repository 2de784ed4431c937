//! Lists that change while they are read, and event streams that go wrong, of an emulated API over
//! TLS.

#[path = "support/emulated.rs"]
mod emulated;

use std::collections::HashSet;
use std::time::Duration;

use comfycontrol::{Error, RateLimitMode};
use comfycontrol_api::{
    Api, MissingList, NewWorkflow, RunnerId, WorkflowId, WorkflowStatus, WorkflowUpdate,
};
use comfycontrol_emulator::{
    Emulator, EmulatorBuilder, Ending, EventFault, Fault, FaultRule, KeepAlive, ListFault, Shape,
};
use comfycontrol_test::SECOND;
use futures_util::TryStreamExt;
use http::StatusCode;

#[tokio::test]
async fn a_list_that_changes_or_lies_is_read_whole_and_nothing_twice() {
    use ListFault::{Cap, Grow, NoTotal, NullWhenEmpty, Shrink, Total};

    for faults in [
        // As many come or go as are on a page, or fewer.
        &[Shrink(1)] as &[_],
        &[Shrink(30)],
        &[Shrink(100)],
        &[Shrink(7), NoTotal],
        &[Grow(1)],
        &[Grow(60)],
        &[Grow(9), NoTotal],
        &[Shrink(20), Grow(20)],
        &[Cap(50)],
        &[Cap(50), NoTotal],
        &[Cap(20), Shrink(20)],
        &[Cap(20), Grow(5)],
        &[Cap(7), NoTotal],
        &[NoTotal],
        &[Total(0)],
        &[Total(1_000)],
        &[NullWhenEmpty, NoTotal],
    ] {
        let server = Server::start(Emulator::builder().runners(137)).await;
        let before = ids(&server).await;
        server.emulator.faults().add(on_lists(faults));
        let read = ids(&server).await;
        server.emulator.faults().clear();
        let after = ids(&server).await;
        for id in after.intersection(&before) {
            assert!(read.contains(id), "{faults:?}: no {id}");
        }
    }
}

#[tokio::test]
async fn an_empty_list_is_null_and_a_missing_one_says_what_there_is() {
    let null = on_lists(&[ListFault::NullWhenEmpty]);
    let server = Server::start(Emulator::builder().runners(0).fault(null)).await;
    let list = server.api.templates().list();
    assert!(
        list.items()
            .try_collect::<Vec<_>>()
            .await
            .unwrap()
            .is_empty()
    );

    let missing = on_lists(&[ListFault::Missing]);
    let server = Server::start(Emulator::builder().runners(3).fault(missing)).await;
    let list = server.api.runners().list();
    let error = list.items().try_collect::<Vec<_>>().await.unwrap_err();
    let keys = error.as_cause::<MissingList>().unwrap().keys();
    assert_eq!(keys, ["items", "total"]);
}

#[tokio::test]
async fn a_list_with_a_byte_order_mark_is_read() {
    let mark = FaultRule::next(1, Fault::ByteOrderMark);
    let server = Server::start(Emulator::builder().runners(3).fault(mark)).await;
    let list = server.api.runners().list();
    assert_eq!(list.items().try_collect::<Vec<_>>().await.unwrap().len(), 3);
}

#[tokio::test]
async fn what_keeps_a_stream_alive_is_no_state() {
    let server = followed().await;
    for keep_alive in KeepAlive::ALL {
        let id = run(&server).await;
        server
            .emulator
            .faults()
            .add(on_events(EventFault::KeepAlive(keep_alive)));
        assert_whole(&follow(&server, &id).await.unwrap(), keep_alive);
    }
    for fault in [
        Fault::ByteOrderMark,
        Fault::Events(EventFault::CarriageReturns),
    ] {
        let id = run(&server).await;
        server
            .emulator
            .faults()
            .add(FaultRule::next(1, fault.clone()).path_end("/subscribe"));
        assert_whole(&follow(&server, &id).await.unwrap(), fault);
    }
    let seen = server.emulator.captured_requests();
    let streams = seen
        .iter()
        .filter(|seen| seen.uri().path().ends_with("/subscribe"));
    assert_eq!(streams.count(), 12, "one each");
}

#[tokio::test]
async fn a_stream_that_ends_in_the_middle_is_taken_up_again() {
    let error = |status: u16| EventFault::Error {
        after: 1,
        status: StatusCode::from_u16(status).unwrap(),
        message: "runner lost".to_owned(),
    };
    let reset = Fault::EndInBody {
        after: 100,
        ending: Ending::Reset,
    };
    let quiet = Fault::EndInBody {
        after: 100,
        ending: Ending::NoError,
    };
    let faults = [
        Fault::Events(error(500)),
        Fault::Events(error(429)),
        Fault::Events(EventFault::Unfinished { after: 0 }),
        Fault::Events(EventFault::Unfinished { after: 2 }),
        Fault::Events(EventFault::Huge {
            after: 1,
            bytes: 2 * 1024 * 1024,
        }),
        reset,
        quiet,
        Fault::Respond(Shape::Unavailable),
    ];
    let follow = faults.map(|fault| async move {
        let server = followed().await;
        let id = run(&server).await;
        server
            .emulator
            .faults()
            .add(FaultRule::next(1, fault.clone()).path_end("/subscribe"));
        assert_whole(&follow(&server, &id).await.unwrap(), fault);
    });
    // Each waits some seconds until it asks again.
    futures_util::future::join_all(follow).await;
}

#[tokio::test]
async fn what_the_api_refuses_in_an_event_ends_the_run_s_updates() {
    let server = followed().await;
    let id = run(&server).await;
    server.emulator.faults().add(on_events(EventFault::Error {
        after: 1,
        status: StatusCode::FORBIDDEN,
        message: "not yours".to_owned(),
    }));
    let error = follow(&server, &id).await.unwrap_err();
    assert_eq!(error.to_string(), "403 Forbidden: not yours");
}

// === support ===

struct Server {
    emulator: Emulator,
    api: Api,
}

impl Server {
    /// An API that waits for no limit, and gives up rather than hang.
    async fn start(builder: EmulatorBuilder) -> Self {
        let emulator = builder.limit(None).start().await.unwrap();
        let client = emulated::builder(&emulator, "cfc_faults00faults00")
            .timeout(30 * SECOND)
            .rate_limit(RateLimitMode::Off);
        let api = Api::new(client.build().unwrap());
        Self { emulator, api }
    }
}

fn on_lists(faults: &[ListFault]) -> FaultRule {
    let (first, others) = faults.split_first().unwrap();
    let rule = FaultRule::chance(1.0, 1, Fault::List(*first));
    others
        .iter()
        .fold(rule, |rule, fault| rule.and(Fault::List(*fault)))
}

fn on_events(fault: EventFault) -> FaultRule {
    FaultRule::next(1, Fault::Events(fault))
}

/// The ids of all runners, each once.
async fn ids(server: &Server) -> HashSet<RunnerId> {
    let list = server.api.runners().list();
    let read: Vec<_> = list.items().try_collect().await.unwrap();
    let ids: HashSet<_> = read.iter().map(|runner| runner.id.clone()).collect();
    assert_eq!(ids.len(), read.len(), "one came twice");
    ids
}

/// A server whose runs are over soon and have some events.
async fn followed() -> Server {
    let builder = Emulator::builder().run_time(Duration::from_millis(60));
    Server::start(builder.sse_interval(Duration::from_millis(10))).await
}

async fn run(server: &Server) -> WorkflowId {
    let workflows = server.api.workflows();
    workflows
        .create(NewWorkflow::new("Sunset", "{}"))
        .await
        .unwrap()
        .id
}

async fn follow(server: &Server, id: &WorkflowId) -> Result<Vec<WorkflowUpdate>, Error> {
    server.api.workflows().subscribe(id).try_collect().await
}

/// Checks that nothing was told twice, and that the end was told.
#[track_caller]
fn assert_whole(updates: &[WorkflowUpdate], fault: impl std::fmt::Debug) {
    assert!(
        updates.windows(2).all(|pair| pair[0] != pair[1]),
        "{fault:?}: {updates:?}"
    );
    let (last, before) = updates.split_last().unwrap();
    assert!(!before.iter().any(WorkflowUpdate::is_terminal), "{fault:?}");
    let is_unknown = |update: &WorkflowUpdate| matches!(update.status, WorkflowStatus::Unknown(_));
    assert!(!before.iter().any(is_unknown), "{fault:?}: {updates:?}");
    assert_eq!(last.status.as_str(), "completed", "{fault:?}");
    assert!(!last.outputs.is_empty(), "{fault:?}");
}
