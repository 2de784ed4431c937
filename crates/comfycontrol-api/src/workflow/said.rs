use bytes::Bytes;
use comfycontrol::Error;
use comfycontrol::api_error::ApiError;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::status::WorkflowStatus;
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
            if is_named(event) && !is_known(status) {
                return Ok(Self::Nothing);
            }
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

/// Whether an event has a name of its own, such as `heartbeat`.
fn is_named(event: &Event) -> bool {
    let name = event.event_type.as_deref().unwrap_or_default();
    !matches!(name, "" | "message")
}

fn is_known(status: &str) -> bool {
    let status = serde_json::from_str(status);
    status.is_ok_and(|status| !matches!(status, WorkflowStatus::Unknown(_)))
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
        said_as(None, data)
    }

    fn said_as(name: Option<&str>, data: &str) -> Result<Said, Error> {
        Said::by(&Event {
            event_type: name.map(str::to_owned),
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
    fn a_state_in_an_event_with_a_name_counts_if_it_is_known() {
        for (name, status, is_state) in [
            (Some("heartbeat"), "ok", false),
            (Some("ping"), "", false),
            (Some("Message"), "ok", false),
            (Some("status"), "running", true),
            (Some("message"), "ok", true),
            (Some(""), "ok", true),
            (None, "ok", true),
        ] {
            let data = format!(r#"{{"status":"{status}"}}"#);
            let said = said_as(name, &data).unwrap();
            assert_eq!(matches!(said, Said::State(_)), is_state, "{name:?} {data}");
        }
        let data = r#"{"status":"ok","queue_number":"three"}"#;
        assert!(matches!(
            said_as(Some("heartbeat"), data),
            Ok(Said::Nothing)
        ));
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
