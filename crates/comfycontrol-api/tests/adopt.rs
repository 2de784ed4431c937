//! When a run that cannot be seen is certainly not there, under a paused clock: a service in place
//! of the network.

use std::future::ready;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comfycontrol::{Body, Client};
use comfycontrol_api::{Api, InvalidField, NewWorkflow, RunInDoubt};
use comfycontrol_test::{SECOND, now};
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::service_fn;

#[tokio::test(start_paused = true)]
async fn a_run_that_starts_minutes_after_its_request_was_lost_is_not_paid_twice() {
    for late in [0, 1, 30, 119, 179] {
        let (api, server) = api(Some(late * SECOND));
        let outcome = api.run(new()).key("KEY").await.unwrap();
        assert!(outcome.was_adopted());
        let server = server.lock().unwrap();
        assert_eq!(server.creates.len(), 1, "{late}");
        let took = server.start.elapsed();
        assert!(took <= (late + 31) * SECOND, "{late}: {took:?}");
        assert!(server.lists <= 12, "{}", server.lists);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_is_sent_again_three_minutes_after_its_request_was_lost_and_no_earlier() {
    let (api, server) = api(None);
    api.run(new()).key("KEY").await.unwrap();
    let server = server.lock().unwrap();
    let [first, again] = server.creates[..] else {
        panic!("{:?}", server.creates)
    };
    assert!((180 * SECOND..200 * SECOND).contains(&(again - first)));
    assert_eq!(server.runs.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_away_is_waited_for_and_then_nothing_is_known() {
    let (api, server) = api(None);
    server.lock().unwrap().away = true;
    let error = api.run(new()).key("KEY").await.unwrap_err();
    assert!(error.as_cause::<RunInDoubt>().is_some());
    let server = server.lock().unwrap();
    assert_eq!(server.creates.len(), 1);
    let took = server.start.elapsed();
    assert!((480 * SECOND..600 * SECOND).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_cut_off_is_read_again_and_nothing_is_paid_twice() {
    let (api, server) = api(Some(SECOND));
    server.lock().unwrap().cut = 4;
    assert!(api.run(new()).key("KEY").await.unwrap().was_adopted());
    let server = server.lock().unwrap();
    assert_eq!((server.creates.len(), server.lists), (1, 5));
}

/// Five minutes after it was sent, one look is enough; what this session loses is waited for in
/// full.
#[tokio::test(start_paused = true)]
async fn what_was_sent_long_ago_is_looked_for_once() {
    let (api, server) = api(None);
    let run = api.run(new()).key("KEY").resume();
    run.resume_sent_before(300 * SECOND).await.unwrap();
    let server = server.lock().unwrap();
    let [first, again] = server.creates[..] else {
        panic!("{:?}", server.creates)
    };
    assert!(first - server.start < 5 * SECOND);
    assert!(again - first >= 180 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_long_list_is_read_as_far_as_the_run_can_be() {
    // By the server's clock, which is years behind the one here.
    let (api, server) = api(None);
    let adopt = |name: &str| api.workflows().adopt(name).settle_after(Duration::ZERO);
    fill(&server, 5_000);
    assert!(
        adopt("nobody")
            .created_within(30 * SECOND)
            .await
            .unwrap()
            .is_none()
    );
    assert!(server.lock().unwrap().lists <= 12);
    let found = adopt("850")
        .created_within(30 * SECOND)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.name, "850");
    // Where nothing is too old, it is not known.
    let error = adopt("nobody").await.unwrap_err();
    let told = "whether the run `nobody` was started is not known: it is not among the last 2000 of the list";
    assert_eq!(error.to_string(), told);
    fill(&server, 1_500);
    assert!(adopt("nobody").await.unwrap().is_none());
    assert_eq!(adopt("1499").await.unwrap().unwrap().name, "1499");
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_name_the_server_writes_in_another_form_is_not_paid_twice() {
    // Normalised; trimmed; collapsed.
    for listed_as in ["S\u{fc}nset [KEY]", "[KEY]", "  Su nset  [KEY] "] {
        let (api, server) = api(Some(Duration::ZERO));
        server.lock().unwrap().listed_as = listed_as;
        let outcome = api.run(new()).key("KEY").await.unwrap();
        assert!(outcome.was_adopted());
        assert_eq!(server.lock().unwrap().creates.len(), 1, "{listed_as}");
    }
    // What may be it is not known to be absent.
    for listed_as in ["Sunset [KEY] (2)", "Sunset KEY", "SUNSET [key]"] {
        let (api, server) = api(Some(Duration::ZERO));
        server.lock().unwrap().listed_as = listed_as;
        let error = api.run(new()).key("KEY").await.unwrap_err();
        let doubt: &RunInDoubt = error.as_cause().unwrap();
        assert!(doubt.to_string().ends_with("may be it"), "{doubt}");
        assert_eq!(server.lock().unwrap().creates.len(), 1, "{listed_as}");
    }
    // Other runs are no reason.
    for listed_as in ["Sunset [KEY 2]", "Sunset KEYS"] {
        let (api, server) = api(Some(Duration::ZERO));
        server.lock().unwrap().listed_as = listed_as;
        api.run(new()).key("KEY").await.unwrap();
        assert_eq!(server.lock().unwrap().creates.len(), 2, "{listed_as}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_a_server_may_change_or_another_name_may_have_sends_nothing() {
    let (api, server) = api(None);
    for key in ["b] [c", " a", "a  b", "caf\u{e9}", "a\tb"] {
        let error = api.run(new()).key(key).await.unwrap_err();
        let field: &InvalidField = error.as_cause().unwrap();
        assert_eq!(field.field(), "key");
    }
    assert!(server.lock().unwrap().creates.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_run_is_resumed_on_an_account_of_thousands_of_runs() {
    let (api, server) = api(None);
    fill(&server, 5_000);
    let run = || api.run(new()).key("KEY").settle_after(Duration::ZERO);
    let error = run().resume().await.unwrap_err();
    assert!(error.as_cause::<RunInDoubt>().is_some());
    assert!(server.lock().unwrap().creates.is_empty());
    // Its first request is lost, and there is no run.
    let outcome = run().resume_within(30 * SECOND).await.unwrap();
    assert!(!outcome.was_adopted());
    assert_eq!(server.lock().unwrap().creates.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_list_of_just_as_many_as_are_read_has_ended() {
    let (api, server) = api(None);
    for (count, is_known) in [(1_999, true), (2_000, true), (2_001, false)] {
        fill(&server, count);
        let adopt = api.workflows().adopt("nobody");
        let adopted = adopt.settle_after(Duration::ZERO).await;
        assert_eq!(adopted.is_ok(), is_known, "{count}");
    }
}

// === support ===

/// Ten runs a second.
fn fill(server: &Mutex<Server>, count: usize) {
    let mut server = server.lock().unwrap();
    server.lists = 0;
    server.runs = (0..count)
        .map(|n| run(&format!("{n}"), n as f64 / 10.0))
        .collect();
}

/// A server that loses its first response.
struct Server {
    start: Instant,
    creates: Vec<Instant>,
    lists: usize,
    away: bool,
    /// So many lists end in the middle.
    cut: usize,
    /// What the list calls the run that is looked for.
    listed_as: &'static str,
    /// How long after the first request, which is lost, its run starts, if it does.
    late: Option<Duration>,
    runs: Vec<Value>,
}

fn api(late: Option<Duration>) -> (Api, Arc<Mutex<Server>>) {
    let server = Arc::new(Mutex::new(Server {
        start: now(),
        creates: Vec::new(),
        lists: 0,
        away: false,
        cut: 0,
        listed_as: NAME,
        late,
        runs: Vec::new(),
    }));
    let state = server.clone();
    let transport =
        service_fn(move |request: Request<Body>| ready(state.lock().unwrap().respond(&request)));
    let client = Client::builder()
        .token("cfc_test0000000")
        .transport(transport);
    (Api::new(client.build().unwrap()), server)
}

impl Server {
    fn respond(&mut self, request: &Request<Body>) -> Result<Response<Body>, io::Error> {
        if let Some(late) = self.late
            && self
                .creates
                .first()
                .is_some_and(|first| first.elapsed() >= late)
        {
            self.late = None;
            self.runs.push(run("late", 0.0));
        }
        let path = request.uri().path();
        if request.method() == Method::POST {
            self.creates.push(now());
            if self.creates.len() == 1 {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            self.runs.push(run("again", 0.0));
            return Ok(respond(201, &self.runs[0]));
        }
        if path == "/v1/workflow" {
            self.lists += 1;
            let status = if self.away { 503 } else { 200 };
            if self.lists <= self.cut {
                let page = self.page(request).to_string();
                return Ok(Response::new(Body::from(page[..page.len() / 2].to_owned())));
            }
            return Ok(respond(status, &self.page(request)));
        }
        if path.ends_with("/subscribe") {
            let event = "data: {\"status\":\"completed\"}\n\n";
            let mut response = Response::new(Body::from(event));
            let events = "text/event-stream".parse().unwrap();
            response.headers_mut().insert("content-type", events);
            return Ok(response);
        }
        Ok(respond(200, &json!([])))
    }

    fn page(&self, request: &Request<Body>) -> Value {
        let query = request.uri().query().unwrap_or_default();
        let number = |name: &str| -> usize {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(key, _)| *key == name).unwrap();
            value.parse().unwrap()
        };
        let (page, size) = (number("page"), number("per_page"));
        let runs = self.runs.iter().skip((page - 1) * size).take(size);
        let runs = runs.cloned().map(|mut run| {
            if run["name"] == NAME {
                run["name"] = self.listed_as.into();
            }
            run
        });
        json!({ "workflows": runs.collect::<Vec<_>>(), "total": self.runs.len() })
    }
}

/// A run that was created so many seconds ago; of the one that is looked for, the name is not known
/// here.
fn run(id: &str, ago: f64) -> Value {
    let date: jiff::Timestamp = "2024-01-15T10:30:00Z".parse().unwrap();
    let created = date - jiff::SignedDuration::from_secs_f64(ago);
    let name = if id.parse::<u32>().is_ok() { id } else { NAME };
    json!({ "id": id, "name": name, "status": "queued", "created_at": created.to_string() })
}

fn respond(status: u16, json: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(json.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    let date = "Mon, 15 Jan 2024 10:30:00 GMT".parse().unwrap();
    response.headers_mut().insert("date", date);
    response
}

fn new() -> NewWorkflow {
    NewWorkflow::new("Sunset", r#"{"6": {}}"#)
}

const NAME: &str = "Sunset [KEY]";
