//! What goes wrong with the events of a subscription.

use http::StatusCode;

use crate::responses::error_body;

/// What goes wrong with a subscription's stream of server-sent events.
///
/// Streams that do not open at all are responses in place of the stream: see
/// [`Fault::Respond`](crate::Fault::Respond) and
/// [`FaultRule::path_end`](crate::FaultRule::path_end).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum EventFault {
    /// Lines end with a carriage return and a line feed.
    CarriageReturns,
    /// After so many events, the API's error object comes as an event; then the stream ends.
    Error {
        /// Events before it.
        after: u32,
        /// The `status` of the error object.
        status: StatusCode,
        /// Its `message`.
        message: String,
    },
    /// After so many events, one of so many bytes comes without an end; then the stream ends.
    Huge {
        /// Events before it.
        after: u32,
        /// Bytes of its data, at most 64 MiB.
        bytes: usize,
    },
    /// This comes before each event, to keep the connection alive.
    KeepAlive(KeepAlive),
    /// After so many events, nothing more comes.
    Silent {
        /// Events before it.
        after: u32,
    },
    /// After so many events, one comes without the blank line that ends it; then the stream
    /// ends.
    Unfinished {
        /// Events before it.
        after: u32,
    },
}

/// What a server sends in an event stream to keep the connection alive; not a state of a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeepAlive {
    /// Blank lines.
    BlankLines,
    /// A comment: `: keep-alive`.
    Comment,
    /// `data: [DONE]`.
    Done,
    /// An event whose data is empty: `data:`.
    EmptyData,
    /// `data: {}`.
    EmptyObject,
    /// `data: null`.
    Null,
    /// A named event: `event: ping` with `data: {}`.
    Ping,
    /// An event without data: `id: 7` and `retry: 3000`.
    Retry,
    /// `data: ping`.
    Text,
    /// A named event whose data looks like a state: `event: heartbeat` with
    /// `data: {"status":"ok"}`.
    Heartbeat,
}

impl KeepAlive {
    /// Everything that keeps a connection alive.
    pub const ALL: [Self; 10] = [
        Self::BlankLines,
        Self::Comment,
        Self::Done,
        Self::EmptyData,
        Self::EmptyObject,
        Self::Null,
        Self::Ping,
        Self::Retry,
        Self::Text,
        Self::Heartbeat,
    ];

    /// The lines, as they are sent.
    pub fn lines(self) -> &'static str {
        match self {
            Self::BlankLines => "\n\n",
            Self::Comment => ": keep-alive\n\n",
            Self::Done => "data: [DONE]\n\n",
            Self::EmptyData => "data:\n\n",
            Self::EmptyObject => "data: {}\n\n",
            Self::Null => "data: null\n\n",
            Self::Ping => "event: ping\ndata: {}\n\n",
            Self::Retry => "id: 7\nretry: 3000\n\n",
            Self::Text => "data: ping\n\n",
            Self::Heartbeat => "event: heartbeat\ndata: {\"status\":\"ok\"}\n\n",
        }
    }
}

/// What is sent in the place of an event.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Turn {
    /// These bytes, and the stream goes on.
    Event(String),
    /// These bytes, and the stream ends.
    Last(String),
    Silence,
}

/// What is sent as the event that comes after `sent` others and has this data.
pub(crate) fn turn(faults: &[EventFault], sent: u32, data: &impl std::fmt::Display) -> Turn {
    let mut before = String::new();
    let mut line_end = "\n";
    let mut last = None;
    for fault in faults {
        match fault {
            EventFault::CarriageReturns => line_end = "\r\n",
            EventFault::KeepAlive(lines) => before.push_str(lines.lines()),
            EventFault::Silent { after } if *after == sent => return Turn::Silence,
            EventFault::Error {
                after,
                status,
                message,
            } if *after == sent => {
                last = Some(format!("data: {}\n\n", error_body(*status, message)));
            }
            EventFault::Huge { after, bytes } if *after == sent => {
                last = Some(format!("data: {}", "x".repeat((*bytes).min(MAX_EVENT))));
            }
            EventFault::Unfinished { after } if *after == sent => {
                last = Some(format!("data: {data}\n"));
            }
            _ => {}
        }
    }
    let finish = |text: String| match line_end {
        "\n" => text,
        line_end => text.replace('\n', line_end),
    };
    match last {
        None => Turn::Event(finish(format!("{before}data: {data}\n\n"))),
        Some(last) => Turn::Last(finish(before + &last)),
    }
}

const MAX_EVENT: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_alive_comes_before_each_event_and_lines_end_as_asked() {
        let ping = EventFault::KeepAlive(KeepAlive::Ping);
        let comment = EventFault::KeepAlive(KeepAlive::Comment);
        let faults = [ping, EventFault::CarriageReturns, comment];
        let expected = "event: ping\r\ndata: {}\r\n\r\n: keep-alive\r\n\r\ndata: 1\r\n\r\n";
        assert_eq!(turn(&faults, 0, &1), Turn::Event(expected.to_owned()));
    }

    #[test]
    fn a_stream_goes_wrong_after_its_events_and_not_before() {
        let error = EventFault::Error {
            after: 1,
            status: StatusCode::INTERNAL_SERVER_ERROR,
            message: "oh".to_owned(),
        };
        let whole = || Turn::Event("data: 1\n\n".to_owned());
        let last = |text: &str| Turn::Last(text.to_owned());
        let json = "data: {\"status\":500,\"message\":\"oh\"}\n\n";
        let huge = EventFault::Huge { after: 1, bytes: 3 };
        for (fault, expected) in [
            (error, last(json)),
            (huge, last("data: xxx")),
            (EventFault::Silent { after: 1 }, Turn::Silence),
            (EventFault::Unfinished { after: 1 }, last("data: 1\n")),
        ] {
            let faults = [fault];
            assert_eq!(turn(&faults, 0, &1), whole());
            assert_eq!(turn(&faults, 1, &1), expected);
        }
    }
}
