//! Templates: made, shown and listed.

use crate::client::Account;

#[tokio::test]
async fn templates_are_kept_and_listed_without_their_body() {
    let account = Account::open().await;
    let parts = [
        ("name", "", "Mine"),
        ("description", "", "What it does"),
        ("body", "w.json", "{\"1\":{}}"),
    ];
    let created = account.post_form("/v1/template", &parts).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let created = created.json();
    let path = format!("/v1/template/{}", created["id"].as_str().unwrap());
    assert_eq!(account.get(&path).await.json(), created);
    let list = account.get("/v1/template").await.json();
    assert_eq!(list["total"], 1);
    assert!(list["templates"][0].get("body").is_none());
    account
        .post_form("/v1/template", &parts[..1])
        .await
        .assert_error(400, "description cannot be empty");
}

#[tokio::test]
async fn a_changed_template_keeps_what_was_not_given() {
    let account = Account::open().await;
    let parts = [
        ("name", "", "Mine"),
        ("description", "", "What it does"),
        ("body", "w.json", "{\"1\":{}}"),
    ];
    let created = account.post_form("/v1/template", &parts).await.json();
    let path = format!("/v1/template/{}", created["id"].as_str().unwrap());
    for part in [("name", "", "Yours"), ("body", "w.json", "{\"2\":{}}")] {
        let changed = account.send_form("PUT", &path, &[part]).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
    }
    let changed = account.get(&path).await.json();
    assert_eq!(changed["name"], "Yours");
    assert_eq!(changed["description"], "What it does");
    assert_eq!(changed["body"], serde_json::json!({ "2": {} }));
    account
        .send_form("PUT", &path, &[("name", "", "")])
        .await
        .assert_error(400, "name cannot be empty");
    account
        .send_form("PUT", "/v1/template/7", &parts)
        .await
        .assert_error(400, "invalid id format");
}
