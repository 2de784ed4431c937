use serde_json::json;

use super::{Api, Reply};

/// `GET /v1/user`
pub(super) fn show(api: &Api) -> Reply {
    Reply::ok(json!({
        "id": api.user_id,
        "name": "Emulated User",
        "email": "user@example.com",
        "deleted": false,
        "tier": "pro",
        "provider": "github",
        "created_at": "2024-01-01T00:00:00Z",
        "updated_at": "2024-01-15T10:30:00Z",
    }))
}
