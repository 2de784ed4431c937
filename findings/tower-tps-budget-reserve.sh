#!/usr/bin/env bash
# Question: tower's TpsBudget is made with `min_per_sec`, described as retries "per second". A
# client that has no success at all and asks for a hundred retries every second: how many does it
# get, when?
#
# Behaviour: all of the reserve at once (ttl × min_per_sec = 10), then none for eleven seconds, then
# ten at once again; and none is ever let go in between. When the next ten come depends on the
# rhythm of asking: six seconds if asked every 1,001 ms, twenty if asked every ten. So the smallest
# rate of retries is a burst of ten, and a layer that relies on "one a second" sends ten into an
# outage.
#
# Versions: tower 0.5.3, tokio 1.50.0 (paused clock: nothing waits, nothing is sent).
#
# Output seen:
#   asked every  1000 ms: 10 at 0 ms, 10 at 11000 ms, 10 at 22000 ms
#   asked every  1001 ms: 10 at 0 ms, 10 at 6006 ms, 10 at 12012 ms
#   asked every 10000 ms: 10 at 0 ms, 10 at 20000 ms, 10 at 40000 ms
#
# Run: findings/tower-tps-budget-reserve.sh (needs cargo and the crates registry; fails on a change)
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
tokio = { version = "=1.50.0", default-features = false, features = ["macros", "rt", "test-util"] }
tower = { version = "=0.5.3", default-features = false, features = ["retry"] }

[workspace]
TOML
cat >"$dir/src/main.rs" <<'RUST'
use std::time::Duration;

use tower::retry::budget::{Budget, TpsBudget};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    for every in [1_000, 1_001, 10_000] {
        let budget = TpsBudget::new(Duration::from_secs(10), 1, 0.2);
        let mut granted = Vec::new();
        for round in 0..=40_000 / every {
            let count = (0..100).filter(|_| budget.withdraw()).count();
            if count > 0 && granted.len() < 3 {
                granted.push(format!("{count} at {} ms", round * every));
            }
            tokio::time::advance(Duration::from_millis(every)).await;
        }
        println!("asked every {every:>5} ms: {}", granted.join(", "));
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
