#!/usr/bin/env bash
# Question: a download is resumed with `Range` and `If-Range`, and the file has changed meanwhile.
# RFC 9110, section 13.1.5: the server must then ignore the range and send the whole new file with
# 200. Does tower-http's ServeDir?
#
# Behaviour: no. `If-Range` is not looked at: whatever it says, the answer is 206 with the rest of
# the *new* file. A client that takes the 206 as proof and appends glues the beginning of one
# version to the end of another. It must compare the validator of the 206 (`Last-Modified` here)
# with its own.
#
# Versions: tower-http 0.7.0, tower 0.5.3.
#
# Output seen:
#   whole: 200, 10 bytes "old-old-ol"
#   file replaced, Range: bytes=5-, If-Range of the old one: 206, "ew-ne"
#   If-Range with an entity tag that never was: 206, "ew-ne"
#   Last-Modified tells: yes
#
# Run: findings/servedir-if-range.sh (needs cargo and the crates registry; fails on a change)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/src" "$dir/files"
cat >"$dir/Cargo.toml" <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
http = "1"
http-body-util = "0.1"
tokio = { version = "1", default-features = false, features = ["macros", "rt"] }
tower = { version = "=0.5.3", default-features = false, features = ["util"] }
tower-http = { version = "=0.7.0", default-features = false, features = ["fs"] }

[workspace]
TOML
cat >"$dir/src/main.rs" <<'RUST'
use http::{header, Request};
use http_body_util::{BodyExt, Empty};
use tower::ServiceExt;
use tower_http::services::ServeDir;

async fn get(files: &str, if_range: Option<&str>) -> (u16, String, String) {
    let mut request = Request::get("/a.bin");
    if let Some(validator) = if_range {
        request = request.header(header::RANGE, "bytes=5-").header(header::IF_RANGE, validator);
    }
    let request = request.body(Empty::<&[u8]>::new()).unwrap();
    let response = ServeDir::new(files).oneshot(request).await.unwrap();
    let modified = response.headers()[header::LAST_MODIFIED].to_str().unwrap().to_owned();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned(), modified)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let files = std::env::args().nth(1).unwrap();
    let file = std::path::Path::new(&files).join("a.bin");
    std::fs::write(&file, "old-old-ol").unwrap();
    let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(old).unwrap();
    let (status, body, validator) = get(&files, None).await;
    println!("whole: {status}, {} bytes {body:?}", body.len());
    std::fs::write(&file, "new-new-ne").unwrap();
    let (status, body, modified) = get(&files, Some(&validator)).await;
    println!("file replaced, Range: bytes=5-, If-Range of the old one: {status}, {body:?}");
    let (status, body, _) = get(&files, Some("\"never\"")).await;
    println!("If-Range with an entity tag that never was: {status}, {body:?}");
    println!("Last-Modified tells: {}", if modified == validator { "no" } else { "yes" });
}
RUST
seen=$(cargo run --quiet --manifest-path "$dir/Cargo.toml" --target-dir "$dir/target" -- "$dir/files")
expected=$(sed -n '/^# Output seen:$/,/^#$/s/^#   //p' "$0")
if [[ $seen != "$expected" ]]; then
    diff -u <(echo "$expected") <(echo "$seen") || true
    echo "the behaviour has changed" >&2
    exit 1
fi
echo "$seen"
