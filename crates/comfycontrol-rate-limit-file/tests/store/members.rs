use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use comfycontrol_rate_limit::{Member, Store};

use crate::support::*;

#[tokio::test]
async fn a_member_whose_file_was_tidied_up_may_be_there() {
    let budget = Budget::new();
    let (one, other) = (budget.open(), budget.open());
    let member = Member::from_u128(7);
    one.join(member).await.unwrap();
    fs::remove_file(
        budget
            .path
            .with_extension("members")
            .join(format!("{:032x}", 7)),
    )
    .unwrap();
    assert_eq!(other.gone(vec![member]).await.unwrap(), []);
    // It sees to that itself when it joins again.
    one.join(member).await.unwrap();
    assert_eq!(other.gone(vec![member]).await.unwrap(), []);
    drop(one);
    assert_eq!(other.gone(vec![member]).await.unwrap(), [member]);
}

#[tokio::test]
async fn files_of_those_who_are_dead_for_long_are_removed_and_no_others() {
    let budget = Budget::new();
    let store = budget.open();
    let (lives, fresh, old) = (1, 2, 3);
    store.join(Member::from_u128(lives)).await.unwrap();
    budget.open().join(Member::from_u128(fresh)).await.unwrap();
    budget.open().join(Member::from_u128(old)).await.unwrap();
    let path = |member: u128| {
        budget
            .path
            .with_extension("members")
            .join(format!("{member:032x}"))
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "files are as old as the system's clock says"
    )]
    let then = SystemTime::now() - Duration::from_secs(3_600);
    for member in [lives, old] {
        File::options()
            .write(true)
            .open(path(member))
            .unwrap()
            .set_modified(then)
            .unwrap();
    }
    budget.open().join(Member::from_u128(4)).await.unwrap();
    assert!(path(lives).exists() && path(fresh).exists());
    assert!(!path(old).exists());
}
