//! Responses on their way out, and what a fault does to them.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};

use crate::Body;
use crate::api::{Payload, Subscription};
use crate::responses::Damage;

/// A response whose body is still to be made, and the damage that body takes.
#[derive(Debug)]
pub(crate) struct Outgoing {
    response: Response<Payload>,
    damage: Option<Damage>,
}

/// What a fault does to a response.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Alteration {
    Damage(Damage),
    /// The response calls itself something else than it is.
    Mislabel,
}

impl Outgoing {
    pub(super) fn new(mut response: Response<Payload>, alteration: Option<Alteration>) -> Self {
        let mut damage = None;
        match alteration {
            None => {}
            Some(Alteration::Damage(done)) => damage = Some(done),
            Some(Alteration::Mislabel) => {
                let wrong = HeaderValue::from_static("text/html; charset=UTF-8");
                response.headers_mut().insert(CONTENT_TYPE, wrong);
            }
        }
        Self { response, damage }
    }

    /// Makes the body; `subscribe` makes that of a subscription.
    pub(crate) fn into_response(
        self,
        subscribe: impl FnOnce(Subscription) -> Body,
    ) -> Response<Body> {
        let Self { response, damage } = self;
        response.map(|payload| {
            let body = match payload {
                Payload::Body(body) => body,
                Payload::Events(subscription) => subscribe(subscription),
            };
            match damage {
                None => body,
                Some(damage) => body.damaged(damage),
            }
        })
    }
}

impl From<Response<Body>> for Outgoing {
    fn from(response: Response<Body>) -> Self {
        Self::new(response.map(Payload::Body), None)
    }
}
