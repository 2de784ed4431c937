use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::Empty;
use tokio::sync::oneshot::{self, Receiver, Sender, error::RecvError};

/// A request as all stacks here take it.
pub type Req = Request<Empty<Bytes>>;

/// A response as the services at the bottom send it.
pub type Res = Response<Late>;

/// A body of one piece, which comes when it is sent, or breaks off when its sender is dropped.
#[derive(Debug)]
pub struct Late(Receiver<Bytes>);

impl Body for Late {
    type Data = Bytes;
    type Error = RecvError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RecvError>>> {
        if self.0.is_terminated() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.0)
            .poll(cx)
            .map(|data| Some(data.map(Frame::data)))
    }
}

/// A GET of `uri`.
pub fn get(uri: &str) -> Req {
    Request::get(uri).body(Empty::new()).expect("a URI")
}

/// A GET of something of the API's.
pub fn request() -> Req {
    get("https://api.example/v1/user")
}

/// The head of a response, and what sends its body.
pub fn head(status: u16) -> (Res, Sender<Bytes>) {
    let (send, body) = oneshot::channel();
    let response = Response::builder().status(status).body(Late(body));
    (response.expect("a status"), send)
}

/// A response whose body is there.
pub fn response(status: u16, body: &'static str) -> Res {
    let (response, send) = head(status);
    send.send(body.into()).expect("the body is held");
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};

    use super::*;

    #[test]
    fn a_body_comes_when_it_is_sent() {
        let (response, send) = head(200);
        let mut body = task::spawn(response.into_body().collect());
        assert_pending!(body.poll());
        send.send("late".into()).unwrap();
        assert_eq!(assert_ready_ok!(body.poll()).to_bytes(), "late");
    }

    #[test]
    fn a_body_breaks_off_with_its_sender() {
        let (response, send) = head(200);
        drop(send);
        assert_ready_err!(task::spawn(response.into_body().collect()).poll());
    }
}
