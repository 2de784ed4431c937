use comfycontrol_rate_limit::{Replaced, Store};
use comfycontrol_rate_limit_redis::{RedisErrorKind, RedisStore};
use comfycontrol_test::chain;

use crate::support::*;

#[tokio::test]
async fn a_user_may_have_few_rights() {
    each(async |program| {
        let server = program.start(&[]);
        let made = server.command(
            "ACL SETUSER budget on >hunter2 resetkeys ~comfycontrol:* resetchannels \
             &{comfycontrol:* -@all +info +evalsha +script|load +time +get +getrange +set +subscribe \
             +pubsub|numsub",
        );
        assert!(made.starts_with("+OK"), "{made}");
        let url = server.url().replace("//", "//budget:hunter2@");
        let store = RedisStore::open(&url).unwrap();
        assert!(matches!(swap(&store, None, 1).await, Replaced::Won(_)));
        let member = comfycontrol_rate_limit::Member::from_u128(7);
        store.join(member).await.unwrap();
        assert_eq!(store.gone(vec![member]).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn who_is_not_let_in_sees_no_password() {
    each(async |program| {
        let server = program.start(&["--requirepass", "right"]);
        for login in [
            "//default:hunter2@",
            "//hunter2:hunter2@",
            "//:hunter2@",
            "//",
        ] {
            let url = server.url().replace("//", login);
            let store = RedisStore::open(&url).unwrap();
            let error = store.read().await.unwrap_err();
            let shown = format!("{error} {error:?} {store:?}");
            assert!(!shown.contains("hunter2"), "{shown}");
            for cause in chain(&error) {
                let shown = format!("{cause} {cause:?}");
                assert!(!shown.contains("hunter2"), "{shown}");
            }
            assert_eq!(kind::<()>(Err(error)), RedisErrorKind::Denied, "{login}");
        }
    })
    .await;
}
