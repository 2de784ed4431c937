//! What saving outputs does to a directory.

#[path = "support/stored.rs"]
mod stored;

use std::collections::HashSet;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comfycontrol::rate_limit::Quota;
use comfycontrol_api::{SaveErrorKind, SaveProgress};
use comfycontrol_emulator::{Fault, FaultRule, Shape};
use comfycontrol_test::{MILLISECOND, SECOND};
use tokio::time::{sleep, timeout};

use self::stored::{Stored, files};

#[tokio::test]
async fn outputs_are_saved_under_their_names_into_a_directory_that_is_made() {
    let stored = Stored::with(|builder| builder.outputs(3)).await;
    let truth = stored.truth(None).await;
    let dir = stored.dir.path().join("a/b");
    let saved = stored.api.workflows().save(&stored.id, &dir).await.unwrap();
    let names = saved
        .iter()
        .map(|file| file.path.file_name().unwrap().to_str().unwrap());
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["image001.png", "image002.png", "image003.png"]
    );
    let outputs = stored.api.workflows().outputs(&stored.id).await.unwrap();
    for (file, output) in saved.iter().zip(&outputs) {
        assert_eq!(file.output, output.id);
        assert_eq!(file.length, std::fs::metadata(&file.path).unwrap().len());
    }
    assert_eq!(files(&dir)[0], ("image001.png".to_owned(), truth));
    assert_eq!(files(&dir).len(), 3);
}

#[tokio::test]
async fn nothing_is_overwritten_unless_it_is_asked_for() {
    let stored = Stored::of(1).await;
    let truth = stored.truth(None).await;
    let path = |name: &str| stored.dir.path().join(name);
    std::fs::write(path("image001.png"), "mine").unwrap();
    std::fs::write(path("image001.png.part"), "of another program").unwrap();
    for name in ["image001 (2).png", "image001 (3).png"] {
        assert_eq!(stored.save().await.unwrap()[0].path, path(name));
        assert_eq!(std::fs::read(path(name)).unwrap(), truth);
    }
    assert_eq!(std::fs::read(path("image001.png")).unwrap(), b"mine");
    stored.save().overwrite().await.unwrap();
    assert_eq!(std::fs::read(path("image001.png")).unwrap(), truth);
    assert_eq!(
        std::fs::read(path("image001.png.part")).unwrap(),
        b"of another program"
    );
    assert_eq!(stored.on_disk().len(), 4);
}

#[tokio::test]
async fn two_saves_at_once_do_not_disturb_each_other() {
    let stored = Stored::of(300_000).await;
    let truth = stored.truth(None).await;
    let saves = std::iter::repeat_with(|| stored.save().into_future()).take(5);
    futures_util::future::try_join_all(saves).await.unwrap();
    let on_disk = stored.on_disk();
    assert_eq!(on_disk.len(), 5);
    assert!(
        on_disk
            .iter()
            .all(|(name, bytes)| name.ends_with(".png") && *bytes == truth)
    );
}

#[tokio::test]
async fn of_a_save_that_is_dropped_nothing_is_left() {
    let stored = Stored::of(300_000).await;
    stored.befall(FaultRule::next(1, Fault::Stall));
    {
        let saving = tokio::spawn(stored.save().into_future());
        let begun = async {
            while !stored
                .on_disk()
                .iter()
                .any(|(name, bytes)| name.ends_with(".part") && bytes.len() > 1000)
            {
                sleep(10 * MILLISECOND).await;
            }
        };
        timeout(10 * SECOND, begun).await.unwrap();
        saving.abort();
        saving.await.unwrap_err();
    }
    assert_eq!(stored.on_disk(), []);
}

#[tokio::test]
async fn a_disk_that_refuses_is_told_with_the_path() {
    let stored = Stored::of(1).await;
    let file = stored.dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = stored
        .api
        .workflows()
        .save(&stored.id, file.join("x"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), SaveErrorKind::Disk);
    let (path, disk) = error.as_disk().unwrap();
    assert!(path == file.join("x") && disk.kind() == ErrorKind::NotADirectory);
    assert!(
        error.to_string().starts_with("no output was saved: /"),
        "{error}"
    );
    assert!(stored.asked().is_empty());

    // The directory goes while a file comes.
    let stored = Stored::of(1).await;
    stored.befall(FaultRule::next(1, Fault::Delay(300 * MILLISECOND)));
    let dir = stored.dir.path().join("x");
    let saving = stored.api.workflows().save(&stored.id, &dir).into_future();
    let saving = tokio::spawn(saving);
    sleep(100 * MILLISECOND).await;
    std::fs::remove_dir_all(&dir).unwrap();
    let error = saving.await.unwrap().unwrap_err();
    assert_eq!(error.as_disk().unwrap().1.kind(), ErrorKind::NotFound);
    assert!(error.output().is_some());
}

#[tokio::test]
async fn the_wait_for_a_slot_is_told_before_the_links_are_asked_for() {
    let stored = Stored::of(1).await;
    let limited = stored.limited(Quota::new(1, SECOND).unwrap());
    limited.user().await.unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    let save = limited.workflows().save(&stored.id, stored.dir.path());
    let save = save.on_waiting(move |ahead, wait| tell.lock().unwrap().push((ahead, wait)));
    assert_eq!(save.await.unwrap().len(), 1);
    let told = told.lock().unwrap();
    let (ahead, wait) = told.first().expect("it has waited");
    assert_eq!(*ahead, 0);
    assert!((Duration::ZERO..5 * SECOND).contains(wait), "{wait:?}");
}

#[tokio::test]
async fn four_files_come_at_a_time_and_after_a_failure_no_more_begin() {
    let stored = Stored::with(|builder| builder.outputs(12).min_output_bytes(100_000)).await;
    let delay = Fault::Delay(Duration::from_millis(30));
    stored.befall(FaultRule::chance(1.0, 1, delay));
    for (parallel, most) in [(None, 4), (Some(1), 1), (Some(100), 12)] {
        let save = match parallel {
            Some(files) => stored.save().parallel(files),
            None => stored.save(),
        };
        let open = Arc::new(Mutex::new((HashSet::new(), 0)));
        let seen = open.clone();
        let save = save.on_progress(move |progress: SaveProgress<'_>| {
            let (open, highest) = &mut *seen.lock().unwrap();
            open.insert(progress.output.clone());
            *highest = open.len().max(*highest);
            if Some(progress.received) == progress.length {
                open.remove(progress.output);
            }
        });
        assert_eq!(save.await.unwrap().len(), 12);
        let (open, highest) = &*open.lock().unwrap();
        assert!(open.is_empty() && *highest <= most, "{highest}");
    }
    stored.emulator.faults().clear();
    stored.emulator.clear_captured_requests();
    let refused = FaultRule::chance(1.0, 1, Fault::Respond(Shape::StorageDenied));
    stored.befall(refused.path_end("image002.png"));
    let before = stored.on_disk().len();
    let error = stored.save().parallel(1).await.unwrap_err();
    assert_eq!(
        (error.saved().len(), stored.on_disk().len()),
        (1, before + 1)
    );
    assert_eq!(stored.asked().len(), 3);
}
