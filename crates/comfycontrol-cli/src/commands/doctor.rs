//! What is wrong, in a line each: the budget, the token, the proxy, the connection, the clock, one
//! call.

use std::time::{Duration, SystemTime};

use comfycontrol::Client;
use comfycontrol::rate_limit::Store;
use comfycontrol_core::{Escaped, Report, sent_at};
use http::Version;
use serde_json::json;

use crate::budget::{ALONE, Sharing, unusable};
use crate::connect::Connect;
use crate::failure::{Failure, code_of, told};
use crate::out::{Out, shown};

/// Lines of one look, and the exit code of the first that is wrong.
struct Findings {
    out: Out,
    code: u8,
}

impl Findings {
    fn tell(&mut self, check: &str, wrong: Option<u8>, what: &str) -> Result<(), Failure> {
        let ok = wrong.is_none();
        if self.code == 0 {
            self.code = wrong.unwrap_or(0);
        }
        let what = Escaped::single_spaced(what, 1_000).into_string();
        let line = json!({ "check": check, "ok": ok, "what": what });
        let mark = if ok { "ok   " } else { "wrong" };
        self.out
            .value(&line, || format!("{mark}  {check:10}  {what}"))?;
        Ok(())
    }

    fn ok(&mut self, check: &str, what: &str) -> Result<(), Failure> {
        self.tell(check, None, what)
    }
}

pub(crate) async fn run(connect: Connect<'_>) -> Result<(), Failure> {
    let mut findings = Findings {
        out: connect.out,
        code: 0,
    };
    budget(&Sharing::of(connect.global), &mut findings).await?;
    match connect.client().await {
        Ok(client) => {
            findings.ok(
                "settings",
                "the token has the form of one, and the proxy is usable",
            )?;
            proxy(&mut findings)?;
            ask(&client, &mut findings).await?;
        }
        Err(Failure::Call(e)) => findings.tell("settings", Some(code_of(&e)), &told(&e))?,
        Err(Failure::Setting(what)) => findings.tell("settings", Some(3), &what)?,
        Err(other) => return Err(other),
    }
    match findings.code {
        0 => Ok(()),
        code => Err(Failure::Told(code)),
    }
}

/// Whether the limit is shared with other programs, and by what.
async fn budget(sharing: &Sharing, findings: &mut Findings) -> Result<(), Failure> {
    let store = match sharing.open() {
        None => return findings.ok("budget", "the rate limit is not shared with other programs"),
        Some(Ok(store)) => store,
        Some(Err(e)) => {
            return findings.tell("budget", Some(3), &format!("{}; {ALONE}", Report::new(&e)));
        }
    };
    match store.read().await {
        Ok(_) => findings.ok("budget", &format!("shared by {}", store.path().display())),
        Err(e) => findings.tell("budget", Some(3), &unusable(&e)),
    }
}

fn proxy(findings: &mut Findings) -> Result<(), Failure> {
    let set: Vec<_> = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
        .collect();
    match &set[..] {
        [] => findings.ok("proxy", "none is set"),
        names => findings.ok("proxy", &format!("set by {}", names.join(", "))),
    }
}

async fn ask(client: &Client, findings: &mut Findings) -> Result<(), Failure> {
    let response = match client.get("/v1/user").send().await {
        Ok(response) => response,
        Err(e) => {
            let check = match e.status() {
                Some(_) => "call",
                None => "connection",
            };
            return findings.tell(check, Some(code_of(&e)), &format!("{e:#}"));
        }
    };
    let http = match response.version() {
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/1.1, which needs a connection for each call that is under way",
    };
    findings.ok("connection", http)?;
    clock(sent_at(response.headers()), now(), findings)?;
    match response.json::<comfycontrol_api::User>().await {
        Ok(user) => findings.ok("call", &format!("the token is {}'s", shown(&user.name))),
        Err(e) => findings.tell("call", Some(code_of(&e)), &format!("{e:#}")),
    }
}

/// A clock that is wrong makes tokens and signed links expire early or late.
fn clock(
    there: Option<SystemTime>,
    now: SystemTime,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let Some(there) = there else {
        return findings.ok("clock", "the server does not tell the time");
    };
    let (off, way) = match now.duration_since(there) {
        Ok(off) => (off, "fast"),
        Err(e) => (e.duration(), "slow"),
    };
    if off > TOLERANCE {
        let what = format!(
            "{} s {way}: tokens and links expire at other times",
            off.as_secs()
        );
        return findings.tell("clock", Some(1), &what);
    }
    findings.ok("clock", "agrees with the server's")
}

#[expect(clippy::disallowed_methods, reason = "the outermost shell")]
fn now() -> SystemTime {
    SystemTime::now()
}

const TOLERANCE: Duration = Duration::from_secs(30);
