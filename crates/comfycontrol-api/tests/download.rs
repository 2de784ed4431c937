//! Files from other hosts and from the API itself, over a mock transport.

#[path = "support/mocked.rs"]
mod mocked;

use comfycontrol::{Body, Client, Error, ErrorKind};
use comfycontrol_api::Api;
use comfycontrol_test::responding;
use http::Response;

use self::mocked::client_of;

#[tokio::test(start_paused = true)]
async fn a_download_from_the_api_itself_waits_its_turn() {
    let (client, heads) = client_of(|_| Response::new(Body::empty()));
    let api = Api::new(client);
    let limiter = api.client().limiter().unwrap();
    let downloads = api.downloader();
    downloads
        .get("https://storage.example/x")
        .send()
        .await
        .unwrap();
    assert_eq!(limiter.snapshot().free(), 40);
    let home = "https://api.comfycontrol.app/x";
    downloads.get(home).send().await.unwrap();
    assert_eq!((limiter.snapshot().free(), heads.count()), (39, 2));
}

#[tokio::test(start_paused = true)]
async fn a_server_s_word_leads_into_no_internal_network() {
    let (client, heads) = client_of(|_| Response::new(Body::empty()));
    let downloads = Api::new(client).downloader();
    for url in [
        "http://127.0.0.1:6379/x",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.7/x",
        "https://[::ffff:10.0.0.7]/x",
        "https://[fd00::1]/x",
    ] {
        let refused = downloads.get(url).send().await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Request, "{url}");
    }
    assert_eq!(heads.count(), 0);
    let downloads = downloads.allow_internal_host("10.0.0.7");
    downloads.get("https://10.0.0.7/x").send().await.unwrap();
    assert_eq!(heads.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn outputs_are_saved_by_the_downloader_that_was_set() {
    let (client, heads) = client_of(|n| match n {
        0 | 1 => Response::new(Body::from(
            r#"[{"id":"1","workflow_id":"a","src":"https://10.0.0.7/image.png"}]"#,
        )),
        _ => {
            let file = Response::builder().header("content-length", "6");
            file.body(Body::from("pixels")).unwrap()
        }
    });
    let (api, dir) = (Api::new(client), tempfile::tempdir().unwrap());
    let save = || api.workflows().save(&"a".into(), dir.path());
    let refused = save().await.unwrap_err();
    assert!(
        refused.output().is_some() && heads.count() == 1,
        "{refused}"
    );
    let inside = api.downloader().allow_internal_host("10.0.0.7");
    let saved = save().downloader(inside).await.unwrap();
    assert_eq!(std::fs::read(&saved[0].path).unwrap(), b"pixels");
    assert_eq!(heads.all()[2].uri, "https://10.0.0.7/image.png");
}

#[tokio::test(start_paused = true)]
async fn default_headers_stay_with_the_api_s_own_calls() {
    let (transport, heads) = responding(|_| Ok::<_, Error>(Response::new(Body::empty())));
    let client = Client::builder()
        .token("cfc_test0000000")
        .default_header("x-studio", "secret")
        .transport(transport)
        .build()
        .unwrap();
    let downloads = Api::new(client).downloader();
    for url in [
        "https://storage.example/x",
        "https://api.comfycontrol.app/x",
    ] {
        downloads.get(url).send().await.unwrap();
        downloads.head(url).send().await.unwrap();
    }
    assert_eq!(heads.count(), 4);
    for head in heads.all().iter() {
        assert!(!head.headers.contains_key("x-studio"));
        assert_eq!(head.headers["accept"], "*/*");
    }
}

#[tokio::test]
async fn a_file_is_asked_for_as_it_is_and_never_decoded() {
    let (client, heads) = client_of(|_| {
        let response = Response::builder().header("content-encoding", "gzip");
        response.body(Body::from("\u{1f}")).unwrap()
    });
    let downloads = Api::new(client).downloader();
    for url in [
        "https://storage.example/x",
        "https://api.comfycontrol.app/x",
    ] {
        let error = downloads.get(url).send().await.unwrap_err();
        let told = "200 response is encoded as gzip, which was not asked for";
        assert_eq!(error.to_string(), told);
    }
    for head in heads.all().iter() {
        assert_eq!(head.headers["accept-encoding"], "identity");
    }
}

#[tokio::test]
async fn a_signed_url_is_sent_as_a_browser_would_send_it() {
    let (client, heads) = client_of(|_| Response::new(Body::empty()));
    let downloads = Api::new(client).downloader();
    let signed = "https://storage.example/a b/{ü}|%2F.png?name=a \"b\"&sig=%2B+/=&z=1&a=2";
    downloads.get(signed).send().await.unwrap();
    assert_eq!(
        heads.all()[0].uri,
        "https://storage.example/a%20b/%7B%C3%BC%7D|%2F.png?name=a%20%22b%22&sig=%2B+/=&z=1&a=2"
    );
}

#[tokio::test]
async fn of_an_expired_url_the_host_s_words_are_shown_and_what_to_do() {
    let (client, _) = client_of(|_| {
        let expired = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>\
                       <Message>Request has expired</Message></Error>";
        Response::builder()
            .status(403)
            .body(Body::from(expired))
            .unwrap()
    });
    let downloads = Api::new(client).downloader();
    let get = downloads.get("https://storage.example/x?sig=secret");
    assert_eq!(
        get.send().await.unwrap_err().to_string(),
        "403 Forbidden: AccessDenied: Request has expired: \
         the time of the URL is over, ask for the outputs again"
    );
}

#[tokio::test]
async fn the_length_of_a_file_is_known_from_its_head() {
    let (client, _) = client_of(|_| {
        let response = Response::builder().header("content-length", "20000");
        response.body(Body::empty()).unwrap()
    });
    let downloads = Api::new(client).downloader();
    let head = downloads
        .head("https://storage.example/x")
        .send()
        .await
        .unwrap();
    assert_eq!(head.content_length(), Some(20_000));
}
