use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use comfycontrol_token::WithoutToken;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, Request};
use serde::Serialize;
use tower_service::Service;

use crate::client::Shared;
use crate::error::{InvalidRequest, Reason};
use crate::url::with_query;
use crate::{Body, Error, Multipart, Response, Timeouts};

/// A request in the making.
///
/// A mistake on the way is reported by [`send`](Self::send).
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    client: Arc<Shared>,
    request: Result<Request<Body>, InvalidRequest>,
    timeouts: Option<Timeouts>,
    /// Used where neither the request nor the client has timeouts of its own.
    profile: Option<Timeouts>,
    total: Option<Duration>,
}

impl RequestBuilder {
    pub(crate) fn new(client: Arc<Shared>, method: Method, path: &str) -> Self {
        let request = client.target.resolve(path).map(|uri| {
            let mut request = Request::new(Body::empty());
            // Six go out with every request, and the map grows at the seventh.
            let more = if method.is_safe() { 0 } else { BODY_HEADERS };
            let headers = FIXED_HEADERS + client.headers.len() + more;
            if headers > FIXED_HEADERS {
                request.headers_mut().reserve(headers);
            }
            *request.method_mut() = method;
            *request.uri_mut() = uri;
            request
        });
        Self {
            client,
            request,
            timeouts: None,
            profile: None,
            total: None,
        }
    }

    fn and_then(
        mut self,
        change: impl FnOnce(&mut Request<Body>) -> Result<(), InvalidRequest>,
    ) -> Self {
        if let Ok(request) = &mut self.request
            && let Err(e) = change(request)
        {
            self.request = Err(e);
        }
        self
    }

    /// Adds one pair to the query, percent-encoded.
    pub fn query(self, name: &str, value: impl ToString) -> Self {
        self.and_then(|request| {
            let pair = form_urlencoded::Serializer::new(String::new())
                .append_pair(name, &value.to_string())
                .finish();
            let uri = std::mem::take(request.uri_mut());
            *request.uri_mut() = with_query(uri, &pair)?;
            Ok(())
        })
    }

    /// Sets the body to `value` as JSON.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        self.and_then(|request| {
            let json =
                serde_json::to_vec(value).map_err(|e| InvalidRequest::because(Reason::Body, e))?;
            request.headers_mut().entry(CONTENT_TYPE).or_insert(JSON);
            *request.body_mut() = json.into();
            Ok(())
        })
    }

    /// Sets the body to a form with files, and the timeouts to those of an
    /// [upload](Timeouts::upload) unless the client or the request has others.
    pub fn multipart(mut self, form: Multipart) -> Self {
        self.profile = Some(Timeouts::upload());
        self.and_then(|request| {
            request
                .headers_mut()
                .insert(CONTENT_TYPE, form.content_type());
            *request.body_mut() = form.into_body();
            Ok(())
        })
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.and_then(|request| {
            *request.body_mut() = body.into();
            Ok(())
        })
    }

    /// Sets a header, in place of one the client would send.
    pub fn header<N, V>(self, name: N, value: V) -> Self
    where
        HeaderName: TryFrom<N, Error: Into<http::Error>>,
        HeaderValue: TryFrom<V, Error: Into<http::Error>>,
    {
        self.and_then(|request| {
            let invalid = |e: http::Error| InvalidRequest::because(Reason::Header, e);
            let name = HeaderName::try_from(name).map_err(|e| invalid(e.into()))?;
            let value = HeaderValue::try_from(value).map_err(|e| invalid(e.into()))?;
            request.headers_mut().insert(name, value);
            Ok(())
        })
    }

    /// Puts a value into the extensions of the request, for layers that look for it.
    pub fn extension<T: Clone + Send + Sync + 'static>(self, value: T) -> Self {
        self.and_then(|request| {
            request.extensions_mut().insert(value);
            Ok(())
        })
    }

    /// Sets the time for the whole call, waiting for the limiter, retries and body included.
    pub fn timeout(mut self, total: Duration) -> Self {
        self.total = Some(total);
        self
    }

    /// Sets all timeouts.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = Some(timeouts);
        self
    }

    /// Sends this request without the client's token.
    pub fn without_token(self) -> Self {
        self.extension(WithoutToken)
    }

    /// The request as it is, for a stack of one's own.
    ///
    /// # Errors
    ///
    /// Fails with the first mistake made on the way.
    pub fn build(self) -> Result<Request<Body>, Error> {
        self.split().map(|(_, request)| request)
    }

    fn split(self) -> Result<(Arc<Shared>, Request<Body>), Error> {
        let mut request = self.request?;
        let own = self.client.timeouts;
        let is_default = Timeouts { total: None, ..own } == Timeouts::call();
        let profile = self.profile.filter(|_| is_default).map(|profile| Timeouts {
            total: own.total,
            ..profile
        });
        let mut timeouts = self.timeouts.or(profile).unwrap_or(own);
        timeouts.total = self.total.or(timeouts.total);
        if timeouts != own {
            request.extensions_mut().insert(timeouts);
        }
        Ok((self.client, request))
    }

    /// Sends the request and waits for the response head.
    ///
    /// Waits for the limiter first, and retries as the client's [policy](crate::retry) says.
    ///
    /// # Errors
    ///
    /// Fails if the request is not valid or not admitted, if the connection or a timeout fails, and
    /// with every status that is not a success.
    pub async fn send(self) -> Result<Response, Error> {
        let (client, mut request) = self.split()?;
        let mut stack = client.stack.clone();
        poll_fn(|cx| stack.poll_ready(cx)).await?;
        let mut call = client.prepare(&mut request);
        let answer = pin!(stack.call(request)).await;
        Ok(Response::new(call.complete(answer)?, client.max_body))
    }

    /// Sends the request and follows its server-sent events.
    ///
    /// Asks for events uncompressed, with the timeouts of a [stream](Timeouts::stream) unless the
    /// client or the request has others. A timeout of the whole call ends the events too.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and if the answer is not an event stream.
    #[cfg(feature = "sse")]
    pub async fn events(mut self) -> Result<crate::Events, Error> {
        self.profile = Some(Timeouts::stream());
        let request = self.and_then(|request| {
            let headers = request.headers_mut();
            headers.entry(http::header::ACCEPT).or_insert(EVENTS);
            // A compressor would hold events back until its block is full.
            headers.insert(
                http::header::ACCEPT_ENCODING,
                HeaderValue::from_static("identity"),
            );
            Ok(())
        });
        request.send().await?.into_events()
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RequestBuilder");
        match &self.request {
            // Neither query nor header values: they may be secret.
            Ok(request) => debug
                .field("method", request.method())
                .field("path", &request.uri().path()),
            Err(e) => debug.field("wrong", e),
        };
        debug.finish_non_exhaustive()
    }
}

/// User agent, accept, accept-encoding, request id, authorization, host.
const FIXED_HEADERS: usize = 6;
/// Content type and length.
const BODY_HEADERS: usize = 2;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The second makes the edge answer its own errors in JSON.
#[cfg(feature = "sse")]
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream, application/json;q=0.9");
