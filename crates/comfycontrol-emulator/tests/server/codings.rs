//! Content codings, asked for or not.

use std::io::Read;

use comfycontrol_emulator::{Coding, Emulator, Fault, FaultRule};
use flate2::read::{GzDecoder, MultiGzDecoder};
use http_body_util::Full;

use crate::client::{Account, TestResponse, fetch};

#[tokio::test]
async fn gzip_has_many_names_and_is_the_same() {
    let account = Account::open().await;
    let plain = account.get(LIST).await.body;
    for (coding, name) in [
        (Coding::Gzip, "gzip"),
        (Coding::GzipFields, "gzip"),
        (Coding::GzipUpperCase, "GZIP"),
        (Coding::XGzip, "x-gzip"),
    ] {
        let coded = coded(&account, coding).await;
        assert_eq!(coded.headers["content-encoding"], name);
        assert!(coded.body.len() < plain.len() / 4);
        assert_eq!(gunzip(&coded.body), plain);
    }
    let fields = coded(&account, Coding::GzipFields).await;
    let mut fields = GzDecoder::new(&fields.body[..]);
    fields.read_to_end(&mut Vec::new()).unwrap();
    let header = fields.header().unwrap();
    assert_eq!(header.filename().unwrap(), b"page.json");
    assert_eq!(header.comment().unwrap(), b"made by an emulator");
    assert_eq!(header.extra().unwrap(), b"EM\x02\0ok");
}

#[tokio::test]
async fn gzip_has_as_many_members_as_asked_for() {
    let account = Account::open().await;
    let plain = account.get(LIST).await.body;
    for members in [1, 3, 200] {
        let coded = coded(&account, Coding::GzipMembers(members)).await;
        assert_eq!(coded.headers["content-encoding"], "gzip");
        assert_eq!(gunzip(&coded.body), plain);
        let begins = coded.body.windows(10).filter(|w| *w == MEMBER).count();
        assert_eq!(begins, usize::from(members));
    }
}

#[tokio::test]
async fn several_codings_are_named_in_their_order() {
    let account = Account::open().await;
    let plain = account.get(LIST).await.body;
    let twice = coded(&account, Coding::GzipTwice).await;
    assert_eq!(twice.headers["content-encoding"], "gzip, gzip");
    assert_eq!(gunzip(&gunzip(&twice.body)), plain);

    let rule = FaultRule::next(1, Fault::Encode(Coding::Brotli)).and(Fault::Encode(Coding::Gzip));
    account.emulator.faults().add(rule);
    let both = account.get(LIST).await;
    assert_eq!(both.headers["content-encoding"], "br, gzip");
    // The bytes of uncompressed Brotli are those of the body, after their length.
    assert_eq!(gunzip(&both.body)[3..plain.len() + 3], plain[..]);
}

#[tokio::test]
async fn brotli_comes_though_nobody_asked() {
    let account = Account::open().await;
    let plain = account.get(LIST).await.body;
    let coded = coded(&account, Coding::Brotli).await;
    assert_eq!(coded.headers["content-encoding"], "br");
    assert_eq!(coded.body.len(), plain.len() + 4);
    assert_eq!(coded.body[3..plain.len() + 3], plain[..]);
    assert_eq!(coded.body.last(), Some(&3));
}

#[tokio::test]
async fn gzip_is_cut_mislabelled_or_wrong_at_its_end() {
    let account = Account::open().await;
    let rule = FaultRule::next(1, Fault::Encode(Coding::Gzip)).and(Fault::Truncate);
    account.emulator.faults().add(rule);
    let cut = account.get(LIST).await;
    assert_eq!(cut.headers["content-encoding"], "gzip");
    let error = MultiGzDecoder::new(&cut.body[..]).read_to_end(&mut Vec::new());
    assert_eq!(error.unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);

    let wrong = coded(&account, Coding::GzipWrongChecksum).await;
    let error = MultiGzDecoder::new(&wrong.body[..]).read_to_end(&mut Vec::new());
    assert_eq!(
        error.unwrap_err().to_string(),
        "corrupt gzip stream does not have a matching checksum"
    );

    let plain = account.get(LIST).await.body;
    let label = coded(&account, Coding::Label("zstd".parse().unwrap())).await;
    assert_eq!(label.headers["content-encoding"], "zstd");
    assert_eq!(label.body, plain);
}

#[tokio::test]
async fn gzip_is_sent_to_those_who_ask_if_the_emulator_is_told_to() {
    let builder = Emulator::builder().limit(None).compressed(true);
    let account = Account::of(builder.start().await.unwrap());
    let get = async |name: &str, value: &str| {
        let request = account.request("GET", LIST).header(name, value);
        fetch(request.body(Full::default()).unwrap()).await.unwrap()
    };
    let plain = get("accept", "*/*").await;
    assert!(!plain.headers.contains_key("content-encoding"));
    let coded = get("accept-encoding", "br, gzip;q=0.8").await;
    assert_eq!(coded.headers["content-encoding"], "gzip");
    assert_eq!(coded.headers["vary"], "accept-encoding");
    assert_eq!(gunzip(&coded.body), plain.body);
    let refused = get("accept-encoding", "gzip;q=0").await;
    assert_eq!(refused.body, plain.body);
}

// === support ===

const LIST: &str = "/v1/runner?per_page=100";
/// How each member begins.
const MEMBER: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

async fn coded(account: &Account, coding: Coding) -> TestResponse {
    account
        .emulator
        .faults()
        .add(FaultRule::next(1, Fault::Encode(coding)));
    account.get(LIST).await
}

/// All members, as the library reads them.
fn gunzip(coded: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    MultiGzDecoder::new(coded).read_to_end(&mut plain).unwrap();
    plain
}
