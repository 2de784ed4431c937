//! Paths and methods that lead nowhere.

use crate::client::Account;

#[tokio::test]
async fn unknown_things_are_not_found() {
    let account = Account::open().await;
    let nobody = "550e8400-e29b-41d4-a716-446655440000";
    for path in ["/", "/v1", "/v1/", "/v1/token", "/v2/user", "/v1/user/x"] {
        account
            .get(path)
            .await
            .assert_error(404, "requested entity not found");
    }
    for kind in ["runner", "managed-runner", "workflow", "template"] {
        let path = format!("/v1/{kind}/{nobody}");
        account
            .get(&path)
            .await
            .assert_error(404, "requested entity not found");
        account
            .get(&format!("/v1/{kind}/7"))
            .await
            .assert_error(400, "invalid id format");
    }
    account
        .post("/v1/user")
        .await
        .assert_error(405, "method not allowed");
}
