use std::time::SystemTime;

use bytes::Bytes;
use http::request::Parts;
use serde_json::{Map, Value, json};

use super::multipart::{json_file, parts, required};
use super::pagination::page;
use super::store::check_id;
use super::{Api, Failure, Reply};
use crate::shared::Now;
use crate::timestamp::timestamp;

#[derive(Debug)]
pub(super) struct Template {
    id: String,
    name: String,
    description: String,
    body: Map<String, Value>,
    created: SystemTime,
}

impl Template {
    fn summary(&self, user_id: &str) -> Value {
        json!({
            "id": self.id,
            "user_id": user_id,
            "name": self.name,
            "description": self.description,
            "created_at": timestamp(self.created),
            "updated_at": timestamp(self.created),
        })
    }

    fn detail(&self, user_id: &str) -> Value {
        let mut detail = self.summary(user_id);
        detail["body"] = Value::Object(self.body.clone());
        detail
    }
}

/// `POST /v1/template`
pub(super) fn create(api: &mut Api, now: Now, head: &Parts, body: Bytes) -> Result<Reply, Failure> {
    let parts = parts(head, body)?;
    let template = Template {
        id: api.next_id(),
        name: required(&parts, "name", 100)?,
        description: required(&parts, "description", 500)?,
        body: json_file(&parts, "body")?,
        created: now.wall,
    };
    let shown = template.detail(&api.user_id);
    api.templates.insert(0, template);
    Ok(Reply::created(shown))
}

/// `GET /v1/template`; items have no `body`.
pub(super) fn list(api: &Api, head: &Parts) -> Result<Reply, Failure> {
    let templates = api.templates.iter();
    page(head, "templates", templates, |template| {
        template.summary(&api.user_id)
    })
}

/// `GET /v1/template/{id}`
pub(super) fn show(api: &Api, id: &str) -> Result<Reply, Failure> {
    check_id(id)?;
    let template = api.templates.iter().find(|template| template.id == id);
    let template = template.ok_or_else(Failure::not_found)?;
    Ok(Reply::ok(template.detail(&api.user_id)))
}
