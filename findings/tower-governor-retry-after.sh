#!/usr/bin/env bash
# Question: tower_governor refuses with 429 and `Retry-After`. Does a client that waits exactly so
# long get its turn then?
#
# Behaviour: no. The time that is left is cut to whole seconds, not rounded up: of 2.5 s it names 2,
# is refused then, and is told `Retry-After: 0`, at which an obedient client asks in a tight loop
# for the half second that is left. A client needs a floor of its own (a second added, or at least
# one), and a server that names whole seconds must round up.
#
# Versions: tower_governor 0.8.0, governor 0.10.4, axum 0.8.9, tower 0.5.3.
#
# Output seen:
#   at 0 s: 200, retry-after none
#   at 0 s: 429, retry-after 2
#   at 2 s: 429, retry-after 0
#   at 2 s: 429, retry-after 0
#
# Run: findings/tower-governor-retry-after.sh (needs cargo and the crates registry; fails on a
# change)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/src"
cat >"$dir/Cargo.toml" <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
axum = { version = "=0.8.9", default-features = false }
governor = "=0.10.4"
http = "1"
tokio = { version = "1", default-features = false, features = ["macros", "rt", "time"] }
tower = { version = "=0.5.3", default-features = false, features = ["util"] }
tower_governor = { version = "=0.8.0", default-features = false, features = ["axum"] }

[workspace]
TOML
cat >"$dir/src/main.rs" <<'RUST'
use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::body::Body;
use http::{Request, Response};
use tower::{service_fn, Service, ServiceBuilder, ServiceExt};
use tower_governor::governor::GovernorConfigBuilder;
use tower_governor::{key_extractor::GlobalKeyExtractor, GovernorLayer};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let config = GovernorConfigBuilder::default()
        .period(Duration::from_millis(2_500))
        .burst_size(1)
        .key_extractor(GlobalKeyExtractor)
        .use_headers()
        .finish()
        .unwrap();
    let mut service = ServiceBuilder::new().layer(GovernorLayer::new(config)).service(service_fn(
        |_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::empty())) },
    ));
    let start = Instant::now();
    for _ in 0..4 {
        let service = service.ready().await.unwrap();
        let response = service.call(Request::new(Body::empty())).await.unwrap();
        let asked = response.headers().get("retry-after").map(|v| v.to_str().unwrap());
        let (at, status) = (start.elapsed().as_secs(), response.status().as_u16());
        println!("at {at} s: {status}, retry-after {}", asked.unwrap_or("none"));
        let asked = asked.map_or(0, |v| v.parse().unwrap());
        tokio::time::sleep(Duration::from_secs(asked)).await;
    }
}
RUST
seen=$(cargo run --quiet --manifest-path "$dir/Cargo.toml" --target-dir "$dir/target")
expected=$(sed -n '/^# Output seen:$/,/^#$/s/^#   //p' "$0")
if [[ $seen != "$expected" ]]; then
    diff -u <(echo "$expected") <(echo "$seen") || true
    echo "the behaviour has changed" >&2
    exit 1
fi
echo "$seen"
