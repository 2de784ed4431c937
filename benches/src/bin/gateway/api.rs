use std::fs;
use std::time::Duration;

use clap::Args;
use comfycontrol::{Client, ClientBuilder};
use comfycontrol_emulator::{Emulator, Limit};
use tempfile::NamedTempFile;

use crate::process::{Process, respond};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// So many in the time that follows; 0 is without a limit.
    requests: u32,
    seconds: u64,
}

/// The emulator over TLS and HTTP/2. It says how many requests it has had, and throttled.
pub(crate) async fn serve(arguments: &Arguments) {
    let window = Duration::from_secs(arguments.seconds);
    let limit =
        (arguments.requests > 0).then(|| Limit::new(arguments.requests, window).expect("a limit"));
    let emulator = Emulator::builder().limit(limit).start().await;
    let emulator = emulator.expect("loopback");
    let certificate = NamedTempFile::new().expect("a file");
    fs::write(&certificate, emulator.ca_der()).expect("room");
    let token = emulator.tokens().create("gateway", None);
    let path = certificate.path().display();
    println!("{} {token} {path}", emulator.https_url());
    let edge = emulator.edge();
    respond(|| format!("{} {}", edge.requests(), edge.throttled())).await;
}

/// That of another process.
#[derive(Debug)]
pub(crate) struct Api {
    process: Process,
    pub(crate) place: Place,
}

/// Where it is, and what it wants to be shown.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) certificate: String,
}

impl Api {
    pub(crate) fn start(requests: u32, seconds: u64) -> Self {
        let (requests, seconds) = (requests.to_string(), seconds.to_string());
        let mut process = Process::start(&["api", &requests, &seconds]);
        let line = process.line();
        let mut words = line.split(' ').map(str::to_owned);
        let mut next = || words.next().expect("a word");
        let place = Place {
            url: next(),
            token: next(),
            certificate: next(),
        };
        Self { process, place }
    }

    /// Requests so far, and how many of them were throttled.
    pub(crate) fn counts(&mut self) -> (u64, u64) {
        let line = self.process.ask();
        let (requests, throttled) = line.split_once(' ').expect("two numbers");
        let number = |text: &str| text.parse().expect("a number");
        (number(requests), number(throttled))
    }
}

impl Place {
    pub(crate) fn client(&self) -> ClientBuilder {
        let certificate = fs::read(&self.certificate).expect("a certificate");
        Client::builder()
            .base_url(&self.url)
            .token(&self.token)
            .root_certificate(certificate)
    }

    pub(crate) fn words(&self) -> [&str; 3] {
        [&self.url, &self.token, &self.certificate]
    }
}
