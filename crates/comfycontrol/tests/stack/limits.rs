//! The limiter.

use std::time::Duration;

use comfycontrol::rate_limit::{Limiter, Quota};

use super::support::{answering, builder, status};

#[tokio::test(start_paused = true)]
async fn a_download_from_the_api_itself_waits_its_turn() {
    let (client, seen) = answering(|_| status(200));
    let limiter = client.limiter().unwrap();
    let downloads = client.downloader();
    downloads
        .get("https://storage.example/x")
        .send()
        .await
        .unwrap();
    assert_eq!(limiter.snapshot().free(), 40);
    let home = "https://api.comfycontrol.app/x";
    downloads.get(home).send().await.unwrap();
    assert_eq!((limiter.snapshot().free(), seen.count()), (39, 2));
}

#[test]
fn a_limiter_that_was_set_is_one_s_own_already() {
    let free = |builder: comfycontrol::ClientBuilder| {
        let client = builder.own_limiter().without_token().build().unwrap();
        client.limiter().unwrap().snapshot().free()
    };
    let quota = Quota::new(7, Duration::from_secs(1)).unwrap();
    assert_eq!(free(builder().quota(quota)), 7);
    assert_eq!(free(builder().limiter(Limiter::new(quota))), 7);
    assert_eq!(free(builder().no_limit()), 40);
    assert_eq!(free(builder()), 40);
}
