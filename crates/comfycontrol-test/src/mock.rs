use std::task::Poll;

use tokio_test::assert_ready;
use tower_test::mock::{self, Handle, Mock, SendResponse};

use crate::messages::{Req, Res};

/// The service at the bottom of a stack. It panics when an instance is called that was not made
/// ready.
pub type Inner = Mock<Req, Res>;

/// What the test does with the requests that have come down to [`Inner`].
pub type Server = Handle<Req, Res>;

/// A service, and what sends its responses.
pub fn pair() -> (Inner, Server) {
    mock::pair()
}

/// The one request that must have arrived, and what sends its response.
#[track_caller]
pub fn next_request<T, U>(server: &mut Handle<T, U>) -> (T, SendResponse<U>) {
    assert_ready!(server.poll_request(), "nothing was sent").expect("the service is gone")
}

/// What sends the response to the one request that must have arrived.
#[track_caller]
pub fn arrived<T, U>(server: &mut Handle<T, U>) -> SendResponse<U> {
    next_request(server).1
}

/// Fails if a request has arrived.
#[track_caller]
pub fn nothing_arrived<T, U>(server: &mut Handle<T, U>) {
    let sent = server.poll_request();
    assert!(!matches!(sent, Poll::Ready(Some(_))), "a request was sent");
}
