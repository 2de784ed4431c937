//! A finished run of an emulated API, whose outputs are stored.

#[path = "emulated.rs"]
mod emulated;

use std::path::Path;
use std::time::Duration;

use comfycontrol::RateLimitMode;
use comfycontrol::rate_limit::Quota;
use comfycontrol_api::{Api, NewWorkflow, Save, WorkflowId};
use comfycontrol_emulator::{
    CapturedRequest, Emulator, EmulatorBuilder, Fault, FaultRule, FileFault, Listener,
};
use comfycontrol_test::SECOND;
use tempfile::TempDir;

pub(crate) struct Stored {
    pub(crate) emulator: Emulator,
    pub(crate) api: Api,
    pub(crate) id: WorkflowId,
    pub(crate) dir: TempDir,
}

impl Stored {
    /// One output of so many bytes.
    pub(crate) async fn of(bytes: usize) -> Self {
        Self::with(|builder| builder.outputs(1).min_output_bytes(bytes)).await
    }

    pub(crate) async fn with(settings: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder) -> Self {
        let builder = Emulator::builder().limit(None).run_time(Duration::ZERO);
        let emulator = settings(builder).start().await.unwrap();
        let client = emulated::builder(&emulator, TOKEN)
            .rate_limit(RateLimitMode::Off)
            .timeout(20 * SECOND);
        let api = Api::new(client.build().unwrap());
        let new = NewWorkflow::new("Sunset", "{}");
        let id = api.workflows().create(new).await.unwrap().id;
        let dir = tempfile::tempdir().unwrap();
        Self {
            emulator,
            api,
            id,
            dir,
        }
    }

    /// The same API by a client with a limit.
    #[allow(
        dead_code,
        reason = "one of those that take this file has no use for it"
    )]
    pub(crate) fn limited(&self, quota: Quota) -> Api {
        let client = emulated::builder(&self.emulator, TOKEN).rate_limit(quota);
        Api::new(client.build().unwrap())
    }

    pub(crate) fn save(&self) -> Save {
        self.api.workflows().save(&self.id, self.dir.path())
    }

    /// What befalls the requests to the storage.
    pub(crate) fn befall(&self, rule: FaultRule) {
        self.emulator.faults().add(rule.storage());
    }

    /// What the first output is, read whole, while this befalls it.
    pub(crate) async fn truth(&self, fault: Option<FileFault>) -> Vec<u8> {
        if let Some(fault) = fault {
            self.befall(FaultRule::next(1, Fault::File(fault)));
        }
        let outputs = self.api.workflows().outputs(&self.id).await.unwrap();
        let file = self.api.downloader().get(&outputs[0].src).send().await;
        let truth = file.unwrap().bytes().await.unwrap().to_vec();
        self.emulator.clear_captured_requests();
        truth
    }

    /// The requests to the storage.
    pub(crate) fn asked(&self) -> Vec<CapturedRequest> {
        let mut asked = self.emulator.captured_requests();
        asked.retain(|seen| seen.listener() == Listener::Storage);
        asked
    }

    /// What is in the directory, by name.
    pub(crate) fn on_disk(&self) -> Vec<(String, Vec<u8>)> {
        files(self.dir.path())
    }
}

pub(crate) fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    let mut files: Vec<_> = entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

const TOKEN: &str = "cfc_stored0stored0stored";
