//! Lists that are small on the wire and large in memory.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use super::body::Body;

/// `{"<key>":[0,0,…],"total":n}` with so many zeros, in pieces that share one allocation.
pub(super) fn zeros(key: &str, items: u32) -> Body {
    let key = serde_json::Value::from(key);
    Body::streamed(Zeros {
        head: Some(format!("{{{key}:[").into()),
        filler: "0,".repeat(PIECE).into(),
        left: items as usize,
        tail: Some(format!("],\"total\":{items}}}").into()),
    })
}

struct Zeros {
    head: Option<Bytes>,
    filler: Bytes,
    left: usize,
    tail: Option<Bytes>,
}

impl Stream for Zeros {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let this = &mut *self;
        if let Some(head) = this.head.take() {
            return Poll::Ready(Some(head));
        }
        if this.left == 0 {
            return Poll::Ready(this.tail.take());
        }
        let items = this.left.min(PIECE);
        this.left -= items;
        // No comma after the last.
        let end = 2 * items - usize::from(this.left == 0);
        Poll::Ready(Some(this.filler.slice(..end)))
    }
}

/// Items in one piece.
const PIECE: usize = 32 * 1024;
