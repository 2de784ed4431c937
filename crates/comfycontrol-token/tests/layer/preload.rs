//! The first reading, asked for before there is a request.

use comfycontrol_test::{SECOND, within};
use comfycontrol_token::{SourceErrorKind, TokenProvider};
use tokio::task::JoinSet;

use crate::script::scripted;
use crate::support::until;
use crate::vault::vault;

#[test]
fn a_token_asked_for_by_two_threads_at_the_start_is_read_once_for_both() {
    let (source, script) = scripted(["a"]);
    let gate = script.gate();
    let provider = TokenProvider::new(source);
    let [first, second] = [(); 2].map(|()| {
        let provider = provider.clone();
        let preload = std::thread::spawn(move || provider.preload());
        until(|| script.reads() == 1);
        preload
    });
    for _ in 0..100 {
        std::thread::yield_now();
    }
    assert!(!first.is_finished() && !second.is_finished());
    gate.send(()).unwrap();
    assert_eq!(first.join().unwrap(), Ok(()));
    assert_eq!(second.join().unwrap(), Ok(()));
    assert_eq!(script.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn preload_async_reads_once_for_all_and_any_source() {
    let (provider, vault) = vault(["a"]);
    let mut loads = JoinSet::new();
    for _ in 0..10 {
        let provider = provider.clone();
        loads.spawn(async move { provider.preload_async().await });
    }
    assert!(
        within(60 * SECOND, loads.join_all())
            .await
            .iter()
            .all(Result::is_ok)
    );
    within(60 * SECOND, provider.preload_async()).await.unwrap();
    assert_eq!(vault.reads(), 1);

    let (blocking, script) = scripted(["a"]);
    let blocking = TokenProvider::from(blocking);
    within(60 * SECOND, blocking.preload_async()).await.unwrap();
    assert_eq!((blocking.snapshot().generation(), script.reads()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_mistake_shows_at_the_start_when_asked_for() {
    let (provider, _) = vault([""]);
    let error = within(60 * SECOND, provider.preload_async())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "vault: sealed");
}

#[tokio::test(start_paused = true)]
async fn preload_blocks_for_no_asynchronous_source() {
    let (provider, vault) = vault(["a"]);
    let error = provider.preload().unwrap_err();
    assert_eq!(*error.kind(), SourceErrorKind::Asynchronous);
    assert_eq!(vault.reads(), 0);
    within(60 * SECOND, provider.preload_async()).await.unwrap();
    assert_eq!(provider.preload(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_reads_when_a_call_would_and_waits_for_nothing() {
    let (provider, vault) = vault(["", "a"]);
    provider.refresh();
    tokio::time::sleep(SECOND).await;
    assert_eq!(vault.reads(), 1);
    assert!(provider.snapshot().fingerprint().is_none());

    tokio::time::sleep(SECOND).await;
    provider.refresh();
    provider.refresh();
    tokio::time::sleep(SECOND).await;
    assert_eq!((vault.reads(), provider.snapshot().generation()), (2, 1));

    // It works, and a call would not have it read again so soon.
    provider.refresh();
    tokio::time::sleep(SECOND).await;
    assert_eq!(vault.reads(), 2);
}
