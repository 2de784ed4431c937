//! What requests cost the emulator in memory: no more than in proportion to their size.

use allocation_counter::{AllocationInfo, measure};
use bytes::Bytes;
use comfycontrol_emulator::{EdgeService, Emulator};
use comfycontrol_test::at_once;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tower::Service;

#[tokio::test(start_paused = true)]
async fn a_form_costs_in_proportion_to_its_size_whatever_its_parts_are_called() {
    let cost = |n: usize| {
        let mut account = Account::open();
        let first = "x".repeat(n * 100);
        let mut parts = vec![("name", "one"), ("workflow_json", "{}"), ("$a", &first)];
        parts.extend((0..n).map(|_| ("$a", "x")));
        let form = form(&parts);
        let size = form.len();
        let (status, cost) = account.cost("/v1/workflow", form);
        assert_eq!(status, StatusCode::CREATED);
        (size, cost)
    };
    let (_, once) = cost(400);
    let (size, twice) = cost(800);
    assert!(
        twice.bytes_total < once.bytes_total * 5 / 2,
        "{once:?} {twice:?}"
    );
    assert!(twice.bytes_max < 8 * size as u64, "{size} {twice:?}");
}

#[tokio::test(start_paused = true)]
async fn a_graph_costs_a_few_times_its_text() {
    // Taken apart, each of these small objects takes several hundred bytes.
    let objects = vec![r#"{"a":0}"#; 100_000].join(",");
    let graph = format!(r#"{{"1":{{"inputs":[{objects}]}}}}"#);
    let mut account = Account::open();
    let (status, cost) = account.cost("/v1/workflow", submission(&graph));
    assert_eq!(status, StatusCode::CREATED);
    assert!(
        cost.bytes_max < 6 * graph.len() as u64,
        "{} {cost:?}",
        graph.len()
    );
    assert!(
        cost.bytes_current < 2 * graph.len() as i64,
        "{} {cost:?}",
        graph.len()
    );
}

#[tokio::test(start_paused = true)]
async fn a_rerun_shares_the_graph() {
    let mut account = Account::open();
    let graph = format!(r#"{{"1":"{}"}}"#, "x".repeat(1_000_000));
    let made = account.post("/v1/workflow", submission(&graph)).await;
    let path = format!("/v1/workflow/{}/rerun", made["id"].as_str().unwrap());
    let (status, cost) = account.cost(&path, form(&[("$a", "b")]));
    assert_eq!(status, StatusCode::CREATED);
    assert!(cost.bytes_total < 100_000, "{cost:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_account_keeps_is_bounded() {
    let builder = Emulator::builder().max_kept_bytes(300_000).runners(3);
    let mut account = Account::of(builder);
    let graph = format!(r#"{{"1":"{}"}}"#, "x".repeat(100_000));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let (status, _) = account.cost("/v1/workflow", submission(&graph));
        statuses.push(status.as_u16());
    }
    assert_eq!(statuses, [201, 201, 403, 403]);
}

#[test]
fn captured_heads_are_bounded_by_their_bytes() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let emulator = Emulator::builder().max_captured_bytes(200_000);
    let emulator = runtime.block_on(emulator.start()).unwrap();
    let value = "x".repeat(10_000);
    // The first connection makes what all of them need.
    runtime.block_on(throttled(&emulator, &value, 41));
    emulator.clear_captured_requests();
    let used = measure(|| runtime.block_on(throttled(&emulator, &value, 500)));
    let kept = emulator.captured_requests();
    assert!((10..=20).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept.last().unwrap().headers()["x-number"], "499");
    assert!(used.bytes_current < 400_000, "{used:?}");
    // The caller gets the same heads, not copies.
    let seen = measure(|| drop(emulator.captured_requests()));
    assert!(seen.bytes_total < 1_000, "{seen:?}");
}

// === support ===

/// An emulated account without sockets, and a token to it.
struct Account {
    service: EdgeService,
    token: String,
}

impl Account {
    fn open() -> Self {
        Self::of(Emulator::builder())
    }

    fn of(builder: comfycontrol_emulator::EmulatorBuilder) -> Self {
        let service = builder.limit(None).service();
        let token = service.tokens().create("test", None);
        Self { service, token }
    }

    fn request(&self, path: &str, form: String) -> Request<Full<Bytes>> {
        Request::post(path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "multipart/form-data; boundary=XX")
            .body(form.into())
            .unwrap()
    }

    /// What it takes to respond to this form, without the form itself.
    fn cost(&mut self, path: &str, form: String) -> (StatusCode, AllocationInfo) {
        let request = self.request(path, form);
        let mut status = None;
        let cost = measure(|| {
            let response = at_once(self.service.call(request)).unwrap();
            status = Some(response.status());
        });
        (status.unwrap(), cost)
    }

    async fn post(&mut self, path: &str, form: String) -> Value {
        let request = self.request(path, form);
        let response = self.service.call(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&body).unwrap()
    }
}

fn submission(graph: &str) -> String {
    form(&[("name", "one"), ("workflow_json", graph)])
}

/// A form of (name, content); that of the graph is a file.
fn form(parts: &[(&str, &str)]) -> String {
    let mut form = String::new();
    for (name, content) in parts {
        let file = match *name {
            "workflow_json" => "; filename=\"graph.json\"",
            _ => "",
        };
        form += &format!(
            "--XX\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n"
        );
    }
    form + "--XX--\r\n"
}

/// So many requests over one connection, without a token and above the limit.
async fn throttled(emulator: &Emulator, value: &str, requests: u32) {
    let url = emulator.http_url();
    let stream = TcpStream::connect(url.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    let (mut client, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    for number in 0..requests {
        let request = Request::get("/")
            .header("host", "a")
            .header("x-number", number);
        let request = request.header("x-large", value).body(Empty::<Bytes>::new());
        let response: Response<_> = client.send_request(request.unwrap()).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    drop(client);
    connection.await.unwrap().unwrap();
}
