//! What befalls which request. It follows from the seed, the call's number and how often the server
//! has seen the call.

use std::time::Duration;

use comfycontrol_benches::draw::Draw;

use crate::call::Call;

/// What goes wrong with one request. The names are those of the summary.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// A latency spike.
    Late(Duration),
    /// No head, and no end.
    SilentBeforeHead,
    /// The connection is reset before a response begins; nothing is done.
    ResetBeforeHead,
    /// The connection is reset within the head; the call is done.
    ResetInHead,
    ResetInBody,
    /// The connection is reset after the last byte.
    ResetAtEnd,
    CloseBeforeHead,
    CloseInBody,
    /// The stream ends before the head; nothing is done.
    StreamBeforeHead(h2::Reason),
    StreamInBody(h2::Reason),
    Refused,
    /// The call is done, and its response lost with the connection.
    Lost,
    /// Fewer bytes than were announced.
    Short,
    SilentInBody,
    GoAway,
    GoAwayAbruptly(h2::Reason),
    /// A failure of the server, by its number in the list of shapes; the call is done or not.
    Failure(u8, bool),
    Throttled(u8),
    Gzip,
    GzipMembers,
    GzipCut,
    GzipWrongSum,
    UnknownCoding,
    LargeHead,
    ManyFields,
    Informational,
    /// The server ends with all connections, and comes back on the same port.
    Restart,
    /// A new token, and the old one is good for a while.
    Rotate,
    /// A new token, when the old one is already refused.
    Revoke,
    /// An error that shows the token that was sent, in one of several forms.
    Echo(u8),
}

impl Fault {
    /// What it is counted as.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Late(_) => "latency spike",
            Self::SilentBeforeHead => "stall before the head",
            Self::ResetBeforeHead => "reset before the head",
            Self::ResetInHead => "reset in the head",
            Self::ResetInBody => "reset in the body",
            Self::ResetAtEnd => "reset at the end",
            Self::CloseBeforeHead => "close before the head",
            Self::CloseInBody => "close in the body",
            Self::StreamBeforeHead(_) => "RST_STREAM before the head",
            Self::StreamInBody(_) => "RST_STREAM in the body",
            Self::Refused => "refused stream",
            Self::Lost => "response lost, call done",
            Self::Short => "short body",
            Self::SilentInBody => "stall in the body",
            Self::GoAway => "GOAWAY",
            Self::GoAwayAbruptly(_) => "GOAWAY at once",
            Self::Failure(_, false) => "5xx, call not done",
            Self::Failure(_, true) => "5xx, call done",
            Self::Throttled(_) => "429",
            Self::Gzip => "gzip",
            Self::GzipMembers => "gzip of several members",
            Self::GzipCut => "gzip cut short",
            Self::GzipWrongSum => "gzip with a wrong checksum",
            Self::UnknownCoding => "unknown coding",
            Self::LargeHead => "head of 100 kB",
            Self::ManyFields => "head of 500 fields",
            Self::Informational => "1xx before the response",
            Self::Restart => "restart on the same port",
            Self::Rotate => "token rotated",
            Self::Revoke => "token revoked at once",
            Self::Echo(_) => "token shown in an error",
        }
    }
}

/// What befalls the request that brings this call to the server for the `attempt`th time, if
/// anything does.
pub(crate) fn fault(seed: u64, call: Call, attempt: u32) -> Option<Fault> {
    let mut draw = call.draw(seed, FAULT + u64::from(attempt));
    storm(seed, call, &mut draw).or_else(|| single(&mut draw))
}

/// Calls that follow each other fail together now and then.
fn storm(seed: u64, call: Call, draw: &mut Draw) -> Option<Fault> {
    let calls = u64::from(call.number) / 16;
    let mut weather = Draw::of(seed, &[call.process.into(), calls, WEATHER]);
    if !weather.happens(60) || !draw.happens(600) {
        return None;
    }
    Some(match weather.below(6) {
        0 => Fault::Throttled(draw.below(THROTTLED) as u8),
        1 => Fault::Late(Duration::from_millis(draw.below(1_500))),
        2 => Fault::ResetBeforeHead,
        3 => Fault::Refused,
        _ => Fault::Failure(draw.below(FAILURES) as u8, draw.happens(500)),
    })
}

fn single(draw: &mut Draw) -> Option<Fault> {
    if !draw.happens(300) {
        return None;
    }
    let reasons = [
        h2::Reason::CANCEL,
        h2::Reason::ENHANCE_YOUR_CALM,
        h2::Reason::INTERNAL_ERROR,
        h2::Reason::NO_ERROR,
    ];
    Some(match draw.below(60) {
        0..=9 => Fault::Late(Duration::from_millis(draw.below(400))),
        10 => Fault::SilentBeforeHead,
        11 | 12 => Fault::ResetBeforeHead,
        13 | 14 => Fault::ResetInHead,
        15 | 16 => Fault::ResetInBody,
        17 => Fault::ResetAtEnd,
        18 => Fault::CloseBeforeHead,
        19 => Fault::CloseInBody,
        20..=22 => Fault::StreamBeforeHead(draw.one_of(&reasons)),
        23..=25 => Fault::StreamInBody(draw.one_of(&reasons)),
        26..=28 => Fault::Refused,
        29..=31 => Fault::Lost,
        32 | 33 => Fault::Short,
        34 => Fault::SilentInBody,
        35 | 36 => Fault::GoAway,
        37 => Fault::GoAwayAbruptly(draw.one_of(&reasons)),
        38..=41 => Fault::Failure(draw.below(FAILURES) as u8, draw.happens(500)),
        42 if draw.happens(300) => Fault::Throttled(draw.below(THROTTLED) as u8),
        42..=45 => Fault::Gzip,
        46 => Fault::GzipMembers,
        47 => Fault::GzipCut,
        48 => Fault::GzipWrongSum,
        49 => Fault::UnknownCoding,
        50 => Fault::LargeHead,
        51 => Fault::ManyFields,
        52 | 53 => Fault::Informational,
        54 => Fault::Restart,
        55 => Fault::Rotate,
        56 => Fault::Revoke,
        _ => Fault::Echo(draw.below(3) as u8),
    })
}

/// How many shapes of each kind there are.
pub(crate) const FAILURES: u64 = 8;
pub(crate) const THROTTLED: u64 = 15;

const FAULT: u64 = 100;
const WEATHER: u64 = 4;
