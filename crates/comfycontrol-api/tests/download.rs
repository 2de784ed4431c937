//! Files from other hosts and from the API itself, over a mock transport.

#[path = "support/mocked.rs"]
mod mocked;

use comfycontrol::{Body, Client, Error};
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
