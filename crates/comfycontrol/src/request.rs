use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use comfycontrol_core::mask_secrets;
use comfycontrol_priority::Priority;
use comfycontrol_timeout::Timeouts;
use comfycontrol_token::WithoutToken;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, Request};
use serde::Serialize;
use tower_service::Service;

use crate::call::Call;
use crate::error::{InvalidRequest, Reason};
use crate::shared::Shared;
use crate::url::with_query;
use crate::{Body, Error, Multipart, Response};

/// Builds one request, and sends it.
///
/// A mistake on the way is reported by [`send`](Self::send).
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    client: Arc<Shared>,
    request: Result<Request<Body>, InvalidRequest>,
    timeouts: Timeouts,
    /// Used where neither the request nor the client sets a timeout.
    default_timeouts: Option<Timeouts>,
    default_headers: bool,
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
            timeouts: Timeouts::new(),
            default_timeouts: None,
            default_headers: true,
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
    pub fn multipart(self, form: Multipart) -> Self {
        self.default_timeouts(Timeouts::upload())
            .and_then(|request| {
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

    /// Adds a header, unless the request has it.
    pub fn default_header(self, name: HeaderName, value: HeaderValue) -> Self {
        self.and_then(|request| {
            request.headers_mut().entry(name).or_insert(value);
            Ok(())
        })
    }

    /// Sends this request without the client's default headers.
    pub fn without_default_headers(mut self) -> Self {
        self.default_headers = false;
        self
    }

    /// Puts a value into the extensions of the request, for layers that look for it.
    pub fn extension<T: Clone + Send + Sync + 'static>(self, value: T) -> Self {
        self.and_then(|request| {
            request.extensions_mut().insert(value);
            Ok(())
        })
    }

    /// Sets how urgent the call is and whose, where the client has a
    /// [`PriorityLimiter`](crate::priority::PriorityLimiter); elsewhere it changes nothing.
    pub fn priority(self, priority: impl Into<Priority>) -> Self {
        self.extension::<Priority>(priority.into())
    }

    /// Sets the time for the whole call, waiting for the limiter, retries and body included.
    pub fn timeout(mut self, total: Duration) -> Self {
        self.timeouts = self.timeouts.total(total);
        self
    }

    /// Sets those timeouts that `timeouts` sets. The others are the client's.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts.or(self.timeouts);
        self
    }

    /// Sets timeouts for what neither the request nor the client sets.
    pub fn default_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.default_timeouts = Some(timeouts);
        self
    }

    /// Sends this request without the client's token.
    pub fn without_token(self) -> Self {
        self.extension(WithoutToken)
    }

    /// Builds the request for a stack of your own, without the client's default headers.
    ///
    /// # Errors
    ///
    /// Fails with the first mistake made on the way.
    pub fn build(mut self) -> Result<Request<Body>, Error> {
        self.set_timeouts();
        Ok(self.request?)
    }

    /// Puts the timeouts into the request, unless they are those of the stack.
    fn set_timeouts(&mut self) {
        let is_usual = self.timeouts == Timeouts::new() && self.default_timeouts.is_none();
        let request = match &mut self.request {
            Ok(request) if !is_usual => request,
            _ => return,
        };
        let usual = self.client.timeouts.or(Timeouts::call());
        let defaults = self.default_timeouts.unwrap_or(Timeouts::call());
        let timeouts = self.timeouts.or(self.client.timeouts).or(defaults);
        if timeouts != usual {
            request.extensions_mut().insert(timeouts);
        }
    }

    /// Sends the request and waits for the response head.
    ///
    /// Waits for the limiter first, and retries as the client's [policy](crate::retry) says.
    ///
    /// # Errors
    ///
    /// Fails if the request is not valid, if the limiter rejects it or its token is withheld, if
    /// the connection fails or a timeout passes, and with every status that is not a success.
    pub async fn send(mut self) -> Result<Response, Error> {
        self.set_timeouts();
        let mut request = self.request?;
        let client = self.client;
        let mut stack = client.stack.clone();
        poll_fn(|cx| stack.poll_ready(cx)).await?;
        if self.default_headers {
            client.add_headers(&mut request);
        }
        let mut call = Call::of(&request);
        let mut future = pin!(stack.call(request));
        match future.as_mut().await {
            Ok(response) => {
                let context = call.context(response.status(), future.take_request_id());
                Ok(Response::new(response, context, client.max_response_body))
            }
            Err(error) => Err(call.failed(error)),
        }
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RequestBuilder");
        match &self.request {
            // Neither query nor header values: they may be secret.
            Ok(request) => debug
                .field("method", request.method())
                .field("path", &mask_secrets(request.uri().path())),
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
