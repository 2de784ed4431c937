//! Outputs saved from a host that breaks off, lies and changes its mind, over sockets: what is on
//! disk is the file, or nothing.

#[path = "support/stored.rs"]
mod stored;

use std::time::Duration;

use comfycontrol_api::SaveErrorKind;
use comfycontrol_emulator::{Ending, Fault, FaultRule, FileFault, Length, Shape};
use http::Version;
use http::header::{IF_RANGE, RANGE};

use self::stored::Stored;

const KIB: usize = 1024;
const ALWAYS: f64 = 1.0;

#[tokio::test]
async fn a_file_is_whole_though_each_64_kib_break_off() {
    let endings = [
        (false, Ending::Close),
        (false, Ending::Reset),
        (true, Ending::NoError),
        (true, Ending::InternalError),
        (true, Ending::Cancel),
        (true, Ending::Close),
        (true, Ending::Reset),
    ];
    for (tls, ending) in endings {
        let stored = stored(1_000_003, tls).await;
        let truth = stored.truth(None).await;
        let after = 64 * KIB;
        stored.befall(FaultRule::chance(
            ALWAYS,
            1,
            Fault::EndInBody { after, ending },
        ));
        let saved = stored.save().await.unwrap();
        assert_eq!(saved[0].length, 1_000_003);
        assert!(stored.on_disk() == [("image001.png".to_owned(), truth)]);

        let asked = stored.asked();
        assert!(asked.len() >= 16, "{tls} {ending:?}: {}", asked.len());
        let version = if tls {
            Version::HTTP_2
        } else {
            Version::HTTP_11
        };
        assert!(asked.iter().all(|seen| seen.version() == version));
        for seen in &asked[1..] {
            let headers = seen.headers();
            assert!(headers.contains_key(RANGE) && headers.contains_key(IF_RANGE));
        }
    }
}

#[tokio::test]
async fn a_file_that_is_replaced_meanwhile_is_never_a_mixture() {
    // The host keeps to If-Range; it does not; it gives no ranges; it moves them.
    let none = FileFault::Changed(1);
    for also in [
        none,
        FileFault::IgnoreIfRange,
        FileFault::IgnoreRange,
        FileFault::Shift(7),
    ] {
        for tls in [false, true] {
            let stored = stored(300 * KIB, tls).await;
            let truth = stored.truth(Some(FileFault::Changed(1))).await;
            assert!(truth != stored.truth(None).await);
            stored.befall(FaultRule::next(2, cut(100 * KIB)));
            let changed = FaultRule::chance(ALWAYS, 1, Fault::File(FileFault::Changed(1)));
            stored.befall(changed.and(Fault::File(also)));
            stored.save().await.unwrap();
            assert!(
                stored.on_disk() == [("image001.png".to_owned(), truth)],
                "{also:?}"
            );
        }
    }
}

#[tokio::test]
async fn without_a_strong_tag_a_file_begins_anew() {
    for tag in [
        FileFault::WeakEtag,
        FileFault::NoEtag,
        FileFault::IgnoreRange,
    ] {
        let stored = stored(300 * KIB, false).await;
        let truth = stored.truth(None).await;
        let begun = FaultRule::next(2, cut(100 * KIB)).and(Fault::File(tag));
        stored.befall(begun);
        // The tag stays the same, and the file does not.
        let changed = FaultRule::next(1, cut(200 * KIB)).and(Fault::File(tag));
        stored.befall(changed.and(Fault::File(FileFault::Changed(1))));
        stored.befall(FaultRule::chance(ALWAYS, 1, Fault::File(tag)));
        stored.save().await.unwrap();
        assert!(
            stored.on_disk() == [("image001.png".to_owned(), truth)],
            "{tag:?}"
        );
        let ranges = stored
            .asked()
            .iter()
            .filter(|seen| seen.headers().contains_key(IF_RANGE))
            .count();
        assert_eq!(ranges > 0, tag == FileFault::IgnoreRange, "{tag:?}");
    }
}

