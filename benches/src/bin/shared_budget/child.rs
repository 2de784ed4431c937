//! One of the processes: it sends as much as it may, and tells each response.

use std::io::BufRead;

use bytes::Bytes;
use comfycontrol_benches::place::Place;
use comfycontrol_benches::process::tell;
use comfycontrol_rate_limit::Limiter;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::Terms;

/// Runs until it is killed, or its starter is gone.
pub(crate) async fn run(place: &Place, url: &str, terms: Terms) {
    let builder = Limiter::builder(terms.quota()).linger(terms.linger());
    let builder = builder.cooldown(terms.window);
    let limiter = place.limiter(builder, terms.lease());
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    tell("ready");
    begin().await;
    let mut calls = JoinSet::new();
    for _ in 0..2 * terms.limit {
        let (limiter, client, url) = (limiter.clone(), client.clone(), url.to_owned());
        calls.spawn(async move {
            loop {
                let Ok(permit) = limiter.acquire().await else {
                    return tell("rejected");
                };
                let in_flight = permit.dispatch();
                let request = Request::get(&*url).body(Empty::new()).expect("a request");
                match client.request(request).await {
                    Ok(response) => {
                        in_flight.settle(&response);
                        let throttled = response.status() == 429;
                        let _ = response.into_body().collect().await;
                        tell(if throttled { "429" } else { "200" });
                    }
                    Err(_) => tell("failed"),
                }
            }
        });
    }
    while calls.join_next().await.is_some() {}
}

/// Waits for the word; ends the process when its starter can give no other.
async fn begin() {
    let (begins, begun) = oneshot::channel();
    std::thread::spawn(move || {
        let mut begins = Some(begins);
        for _ in std::io::stdin().lock().lines().map_while(Result::ok) {
            let _ = begins.take().map(|begins| begins.send(()));
        }
        std::process::exit(0);
    });
    let _ = begun.await;
}
