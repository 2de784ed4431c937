//! Rotation under load: the token is replaced in every way, the old one is revoked, and no request
//! fails.

use std::fs;
use std::io::Write;
use std::time::Duration;

use comfycontrol_token::{SourceErrorKind, TokenHandle};
use tokio::time::sleep;

use crate::stage::{Stage, it_renames};
use crate::support::token;

#[tokio::test(start_paused = true)]
async fn a_file_replaced_by_rename_before_the_old_token_is_revoked() {
    let it = Stage::new();
    let served = it.under_load(|n| async move {
        it_renames(&it.path, n);
        sleep(Duration::from_secs(3)).await;
        it.server.revoke(n - 1);
    });
    assert!(served.await > 500);
    assert_eq!(
        it.server.unauthorized(),
        0,
        "the new token had taken over in time"
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_changed_in_place_and_torn_before_the_old_token_is_revoked() {
    let it = Stage::new();
    let served = it.under_load(|n| async move {
        // Each state lasts a while: empty, half a prefix, well-formed but cut, whole.
        let whole = format!("cfc_token{n}\n");
        let mut open = fs::OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(&it.path)
            .unwrap();
        for piece in [&whole[..2], &whole[2..7], &whole[7..]] {
            sleep(Duration::from_millis(900)).await;
            open.write_all(piece.as_bytes()).unwrap();
        }
        sleep(Duration::from_secs(3)).await;
        it.server.revoke(n - 1);
    });
    assert!(served.await > 500);
    assert_eq!(it.server.unauthorized(), 0, "no torn token was ever sent");
}

#[tokio::test(start_paused = true)]
async fn half_a_token_that_looks_whole_and_stays_for_long_costs_resends_and_no_failure() {
    let it = Stage::new();
    let served = it.under_load(|n| async move {
        let whole = format!("cfc_token{n}\n");
        fs::write(&it.path, &whole[..7]).unwrap();
        sleep(Duration::from_secs(5)).await;
        let snapshot = it.provider.snapshot();
        assert!(!snapshot.is_unauthorized(), "a token that works is in use");
        assert_eq!(
            *snapshot.error().unwrap().kind(),
            SourceErrorKind::Unauthorized
        );
        fs::write(&it.path, whole).unwrap();
        sleep(Duration::from_secs(3)).await;
        assert!(it.provider.snapshot().error().is_none());
        it.server.revoke(n - 1);
    });
    assert!(served.await > 500);
    // Ten callers sent it at most once each time it came in.
    assert!((1..=50).contains(&it.server.unauthorized()));
}

#[tokio::test(start_paused = true)]
async fn a_token_revoked_at_once_costs_resends_and_no_failure() {
    let it = Stage::new();
    let served = it.under_load(|n| async move {
        it_renames(&it.path, n);
        it.server.revoke(n - 1);
        sleep(Duration::from_secs(3)).await;
    });
    assert!(served.await > 500);
    assert!(it.server.unauthorized() > 0);
}

#[tokio::test(start_paused = true)]
async fn a_handle_rotated_before_the_old_token_is_revoked() {
    let handle = TokenHandle::new(token("token0"));
    let it = Stage::with(handle.clone().into());
    let handle = &handle;
    let served = it.under_load(|n| async move {
        handle.rotate(token(&format!("token{n}")));
        it.server.revoke(n - 1);
        sleep(Duration::from_secs(1)).await;
    });
    assert!(served.await > 500);
}
