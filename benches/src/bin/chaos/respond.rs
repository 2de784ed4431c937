//! One request, and what becomes of it.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_emulator::{Shape, Verdict};
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use tokio::time::{sleep, timeout};

use crate::call::Call;
use crate::connection::{Line, Order};
use crate::plan::Fault;
use crate::record::Arrival;
use crate::server::Shared;
use crate::shapes;
use crate::verdicts::Invariant;

/// A request under way.
pub(crate) struct Exchange {
    pub(crate) shared: Arc<Shared>,
    pub(crate) line: Line,
    pub(crate) call: Call,
    pub(crate) head: Parts,
    pub(crate) response: SendResponse<Bytes>,
}

pub(crate) async fn respond(mut exchange: Exchange, arrival: Arrival, body: RecvStream) {
    let fault = arrival.fault;
    if fault == Some(Fault::Refused) {
        return exchange.response.send_reset(h2::Reason::REFUSED_STREAM);
    }
    exchange.judge_head(&arrival.verdict);
    match arrival.verdict {
        Verdict::Throttled { .. } => return exchange.send_shape(shapes::throttled(0)).await,
        Verdict::Unauthorized(why) => {
            let message = format!(r#"{{"status":401,"message":"{}"}}"#, why.message());
            let shape = Shape::Api(StatusCode::UNAUTHORIZED, message);
            return exchange.send_shape(shape.response()).await;
        }
        _ => {}
    }
    let Some(fault) = exchange.befall(fault).await else {
        return;
    };
    let Some(read) = read(body).await else {
        return; // its caller has gone
    };
    exchange.judge_body(&read);
    exchange.execute();
    exchange.deliver(fault).await;
}

impl Exchange {
    /// What happens before a request is looked at; what may happen later, unless that was all.
    async fn befall(&mut self, fault: Option<Fault>) -> Option<Option<Fault>> {
        match fault {
            Some(Fault::Late(delay)) => sleep(delay).await,
            Some(Fault::SilentBeforeHead) => {
                self.be_silent().await;
                return None;
            }
            Some(Fault::ResetBeforeHead) => {
                self.line.end(Order::Reset);
                return None;
            }
            Some(Fault::CloseBeforeHead) => {
                self.line.end(Order::Close);
                return None;
            }
            Some(Fault::StreamBeforeHead(reason)) => {
                self.response.send_reset(reason);
                return None;
            }
            Some(Fault::Failure(shape, false)) => {
                self.send_shape(shapes::failure(shape)).await;
                return None;
            }
            Some(Fault::Throttled(shape)) => {
                self.send_shape(shapes::throttled(shape)).await;
                return None;
            }
            Some(Fault::Echo(form)) => {
                let echo = shapes::echo(&self.head, form);
                self.send_shape(echo).await;
                return None;
            }
            Some(Fault::Restart) => {
                let _ = self.shared.restarts.send(());
            }
            Some(Fault::Rotate) => {
                let before = self.shared.record.lock().rotate();
                let shared = Arc::clone(&self.shared);
                tokio::spawn(async move {
                    sleep(GRACE).await;
                    shared.record.lock().revoke(&before);
                });
            }
            Some(Fault::Revoke) => {
                let mut record = self.shared.record.lock();
                let now = record.name();
                record.revoke(&now);
                record.rotate();
            }
            Some(Fault::GoAway) => self.line.end(Order::GoAway),
            Some(Fault::GoAwayAbruptly(reason)) => self.line.end(Order::GoAwayAbruptly(reason)),
            _ => {}
        }
        Some(fault)
    }

    /// The response, or as much of it as there is.
    async fn deliver(mut self, fault: Option<Fault>) {
        let whole = self.call.response_body(self.shared.seed);
        match fault {
            Some(Fault::Lost) => self.line.end(Order::Reset),
            Some(Fault::Failure(shape, true)) => self.send_shape(shapes::failure(shape)).await,
            Some(Fault::ResetInHead) => {
                self.line.cut.after(20);
                self.send(shapes::success(), whole);
            }
            Some(Fault::ResetInBody) => self.send_half(&whole, Half::End(Order::Reset)).await,
            Some(Fault::CloseInBody) => self.send_half(&whole, Half::End(Order::Close)).await,
            Some(Fault::StreamInBody(reason)) => self.send_half(&whole, Half::Stream(reason)).await,
            Some(Fault::SilentInBody) => self.send_half(&whole, Half::Silent).await,
            Some(Fault::Short) => self.send_half(&whole, Half::Short).await,
            Some(Fault::ResetAtEnd) => {
                let line = self.line.clone();
                self.send(shapes::success(), whole);
                sleep(A_MOMENT).await;
                line.end(Order::Reset);
            }
            Some(Fault::Informational) => {
                let hints = Response::builder().status(StatusCode::EARLY_HINTS);
                let hint = hints.body(()).expect("a response");
                let _ = self.response.send_informational(hint);
                self.send(shapes::success(), whole);
            }
            _ => {
                let (head, body) = shapes::coded(fault, whole);
                self.send(head, body);
            }
        }
    }

    fn execute(&self) {
        let mut record = self.shared.record.lock();
        if self.head.method == Method::POST {
            let times = record.execute(self.call);
            drop(record);
            self.shared
                .verdicts
                .lock()
                .check(Invariant::PostOnce, times == 1, || {
                    format!("call {} was done {times} times", self.call)
                });
        }
    }

    fn judge_head(&self, verdict: &Verdict) {
        let shows = self.shared.record.lock().head_shows_token(&self.head);
        let throttled = matches!(verdict, Verdict::Throttled { .. });
        let excuse = self.shared.excused().filter(|_| throttled);
        let mut verdicts = self.shared.verdicts.lock();
        match excuse {
            Some(why) => verdicts.excuse(why),
            None => verdicts.check(Invariant::WithinLimit, !throttled, || {
                format!("call {} was one too many", self.call)
            }),
        }
        verdicts.check(Invariant::Token, !shows, || {
            format!("the request of call {} shows a token", self.call)
        });
    }

    fn judge_body(&self, body: &Bytes) {
        let shows = self.shared.record.lock().shows_token(body);
        let same = *body == self.call.request_body(self.shared.seed);
        let mut verdicts = self.shared.verdicts.lock();
        verdicts.check(Invariant::Upload, same, || {
            format!("call {} came with {} bytes", self.call, body.len())
        });
        verdicts.check(Invariant::Token, !shows, || {
            format!("the body of call {} shows a token", self.call)
        });
    }

    fn send(&mut self, head: Response<()>, body: Bytes) {
        if let Ok(mut stream) = self.response.send_response(head, false) {
            let _ = stream.send_data(body, true);
        }
    }

    async fn send_shape(&mut self, shape: Response<comfycontrol_emulator::Body>) {
        let (head, body) = shapes::whole(shape).await;
        self.send(head, body);
    }

    async fn send_half(&mut self, whole: &Bytes, then: Half) {
        let mut head = shapes::success();
        head.headers_mut()
            .insert(CONTENT_LENGTH, whole.len().into());
        let Ok(mut stream) = self.response.send_response(head, false) else {
            return;
        };
        let half = whole.slice(..whole.len() / 2);
        let _ = stream.send_data(half, matches!(then, Half::Short));
        sleep(A_MOMENT).await;
        match then {
            Half::End(order) => self.line.end(order),
            Half::Stream(reason) => stream.send_reset(reason),
            Half::Short => {}
            Half::Silent => wait(&mut stream).await,
        }
    }

    async fn be_silent(&mut self) {
        let reset = poll_fn(|cx| self.response.poll_reset(cx));
        let _ = timeout(SILENCE, reset).await;
    }
}

/// What comes after half a body.
enum Half {
    End(Order),
    Stream(h2::Reason),
    Short,
    Silent,
}

async fn wait(stream: &mut SendStream<Bytes>) {
    let _ = timeout(SILENCE, poll_fn(|cx| stream.poll_reset(cx))).await;
}

/// The whole body of a request, unless it breaks off.
async fn read(mut body: RecvStream) -> Option<Bytes> {
    let mut read = Vec::new();
    while let Some(data) = body.data().await {
        let data = data.ok()?;
        let _ = body.flow_control().release_capacity(data.len());
        read.extend_from_slice(&data);
    }
    Some(read.into())
}

const A_MOMENT: Duration = Duration::from_millis(20);
const GRACE: Duration = Duration::from_secs(3);
const SILENCE: Duration = Duration::from_secs(30);
