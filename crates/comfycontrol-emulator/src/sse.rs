//! The progress of a run as server-sent events, read from the API while it lasts.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http::Response;
use tokio::time::{Sleep, sleep};

use crate::api::{Subscription, Turn, turn};
use crate::gateway::Outgoing;
use crate::shared::Shared;
use crate::{Body, clock};

/// The response as it is sent: a subscription in it reads from `shared`.
pub(crate) fn response(shared: &Arc<Shared>, outgoing: Outgoing) -> Response<Body> {
    outgoing.into_response(|subscription| {
        Body::streamed(Events {
            shared: shared.clone(),
            subscription,
            sent: 0,
            pause: None,
            silent: false,
        })
    })
}

struct Events {
    shared: Arc<Shared>,
    /// What is left of it.
    subscription: Subscription,
    sent: u32,
    pause: Option<Pin<Box<Sleep>>>,
    /// Nothing more comes.
    silent: bool,
}

impl Stream for Events {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let this = &mut *self;
        if this.silent {
            return Poll::Pending;
        }
        if this.subscription.max_events == 0 {
            return Poll::Ready(None);
        }
        if let Some(pause) = &mut this.pause {
            ready!(pause.as_mut().poll(cx));
        }
        let now = clock::now();
        let state = this.shared.at(now);
        let update = state.pipeline.update(now, &this.subscription.workflow_id);
        drop(state);

        let Some(update) = update else {
            return Poll::Ready(None);
        };
        this.subscription.max_events = if update.is_last {
            0
        } else {
            this.subscription.max_events - 1
        };
        let sent = this.sent;
        this.sent += 1;
        this.pause = Some(Box::pin(sleep(this.subscription.interval)));
        match turn(&this.subscription.faults, sent, &update.data) {
            Turn::Event(text) => Poll::Ready(Some(text.into())),
            Turn::Last(text) => {
                this.subscription.max_events = 0;
                Poll::Ready(Some(text.into()))
            }
            Turn::Silence => {
                this.silent = true;
                Poll::Pending
            }
        }
    }
}
