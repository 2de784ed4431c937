//! Responses that end early, frame by frame.

use std::time::Duration;

use comfycontrol_emulator::{Emulator, Ending, Fault, FaultRule, Length, Shape};
use h2::Reason;
use http::StatusCode;
use http_body_util::BodyExt;

use crate::client::{Account, bare, fetch, send};
use crate::h2::{H2, get};
use crate::raw;

#[tokio::test]
async fn half_a_promised_body_ends_with_the_stream_error_asked_for() {
    let account = Account::open().await;
    let mut h2 = H2::connect(&account).await;
    for (ending, reason) in [
        (Ending::NoError, Reason::NO_ERROR),
        (Ending::InternalError, Reason::INTERNAL_ERROR),
        (Ending::Cancel, Reason::CANCEL),
    ] {
        half(&account, ending);
        let stream = h2.fetch(get(&account, "/v1/user")).await.unwrap();
        assert_eq!(stream.headers["content-length"], "20000");
        assert_eq!(stream.body, [b'x'; 10_000]);
        assert!(stream.error.as_ref().unwrap().is_remote());
        assert_eq!(stream.reset(), Some(reason));
    }
}

#[tokio::test]
async fn half_a_promised_body_ends_with_its_connection() {
    let account = Account::open().await;
    for ending in [Ending::Close, Ending::NoError, Ending::InternalError] {
        half(&account, ending);
        let raw = raw::get(&account, "/v1/user").await;
        let (head, body) = raw.parts();
        assert!(head.contains("\r\ncontent-length: 20000\r\n"), "{head}");
        assert_eq!((body.len(), raw.error), (10_000, None));
    }
    half(&account, Ending::Close);
    let mut h2 = H2::connect(&account).await;
    let stream = h2.fetch(get(&account, "/v1/user")).await.unwrap();
    assert_eq!((stream.body.len(), stream.reset()), (10_000, None));
    assert!(stream.error.unwrap().is_io());
}

#[tokio::test]
async fn a_body_of_no_told_length_ends_early() {
    let account = Account::open().await;
    let cut = |length| {
        let rule = FaultRule::next(1, body()).and(Fault::Length(length));
        let ending = Ending::NoError;
        account.emulator.faults().add(rule.and(Fault::EndInBody {
            after: 10_000,
            ending,
        }));
    };
    cut(Length::Chunked);
    let mut h2 = H2::connect(&account).await;
    let stream = h2.fetch(get(&account, "/v1/user")).await.unwrap();
    assert!(!stream.headers.contains_key("content-length"));
    assert_eq!(
        (stream.body.len(), stream.reset()),
        (10_000, Some(Reason::NO_ERROR))
    );

    cut(Length::Chunked);
    let raw = raw::get(&account, "/v1/user").await;
    let (head, body) = raw.parts();
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    assert!(body.starts_with(b"2710\r\n") && !body.ends_with(b"0\r\n\r\n"));

    cut(Length::UntilClose);
    let raw = raw::get(&account, "/v1/user").await;
    let (head, body) = raw.parts();
    assert!(
        !head.contains("content-length") && !head.contains("chunked"),
        "{head}"
    );
    assert_eq!((body.len(), raw.error), (10_000, None));
}

#[tokio::test]
async fn a_length_can_be_a_lie() {
    let account = Account::open().await;
    let lie = |bytes| {
        let rule = FaultRule::next(1, body()).and(Fault::Length(Length::Is(bytes)));
        account.emulator.faults().add(rule);
    };
    lie(30_000);
    let raw = raw::get(&account, "/v1/user").await;
    let (head, body) = raw.parts();
    assert!(head.contains("content-length: 30000"), "{head}");
    assert_eq!((body.len(), raw.error), (20_000, None));

    lie(5);
    assert_eq!(account.get("/v1/user").await.body, "xxxxx");

    lie(30_000);
    let mut h2 = H2::connect(&account).await;
    let stream = h2.fetch(get(&account, "/v1/user")).await.unwrap();
    assert_eq!(stream.headers["content-length"], "30000");
    // What h2 itself makes of it.
    assert_eq!(stream.reset(), Some(Reason::PROTOCOL_ERROR));
}

#[tokio::test]
async fn a_stream_error_comes_in_place_of_the_response() {
    let account = Account::open().await;
    let mut h2 = H2::connect(&account).await;
    for (ending, reason) in [
        (Ending::RefusedStream, Reason::REFUSED_STREAM),
        (Ending::EnhanceYourCalm, Reason::ENHANCE_YOUR_CALM),
        (Ending::InternalError, Reason::INTERNAL_ERROR),
        (Ending::NoError, Reason::NO_ERROR),
        (Ending::Cancel, Reason::CANCEL),
    ] {
        account
            .emulator
            .faults()
            .add(FaultRule::next(1, Fault::End(ending)));
        let error = h2.fetch(get(&account, "/v1/user")).await.unwrap_err();
        assert_eq!((error.is_remote(), error.reason()), (true, Some(reason)));
    }
    // The connection is as good as before.
    assert_eq!(
        h2.fetch(get(&account, "/v1/user")).await.unwrap().status,
        200
    );
}

