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
