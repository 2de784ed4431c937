//! A token file that breaks while its token is in use.

use std::fs;
use std::path::Path;
use std::time::Duration;

use comfycontrol_token::SourceErrorKind;
use tokio::time::sleep;

use crate::stage::{Stage, it_renames, settle};

#[tokio::test(start_paused = true)]
async fn a_broken_file_in_any_form_leaves_the_token_in_use() {
    let it = Stage::new();
    it.ask().await;
    let breaks: [Break; 6] = [
        ("gone", |path| fs::remove_file(path).unwrap()),
        ("empty", |path| fs::write(path, "").unwrap()),
        ("half-written", |path| fs::write(path, "cfc").unwrap()),
        ("garbage", |path| fs::write(path, [0xff; 100]).unwrap()),
        ("too large", |path| fs::write(path, [b'a'; 10_000]).unwrap()),
        ("a directory", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
    ];
    for (what, damage) in breaks {
        damage(&it.path);
        for _ in 0..3 {
            sleep(Duration::from_secs(1)).await;
            it.ask().await;
        }
        settle().await;
        let snapshot = it.provider.snapshot();
        assert_eq!(snapshot.generation(), 1, "{what}");
        let error = snapshot
            .error()
            .unwrap_or_else(|| panic!("{what}: no error"));
        assert!(error.name().starts_with("file "), "{what}");
        assert_ne!(*error.kind(), SourceErrorKind::Panicked, "{what}");
    }
    assert_eq!(it.server.unauthorized(), 0);
    fs::remove_dir(&it.path).unwrap();
    it_renames(&it.path, 0);
    sleep(Duration::from_secs(1)).await;
    it.ask().await;
    settle().await;
    assert!(it.provider.snapshot().error().is_none());
}

/// A full disk: `write` fails after the file was cut to nothing.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_full_disk_leaves_the_token_in_use() {
    let it = Stage::new();
    it.ask().await;
    fs::remove_file(&it.path).unwrap();
    std::os::unix::fs::symlink("/dev/full", &it.path).unwrap();
    assert!(fs::write(&it.path, "cfc_token1").is_err());
    for _ in 0..3 {
        sleep(Duration::from_secs(1)).await;
        it.ask().await;
    }
    settle().await;
    assert_eq!(
        *it.provider.snapshot().error().unwrap().kind(),
        SourceErrorKind::NotRegularFile
    );
    assert_eq!(it.server.unauthorized(), 0);
}

// === support ===

type Break = (&'static str, fn(&Path));