#[tokio::test]
async fn a_connection_is_closed_or_reset_in_place_of_the_response() {
    let account = Account::open().await;
    for (ending, error) in [
        (Ending::Close, None),
        (Ending::RefusedStream, None),
        (Ending::Reset, Some(std::io::ErrorKind::ConnectionReset)),
    ] {
        account
            .emulator
            .faults()
            .add(FaultRule::next(1, Fault::End(ending)));
        let raw = raw::get(&account, "/v1/user").await;
        assert_eq!((raw.bytes.len(), raw.error), (0, error), "{ending:?}");
    }
    account
        .emulator
        .faults()
        .add(FaultRule::next(1, Fault::End(Ending::Close)));
    let mut h2 = H2::connect(&account).await;
    let error = h2.fetch(get(&account, "/v1/user")).await.unwrap_err();
    assert!(error.is_io(), "{error:?}");
}

#[tokio::test]
async fn a_connection_goes_away_with_its_response() {
    let account = Account::open().await;
    account
        .emulator
        .faults()
        .add(FaultRule::next(2, Fault::GoAway));
    let mut h2 = H2::connect(&account).await;
    let stream = h2.fetch(get(&account, "/v1/user")).await.unwrap();
    assert_eq!((stream.status, stream.error.is_none()), (200, true));
    // GOAWAY(NO_ERROR) and an orderly end.
    assert!(h2.connection.await.unwrap().is_ok());
    let error = h2.sender.ready().await.map(|_| ()).unwrap_err();
    assert_eq!(error.reason(), Some(Reason::NO_ERROR));

    let raw = raw::get(&account, "/v1/user").await;
    assert!(raw.parts().0.contains("\r\nconnection: close\r\n"));
}

#[tokio::test]
async fn an_upload_is_answered_early_and_the_rest_is_not_wanted() {
    let account = Account::open().await;
    let early = Fault::Respond(Shape::PayloadTooLarge);
    account.emulator.faults().add(FaultRule::next(2, early));
    let mut h2 = H2::connect(&account).await;
    let upload = account.request("POST", "/v1/workflow").body(()).unwrap();
    let stream = h2.upload(upload).await.unwrap();
    assert_eq!(stream.status, 413);
    assert!(stream.body.ends_with(b"</html>\r\n"));
    assert_eq!(stream.reset(), Some(Reason::NO_ERROR));

    // Over HTTP/1.1 the connection is closed, in order although much was never read.
    let mut upload =
        b"POST /v1/workflow HTTP/1.1\r\nhost: a\r\ncontent-length: 9000000\r\n\r\n".to_vec();
    upload.resize(4_000_000, b'x');
    let raw = raw::send(&account, &upload).await;
    let (head, body) = raw.parts();
    assert!(head.starts_with("http/1.1 413"), "{head}");
    assert!(body.ends_with(b"</html>\r\n"));
    assert_eq!(raw.error, None);
}

#[tokio::test]
async fn a_download_from_the_storage_meets_only_the_faults_of_the_storage() {
    let builder = Emulator::builder().limit(None).run_time(Duration::ZERO);
    let account = Account::of(builder.min_output_bytes(20_000).start().await.unwrap());
    let parts = [("name", "", "one"), ("workflow_json", "g.json", "{}")];
    let made = account.post_form("/v1/workflow", &parts).await.json();
    let outputs = format!("/v1/workflow/{}/outputs", made["id"].as_str().unwrap());
    let link = account.get(&outputs).await.json()[0]["src"]
        .as_str()
        .unwrap()
        .to_owned();
    let ending = Ending::Close;
    let cut = FaultRule::next(
        1,
        Fault::EndInBody {
            after: 9_000,
            ending,
        },
    );
    account
        .emulator
        .faults()
        .add(cut.path("/outputs/").storage());
    account
        .emulator
        .faults()
        .add(FaultRule::next(1, Fault::Reset).path("/outputs/"));

    let mut response = send(bare(link.clone())).await.unwrap();
    assert_eq!(response.headers()["content-length"], "20000");
    let mut read = 0;
    while let Some(Ok(frame)) = response.frame().await {
        read += frame.data_ref().unwrap().len();
    }
    assert_eq!(read, 9_000);
    assert_eq!(fetch(bare(link)).await.unwrap().body.len(), 20_000);
}

// === support ===

/// 20,000 bytes.
fn body() -> Fault {
    let content_type = "application/octet-stream".parse().unwrap();
    Fault::Respond(Shape::Bytes(
        StatusCode::OK,
        content_type,
        vec![b'x'; 20_000].into(),
    ))
}

/// 20,000 bytes are promised, 10,000 come.
fn half(account: &Account, ending: Ending) {
    let rule = FaultRule::next(1, body()).and(Fault::EndInBody {
        after: 10_000,
        ending,
    });
    account.emulator.faults().add(rule);
}
