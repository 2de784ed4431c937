use std::time::{Duration, SystemTime};

use http::Uri;
use http::request::Parts;
use serde_json::{Map, Value, json};

use super::pagination::{page, parameter};
use super::store::check_id;
use super::{Api, Failure, Reply};
use crate::shared::Now;
use crate::timestamp::timestamp;

#[derive(Debug)]
pub(super) struct Runner {
    id: String,
    name: String,
    active: bool,
    endpoint: String,
    tags: Vec<String>,
    headers: Map<String, Value>,
    created: SystemTime,
}

impl Runner {
    /// The runner that was there `index` hours before the emulator.
    pub(super) fn seeded(index: usize, id: String, wall: SystemTime) -> Self {
        let age = Duration::from_secs(3600 * index as u64);
        let tags = if index.is_multiple_of(2) {
            &["gpu-a100"][..]
        } else {
            &[]
        };
        Self {
            id,
            name: format!("Runner {index:04}"),
            active: !index.is_multiple_of(10),
            endpoint: format!("https://runner-{index:04}.example.com"),
            tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
            headers: Map::new(),
            created: wall.checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH),
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    fn status(&self) -> &'static str {
        if self.active { "active" } else { "disabled" }
    }

    fn show(&self, user_id: &str) -> Value {
        json!({
            "id": self.id,
            "user_id": user_id,
            "name": self.name,
            "status": self.status(),
            "endpoint": self.endpoint,
            "tags": self.tags,
            "headers": self.headers,
            "created_at": timestamp(self.created),
            "updated_at": timestamp(self.created),
        })
    }
}

/// `GET /v1/runner`; `total` is after the status filter.
pub(super) fn list(api: &Api, head: &Parts) -> Result<Reply, Failure> {
    let status = parameter(head, "status");
    if !matches!(status.as_deref(), None | Some("active" | "disabled")) {
        return Err(Failure::bad_request("invalid status"));
    }
    let wanted = |runner: &&Runner| status.as_deref().is_none_or(|s| s == runner.status());
    let runners = api.runners.iter().filter(wanted);
    page(head, "runners", runners, |runner| runner.show(&api.user_id))
}

/// `GET /v1/runner/{id}`
pub(super) fn show(api: &Api, id: &str) -> Result<Reply, Failure> {
    check_id(id)?;
    let runner = api.runners.iter().find(|runner| runner.id == id);
    let runner = runner.ok_or_else(Failure::not_found)?;
    Ok(Reply::ok(runner.show(&api.user_id)))
}

/// `POST /v1/runner`
pub(super) fn create(api: &mut Api, now: Now, body: &[u8]) -> Result<Reply, Failure> {
    let fields: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| Failure::bad_request("invalid request body"))?;
    let runner = Runner {
        id: api.next_id(),
        name: name(fields.get("name"))?,
        active: true,
        endpoint: endpoint(fields.get("endpoint"))?,
        tags: tags(fields.get("tags"))?,
        headers: headers(fields.get("headers"))?,
        created: now.wall,
    };
    let shown = runner.show(&api.user_id);
    api.runners.insert(0, runner);
    Ok(Reply::created(shown))
}

fn name(field: Option<&Value>) -> Result<String, Failure> {
    match field.and_then(Value::as_str) {
        None | Some("") => Err(Failure::bad_request("name cannot be empty")),
        Some(name) if name.chars().count() > 100 => Err(Failure::bad_request(
            "name cannot be longer than 100 characters",
        )),
        Some(name) => Ok(name.to_owned()),
    }
}

fn endpoint(field: Option<&Value>) -> Result<String, Failure> {
    let text = field.and_then(Value::as_str).unwrap_or_default();
    let uri = text.parse::<Uri>().unwrap_or_default();
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    match uri.scheme_str() {
        Some("http" | "https") if has_host => Ok(text.to_owned()),
        _ => Err(Failure::bad_request("invalid endpoint URL format")),
    }
}

fn tags(field: Option<&Value>) -> Result<Vec<String>, Failure> {
    let Some(field) = field.filter(|field| !field.is_null()) else {
        return Ok(Vec::new());
    };
    let tags = field.as_array().and_then(|tags| {
        let tags = tags.iter().map(|tag| tag.as_str().map(str::to_owned));
        tags.collect::<Option<Vec<_>>>()
    });
    match tags {
        None => Err(Failure::bad_request("tags must be an array of strings")),
        Some(tags) if tags.len() > 10 => Err(Failure::bad_request("at most 10 tags are allowed")),
        Some(tags) => Ok(tags),
    }
}

fn headers(field: Option<&Value>) -> Result<Map<String, Value>, Failure> {
    match field {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(headers)) if headers.values().all(Value::is_string) => {
            Ok(headers.clone())
        }
        Some(_) => Err(Failure::bad_request("headers must be an object of strings")),
    }
}
