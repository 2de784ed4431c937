//! Lists that change while they are read, and that are not what they say.

use comfycontrol_emulator::{Emulator, Fault, FaultRule, ListFault, Shape};
use serde_json::Value;

use crate::client::Account;

#[tokio::test]
async fn a_list_shrinks_between_two_pages() {
    let account = faulty(30, &[ListFault::Shrink(10)]).await;
    let first = page(&account, 1).await;
    let second = page(&account, 2).await;
    assert_eq!(
        (first["total"].as_u64(), second["total"].as_u64()),
        (Some(30), Some(20))
    );
    // The first ten have gone: the second ten have taken their place, and the reader does not see
    // them.
    let names = names(&second);
    assert_eq!(
        (names.first().unwrap().as_str(), names.len()),
        ("Runner 0020", 10)
    );
}

#[tokio::test]
async fn a_list_grows_between_two_pages() {
    let account = faulty(30, &[ListFault::Grow(3)]).await;
    let first = page(&account, 1).await;
    let second = page(&account, 2).await;
    assert_eq!(second["total"], 33);
    // What was pushed to the second page is seen twice.
    assert_eq!(names(&second)[..3], names(&first)[7..]);
    let (first, second) = (&first["runners"][9]["id"], &second["runners"][2]["id"]);
    assert_eq!(first, second);
}

#[tokio::test]
async fn workflows_and_templates_shrink_and_grow_too() {
    let account = Account::open().await;
    let graph = ("workflow_json", "g.json", "{}");
    account
        .post_form("/v1/workflow", &[("name", "", "one"), graph])
        .await;
    let template = [
        ("name", "", "one"),
        ("description", "", "it"),
        ("body", "b.json", "{}"),
    ];
    account.post_form("/v1/template", &template).await;
    for path in ["/v1/workflow", "/v1/template"] {
        for fault in [ListFault::Grow(2), ListFault::Shrink(1)] {
            account
                .emulator
                .faults()
                .add(FaultRule::next(1, Fault::List(fault)));
        }
        let totals = [(); 3].map(|()| account.get(path));
        let mut seen = Vec::new();
        for total in totals {
            seen.push(total.await.json()["total"].as_u64().unwrap());
        }
        assert_eq!(seen, [1, 3, 2], "{path}");
    }
}

#[tokio::test]
async fn a_list_is_capped_and_pages_are_counted_by_the_cap() {
    let account = faulty(120, &[ListFault::Cap(50)]).await;
    let get = async |page| {
        account
            .get(&format!("/v1/runner?per_page=100&page={page}"))
            .await
            .json()
    };
    let (first, third) = (get(1).await, get(3).await);
    assert_eq!(
        (names(&first).len(), first["total"].as_u64()),
        (50, Some(120))
    );
    assert_eq!(names(&get(2).await)[0], "Runner 0050");
    assert_eq!(names(&third).len(), 20);
}

#[tokio::test]
async fn a_total_is_false_or_missing_and_the_list_too() {
    let account = faulty(3, &[ListFault::Total(7)]).await;
    assert_eq!(page(&account, 1).await["total"], 7);
    let account = faulty(3, &[ListFault::NoTotal]).await;
    let list = page(&account, 1).await;
    assert_eq!((list.get("total"), names(&list).len()), (None, 3));
    let account = faulty(3, &[ListFault::Missing, ListFault::NoTotal]).await;
    let list = page(&account, 1).await;
    let keys: Vec<_> = list.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["items"]);
}

#[tokio::test]
async fn an_empty_list_is_null() {
    let account = faulty(3, &[ListFault::NullWhenEmpty]).await;
    assert_eq!(names(&page(&account, 1).await).len(), 3);
    assert_eq!(
        page(&account, 2).await,
        serde_json::json!({"runners": null, "total": 3})
    );
}

#[tokio::test]
async fn a_list_of_zeros_is_as_long_as_asked_for() {
    let account = Account::open().await;
    for items in [0, 1, 100_000] {
        let zeros = Fault::Respond(Shape::Zeros("runners".to_owned(), items));
        account.emulator.faults().add(FaultRule::next(1, zeros));
        let list = account.get("/v1/runner").await.json();
        assert_eq!(list["total"], items);
        let zeros = list["runners"].as_array().unwrap();
        assert!(zeros.len() == items as usize && zeros.iter().all(|item| *item == 0));
    }
}

// === support ===

/// An account with so many runners, whose lists all have these faults.
async fn faulty(runners: usize, faults: &[ListFault]) -> Account {
    let mut rule = FaultRule::chance(1.0, 1, Fault::List(faults[0]));
    for fault in &faults[1..] {
        rule = rule.and(Fault::List(*fault));
    }
    let builder = Emulator::builder().limit(None).runners(runners);
    Account::of(builder.fault(rule).start().await.unwrap())
}

async fn page(account: &Account, page: u32) -> Value {
    account.get(&format!("/v1/runner?page={page}")).await.json()
}

fn names(list: &Value) -> Vec<String> {
    let runners = list
        .get("runners")
        .or(list.get("items"))
        .unwrap()
        .as_array()
        .unwrap();
    runners
        .iter()
        .map(|runner| runner["name"].as_str().unwrap().to_owned())
        .collect()
}
