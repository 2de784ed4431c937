//! The outputs of runs and the signed URLs that lead to them.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::account::Account;
use super::digest::digest;
use super::scenario::Scenario;
use crate::clock::Now;

/// The outputs of a completed workflow, with links that are good for a while.
pub(super) fn list(account: &Account, now: Now, workflow_id: &str) -> Value {
    let Scenario {
        storage,
        link_lifetime,
        outputs,
        ..
    } = account.scenario();
    let expires = seconds(now.wall_clock) + link_lifetime.as_secs();
    let outputs = (1..=*outputs).map(|number| {
        let path = format!("/outputs/{workflow_id}/image{number:03}.png");
        let signature = sign(account.secret(), &path, expires);
        json!({
            "id": format!("output-{number}-{workflow_id}"),
            "workflow_id": workflow_id,
            "src": format!("{storage}{path}?expires={expires}&signature={signature}"),
        })
    });
    outputs.collect()
}

/// The signature of a path that is good until `expires`.
pub(super) fn sign(secret: u64, path: &str, expires: u64) -> String {
    let digest = digest(&format!("{secret:x} {path} {expires}"));
    format!("{digest:032x}")
}

/// Whole seconds since 1970, the unit of `expires`.
pub(super) fn seconds(wall_clock: SystemTime) -> u64 {
    let since = wall_clock.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO).as_secs()
}
