#!/usr/bin/env bash
# Question: content codings are case-insensitive and `x-gzip` is gzip (RFC 9110, sections 8.4.1 and
# 8.4.1.3). Which spellings does tower-http's Decompression undo, and what does it do with the
# others?
#
# Behaviour: only `gzip` in small letters. With `GZIP`, `x-gzip` or `gzip, identity` the body is
# handed on as it came, compressed, and as a success: nothing tells the caller that the bytes are
# not what the content type says. The header stays, so that a caller who looks can tell.
#
# Versions: tower-http 0.7.0, tower 0.5.3, flate2 1.1.2.
#
# Output seen:
#   gzip: plain text, header gone
#   GZIP: compressed bytes, header kept
#   x-gzip: compressed bytes, header kept
#   gzip, identity: compressed bytes, header kept
#
# Run: findings/decompression-coding-names.sh (needs cargo and the crates registry; fails on a
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
bytes = "1"
flate2 = "=1.1.2"
http = "1"
http-body-util = "0.1"
tokio = { version = "1", default-features = false, features = ["macros", "rt"] }
tower = { version = "=0.5.3", default-features = false, features = ["util"] }
tower-http = { version = "=0.7.0", default-features = false, features = ["decompression-gzip"] }

[workspace]
TOML
cat >"$dir/src/main.rs" <<'RUST'
use std::{convert::Infallible, io::Write};

use bytes::Bytes;
use flate2::{write::GzEncoder, Compression};
use http::{header::CONTENT_ENCODING, Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{service_fn, ServiceBuilder, ServiceExt};
use tower_http::decompression::DecompressionLayer;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(b"plain text").unwrap();
    let packed = Bytes::from(encoder.finish().unwrap());
    for coding in ["gzip", "GZIP", "x-gzip", "gzip, identity"] {
        let body = packed.clone();
        let service = ServiceBuilder::new().layer(DecompressionLayer::new()).service(service_fn(
            move |_: Request<()>| {
                let response = Response::builder().header(CONTENT_ENCODING, coding);
                let response = response.body(Full::new(body.clone())).unwrap();
                async { Ok::<_, Infallible>(response) }
            },
        ));
        let response = service.oneshot(Request::new(())).await.unwrap();
        let kept = response.headers().contains_key(CONTENT_ENCODING);
        let read = response.into_body().collect().await.unwrap().to_bytes();
        let read = match &read[..] {
            b"plain text" => "plain text",
            other if other == packed => "compressed bytes",
            _ => "something else",
        };
        println!("{coding}: {read}, header {}", if kept { "kept" } else { "gone" });
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
