use bytes::Bytes;
use comfycontrol::Error;
use comfycontrol::api_error::ApiError;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::update::WorkflowUpdate;
use crate::Event;

/// What an event says of a run.
#[derive(Debug)]
pub(super) enum Said {
    State(Box<WorkflowUpdate>),
    /// The API's error object: `{"status":500,"message":"..."}`.
    Failed(ApiError),
    /// Nothing, such as `[DONE]` or what the server keeps the line alive with.
    Nothing,
}

impl Said {
    /// Fails if the event is a state of the run that cannot be read.
    pub(super) fn by(event: &Event) -> Result<Self, Error> {
        let Some(status) = status(&event.data) else {
            return Ok(Self::Nothing);
        };
        if status.starts_with('"') {
            return event.json().map(Box::new).map(Self::State);
        }
        let failed = status
            .parse()
            .ok()
            .and_then(|code| StatusCode::from_u16(code).ok())
            .filter(|status| status.is_client_error() || status.is_server_error());
        Ok(failed.map_or(Self::Nothing, |status| {
            Self::Failed(api_error(status, event))
        }))
    }
}

/// The JSON of the member `status`, if there is a JSON object with one.
fn status(data: &str) -> Option<&str> {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(borrow)]
        status: &'a RawValue,
    }
    // serde takes an array for a struct as well.
    if !data.trim_start().starts_with('{') {
        return None;
    }
    let head: Head<'_> = serde_json::from_str(data).ok()?;
    Some(head.status.get())
}

fn api_error(status: StatusCode, event: &Event) -> ApiError {
    let mut response = Response::new(Bytes::copy_from_slice(event.data.as_bytes()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    ApiError::from_response(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(data: &str) -> Result<Said, Error> {
        Said::by(&Event {
            event_type: None,
            data: data.to_owned(),
            id: None,
            retry: None,
        })
    }

    #[test]
    fn what_is_no_state_is_passed_over() {
        for data in [
            "",
            "[DONE]",
            "ping",
            "{}",
            "null",
            "1",
            "[\"running\"]",
            "[]",
            "{\"status\":null}",
            "{\"status\":200,\"message\":\"fine\"}",
            "{\"status\":[]}",
            "{\"type\":\"ping\"}",
            "{\"status\":\"run",
            "{\"status\":1e2}",
            "{\"status\":999999}",
        ] {
            assert!(matches!(said(data), Ok(Said::Nothing)), "{data}");
        }
    }

    #[test]
    fn an_error_object_is_the_api_s_error() {
        let Ok(Said::Failed(error)) = said(r#" {"message":"out of luck","status":503}"#) else {
            panic!("not an error")
        };
        assert_eq!(error.to_string(), "503 Service Unavailable: out of luck");
    }

    #[test]
    fn a_state_that_cannot_be_read_is_an_error() {
        let error = said(r#"{"status":"running","queue_number":"three"}"#).unwrap_err();
        assert_eq!(error.kind(), comfycontrol::ErrorKind::Decode);
    }
}