#[tokio::test]
async fn a_host_that_lies_about_the_length_leaves_no_half() {
    let lies = |length| FaultRule::next(2, Fault::Length(length));
    for tls in [false, true] {
        for rule in [
            lies(Length::Is(400_000)),
            lies(Length::Is(100_000)),
            lies(Length::Chunked),
            lies(Length::Chunked).and(cut(100 * KIB)),
            // The end of the half looks like that of the whole.
            lies(Length::Chunked).and(Fault::Truncate),
            lies(Length::UntilClose).and(cut(100 * KIB)),
            FaultRule::next(2, Fault::Truncate),
        ] {
            let stored = stored(300 * KIB, tls).await;
            let truth = stored.truth(None).await;
            stored.befall(rule.clone());
            stored
                .save()
                .await
                .unwrap_or_else(|e| panic!("{rule:?}: {e}"));
            assert!(
                stored.on_disk() == [("image001.png".to_owned(), truth)],
                "{rule:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_nothing_proves_whole_is_not_kept() {
    for fault in [Fault::Truncate, cut(100 * KIB)] {
        let stored = stored(300 * KIB, false).await;
        let until_close = Fault::Length(Length::UntilClose);
        let rule = FaultRule::chance(ALWAYS, 1, until_close).and(fault.clone());
        stored.befall(rule.and(Fault::File(FileFault::IgnoreRange)));
        let error = stored.save().await.unwrap_err();
        if fault == Fault::Truncate {
            assert_eq!(error.kind(), SaveErrorKind::Incomplete);
            assert!(
                error
                    .to_string()
                    .ends_with("nothing says whether that is all")
            );
        }
        assert_eq!(stored.on_disk(), []);
        assert_eq!(error.saved(), []);
    }
}

#[tokio::test]
async fn a_link_whose_time_is_over_is_asked_for_once_more() {
    let stored = Stored::with(|builder| builder.outputs(9)).await;
    let outcome = stored.api.workflows().outcome(&stored.id).await.unwrap();
    let edge = stored.emulator.edge();
    edge.set_wall_clock(edge.wall_clock() + Duration::from_secs(301));
    stored.emulator.clear_captured_requests();
    let saved = outcome.save(stored.dir.path()).await.unwrap();
    assert_eq!((saved.len(), stored.on_disk().len()), (9, 9));
    let seen = stored.emulator.captured_requests();
    let paths = seen.iter().map(|seen| seen.uri().path());
    let asked = paths.filter(|path| path.ends_with("/outputs"));
    assert_eq!(asked.count(), 1, "once for all of them");

    // In the middle of a file, which goes on.
    let stored = Stored::of(300 * KIB).await;
    let truth = stored.truth(None).await;
    stored.befall(FaultRule::next(1, cut(100 * KIB)));
    stored.befall(FaultRule::next(1, Fault::Respond(Shape::StorageDenied)));
    stored.save().await.unwrap();
    assert!(stored.on_disk()[0].1 == truth);
    assert_eq!(stored.asked()[2].headers()[RANGE], "bytes=102400-");

    // One that is refused though it is fresh.
    let stored = Stored::of(1).await;
    stored.befall(FaultRule::chance(
        ALWAYS,
        1,
        Fault::Respond(Shape::StorageDenied),
    ));
    let error = stored.save().await.unwrap_err();
    assert_eq!(error.as_download().unwrap().status().unwrap(), 403);
    assert_eq!((stored.asked().len(), stored.on_disk().len()), (2, 0));
}

#[tokio::test]
async fn a_file_that_is_larger_than_allowed_is_given_up_and_not_on_disk() {
    for says_its_length in [true, false] {
        let stored = stored(300 * KIB, false).await;
        let truth = stored.truth(None).await.len() as u64;
        if !says_its_length {
            let whole = FaultRule::chance(ALWAYS, 1, Fault::File(FileFault::IgnoreRange));
            stored.befall(whole.and(Fault::Length(Length::Chunked)));
        }
        let save = || stored.api.workflows().save(&stored.id, stored.dir.path());
        let error = save().max_bytes(truth - 1).await.unwrap_err();
        assert_eq!(error.kind(), SaveErrorKind::TooLarge, "{error}");
        assert_eq!((stored.asked().len(), stored.on_disk().len()), (1, 0));
        if says_its_length {
            save().max_bytes(truth).await.unwrap();
        }
    }
}

// === support ===

async fn stored(bytes: usize, tls: bool) -> Stored {
    Stored::with(|builder| builder.outputs(1).min_output_bytes(bytes).storage_tls(tls)).await
}

fn cut(after: usize) -> Fault {
    let ending = Ending::Close;
    Fault::EndInBody { after, ending }
}
