//! `/v1/user`

use serde_json::json;

use crate::api::account::Account;
use crate::api::success::Success;

/// `GET /v1/user`
pub(in crate::api) fn show(account: &Account) -> Success {
    Success::ok(json!({
        "id": account.user_id,
        "name": "Example User",
        "email": "user@example.com",
        "deleted": false,
        "tier": "pro",
        "provider": "github",
        "created_at": "2024-01-01T00:00:00Z",
        "updated_at": "2024-01-15T10:30:00Z",
    }))
}
