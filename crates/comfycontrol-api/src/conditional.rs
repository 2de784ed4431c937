use comfycontrol::{Error, RequestBuilder, Response};
use http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// What tells one version of a response from another: its entity tag, and when it was modified
/// (RFC 9110 §8.8).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Validators {
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
}

/// What comes of a conditional request: a new version, or that the known one still holds.
///
/// ```no_run
/// # async fn run(api: comfycontrol_api::Api) -> Result<(), comfycontrol::Error> {
/// use comfycontrol_api::{Conditional, Validators};
///
/// let user = api.client().get("/v1/user").send().await?;
/// let known = Validators::of(user.headers());
///
/// match Conditional::send(api.client().get("/v1/user"), &known).await? {
///     Conditional::Modified(user) => println!("now {}", user.text().await?),
///     Conditional::NotModified(_) => println!("as before"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a version is the known one or another"
)]
#[expect(
    clippy::large_enum_variant,
    reason = "a response is as large where there is no choice"
)]
pub enum Conditional {
    /// This response, of another version, or of a server that does not look at validators.
    Modified(Response),
    /// The known version still holds, and these are its validators now: a 304, which has no body.
    NotModified(Validators),
}

impl Conditional {
    /// Sends a GET or HEAD, and asks for the response only if it is no longer the one that had
    /// these validators. Costs a slot either way.
    ///
    /// Where there are no validators it is asked for as it is, and a 304 is an error.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`], except for a 304.
    pub async fn send(request: RequestBuilder, known: &Validators) -> Result<Self, Error> {
        let asked = known.headers().into_iter();
        let request = asked.fold(request, |request, (name, value)| {
            request.header(name, value)
        });
        match request.send().await {
            Ok(response) => Ok(Self::Modified(response)),
            Err(error) => match error.as_api() {
                Some(same) if same.status() == StatusCode::NOT_MODIFIED && !known.is_empty() => {
                    Ok(Self::NotModified(Validators::of(same.headers())))
                }
                _ => Err(error),
            },
        }
    }
}

impl Validators {
    /// Reads the validators of a response from its headers.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        Self {
            etag: headers.get(ETAG).cloned(),
            last_modified: headers.get(LAST_MODIFIED).cloned(),
        }
    }

    /// Whether there are none, so that no version can be told from another.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    /// The entity tag, weak or strong, as the server wrote it.
    #[must_use]
    pub fn etag(&self) -> Option<&HeaderValue> {
        self.etag.as_ref()
    }

    /// When the response was modified, as the server wrote it.
    #[must_use]
    pub fn last_modified(&self) -> Option<&HeaderValue> {
        self.last_modified.as_ref()
    }

    /// The headers that ask for another version: `If-None-Match` and, for servers without entity
    /// tags, `If-Modified-Since`.
    fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let asked = [
            (IF_NONE_MATCH, self.etag.clone()),
            (IF_MODIFIED_SINCE, self.last_modified.clone()),
        ];
        let asked = asked.into_iter();
        asked
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_asked_by_and_none_by_nothing() {
        let mut response = HeaderMap::new();
        assert!(Validators::of(&response).is_empty());
        response.insert(ETAG, HeaderValue::from_static("W/\"a\""));
        response.insert(
            LAST_MODIFIED,
            HeaderValue::from_static("Mon, 15 Jan 2024 14:30:05 GMT"),
        );
        let validators = Validators::of(&response);
        assert_eq!(validators.etag(), response.get(ETAG));
        assert_eq!(validators.last_modified(), response.get(LAST_MODIFIED));
        assert_eq!(
            validators.headers(),
            [
                (IF_NONE_MATCH, response[ETAG].clone()),
                (IF_MODIFIED_SINCE, response[LAST_MODIFIED].clone()),
            ]
        );
        let date = response.remove(LAST_MODIFIED).unwrap();
        assert_eq!(Validators::of(&response).last_modified(), None);
        response.insert(LAST_MODIFIED, date);
        response.remove(ETAG);
        assert_eq!(Validators::of(&response).etag(), None);
        assert_eq!(
            Validators::of(&response).headers(),
            [(IF_MODIFIED_SINCE, response[LAST_MODIFIED].clone())]
        );
    }
}
