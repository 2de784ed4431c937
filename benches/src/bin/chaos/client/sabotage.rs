//! Mistakes on purpose, so that each judge is seen to find one.

use std::fs::File;
use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol::{Applied, Client};
use comfycontrol_benches::process::tell;
use futures_util::future::join_all;
use http::Method;
use parking_lot::Mutex;
use tokio::time::sleep;

use crate::call::{Ask, Call};
use crate::role::{Role, Sabotage};
use crate::terms;

pub(super) struct Saboteur {
    sabotage: Option<Sabotage>,
    role: Role,
    files: Mutex<Vec<File>>,
    bytes: Mutex<Vec<Vec<u8>>>,
    clients: Mutex<Vec<Client>>,
}

impl Saboteur {
    pub(super) fn new(role: &Role) -> Self {
        Self {
            sabotage: role.sabotage,
            role: role.clone(),
            files: Mutex::default(),
            bytes: Mutex::default(),
            clients: Mutex::default(),
        }
    }

    fn does(&self, sabotage: Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }

    fn token(&self) -> String {
        std::fs::read_to_string(self.role.directory.join("token")).expect("a token")
    }

    /// What it does wrong before a call.
    pub(super) async fn act(&self, call: Call, client: &Client) {
        match self.sabotage {
            Some(Sabotage::DoublePost) => {
                // As one whose response is lost, and that is sent again.
                for _ in 0..2 {
                    let again = client.request(Method::POST, call.path());
                    let _ = again.send().await;
                }
            }
            Some(Sabotage::ShownToken) => {
                let token = self.token().replace("cfc_", "cfc_ ");
                tell(format_args!("end {call} the token is {token}"));
            }
            Some(Sabotage::OpenFiles) => {
                let files = [(); 4].map(|()| File::open("/dev/null").expect("a file"));
                self.files.lock().extend(files);
            }
            Some(Sabotage::Memory) => self.bytes.lock().push(vec![1; 1 << 20]),
            Some(Sabotage::NoLimit) => {
                let quota = comfycontrol::RateLimitMode::Off;
                let client = self.role.client().rate_limit(quota);
                let client = client.build().expect("the settings are sound");
                let calls = [(); 8].map(|()| client.get(call.path()).send());
                join_all(calls).await;
            }
            Some(Sabotage::Connections) => {
                let client = self.role.client().rate_limit(terms::quota()).build();
                let client = client.expect("the settings are sound");
                let _ = client.get(call.path()).send().await;
                self.clients.lock().push(client);
            }
            Some(Sabotage::Task) => {
                tokio::spawn(pending::<()>());
            }
            _ => {}
        }
    }

    pub(super) fn received(&self, body: Bytes) -> Bytes {
        self.changed(Sabotage::ChangedByte, body)
    }

    pub(super) fn sent(&self, body: Bytes) -> Bytes {
        self.changed(Sabotage::ChangedUpload, body)
    }

    fn changed(&self, sabotage: Sabotage, body: Bytes) -> Bytes {
        if !self.does(sabotage) || body.is_empty() {
            return body;
        }
        let mut body = body.to_vec();
        let middle = body.len() / 2;
        body[middle] ^= 1;
        body.into()
    }

    pub(super) fn header(&self) -> Option<(&'static str, String)> {
        self.does(Sabotage::SentToken)
            .then(|| ("x-trace", self.token()))
    }

    pub(super) fn claim(&self, applied: Applied) -> Applied {
        match self.does(Sabotage::FalseClaim) {
            true => Applied::No,
            false => applied,
        }
    }

    /// Keeps the outcome of a call back.
    pub(super) async fn delay(&self, ask: &Ask) {
        if self.does(Sabotage::Late) && ask.timeout < Duration::from_secs(2) {
            sleep(Duration::from_secs(6)).await;
        }
    }

    /// Whether it tells the outcome of this call.
    pub(super) fn tells(&self, call: Call) -> bool {
        if self.does(Sabotage::TwoOutcomes) {
            tell(format_args!("end {call} cancelled"));
        }
        !(self.does(Sabotage::NoOutcome) && call.number.is_multiple_of(4))
    }
}
