//! What can go wrong with a request or its response.

use std::time::Duration;

use crate::{Coding, Ending, EventFault, FileFault, Length, ListFault, Shape};

/// What goes wrong with a request or its response.
///
/// A fault that does not fit passes a response by: [`List`](Self::List) changes lists only. Several
/// can hit one request; see [`FaultRule::and`](crate::FaultRule::and).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The body begins with a byte order mark.
    ByteOrderMark,
    /// The response comes so much later.
    Delay(Duration),
    /// Over HTTP/1.1, so many `103 Early Hints` come before the response, at most 100,000.
    EarlyHints(u32),
    /// The body is coded, and `content-encoding` names the coding, asked for or not.
    Encode(Coding),
    /// This comes in place of the response; see [`Reset`](Self::Reset) for the commonest.
    End(Ending),
    /// This comes after so many bytes of the body, whatever `content-length` promises.
    EndInBody {
        /// Bytes of the body that are sent before; all of them if there are fewer.
        after: usize,
        /// How the response ends.
        ending: Ending,
    },
    /// This hits the events of a subscription.
    Events(EventFault),
    /// This hits a file of the storage.
    File(FileFault),
    /// The connection takes no further request: over HTTP/2 GOAWAY(NO_ERROR) comes with the
    /// response, over HTTP/1.1 `connection: close`.
    GoAway,
    /// The head grows by so many fields that take so many bytes together.
    Head {
        /// Bytes of the added fields, each counted as a line of HTTP/1.1: name, colon, blank,
        /// value and line end. At most 16 MiB, and 18 for each field at least.
        bytes: usize,
        /// Added fields, at most 10,000.
        fields: usize,
    },
    /// The response says this of the length of its body.
    Length(Length),
    /// This hits a list, page by page.
    List(ListFault),
    /// The API does what the request asks for, and the client never hears of it.
    LoseResponse {
        /// How long after the request has arrived the API does it; the response ends at once. An
        /// [`EdgeService`](crate::EdgeService) does it at once.
        after: Duration,
        /// How it ends, in place of the response.
        ending: Ending,
    },
    /// The connection is reset before the head of the response.
    Reset,
    /// The connection is reset after half of the body, or the first event.
    ResetInBody,
    /// This response comes instead of the API's, which never sees the request. The body of
    /// the request is not read: over HTTP/2 RST_STREAM(NO_ERROR) follows the response to an
    /// upload, over HTTP/1.1 the connection is closed.
    Respond(Shape),
    /// Nothing more comes after half of the body, or the first event.
    Stall,
    /// The body ends, properly framed, after its half or its first event.
    Truncate,
    /// The response calls itself `text/html`.
    WrongContentType,
}
