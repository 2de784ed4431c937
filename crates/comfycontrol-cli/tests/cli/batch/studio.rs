//! What is done in a folder with a graph and a table.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use comfycontrol_emulator::{Emulator, EmulatorBuilder};
use serde_json::{Value, json};

use crate::support::{Account, Ran};

/// A folder with a graph and a table.
pub(super) struct Studio {
    directory: tempfile::TempDir,
}

impl Studio {
    pub(super) fn of(rows: usize) -> Self {
        let rows = (0..rows).map(|_| "a sunset,1\n");
        Self::with(&format!("prompt,seed\n{}", rows.collect::<String>()))
    }

    pub(super) fn with(table: &str) -> Self {
        let studio = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        std::fs::write(studio.path("prompts.csv"), table).unwrap();
        studio.graph("KSampler");
        studio
    }

    /// A graph that wants what the table gives.
    pub(super) fn graph(&self, class: &str) {
        let table = std::fs::read_to_string(self.path("prompts.csv")).unwrap();
        let header = table.lines().next().unwrap_or_default().split(',');
        let inputs: HashMap<_, _> = header
            .map(|name| match name.strip_prefix('@') {
                Some(file) => (name, format!("$file({file})")),
                None => (name, format!("$text({name})")),
            })
            .collect();
        self.graph_with(class, &json!(inputs));
    }

    pub(super) fn graph_with(&self, class: &str, inputs: &Value) {
        let graph = json!({ "7": { "class_type": class, "inputs": inputs } });
        std::fs::write(self.path("sunset.json"), graph.to_string()).unwrap();
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn command(&self, account: &Account, arguments: &[&str]) -> Command {
        let mut command = account.command(&["batch", "sunset.json", "prompts.csv", "-o", "out"]);
        command.args(arguments).current_dir(&self.directory);
        command
    }

    pub(super) fn run(&self, account: &Account, arguments: &[&str]) -> Ran {
        Ran::of(self.command(account, arguments))
    }

    pub(super) fn start(&self, account: &Account, arguments: &[&str]) -> Child {
        let mut command = self.command(account, arguments);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The rows whose files are there: each with as many as its run has outputs.
    pub(super) fn saved(&self) -> usize {
        let entries = std::fs::read_dir(self.path("out"))
            .unwrap()
            .map(Result::unwrap);
        let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
        let files = folders.map(|folder| {
            let name = folder.file_name().into_string().unwrap();
            assert!(name.starts_with("line-"), "{name} is left");
            std::fs::read_dir(folder.path()).unwrap().count()
        });
        files.inspect(|files| assert_eq!(*files, 1)).count()
    }
}

pub(super) fn quick() -> EmulatorBuilder {
    Emulator::builder()
        .limit(None)
        .outputs(1)
        .run_time(Duration::from_millis(300))
}

/// How many runs there are of each name.
pub(super) fn runs(account: &Account) -> HashMap<String, usize> {
    account.emulator.faults().clear();
    let mut runs = HashMap::new();
    for run in account
        .run(&["workflows", "--json", "--quota", FAST])
        .lines()
    {
        *runs
            .entry(run["name"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    runs
}

pub(super) fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let events = events.iter();
    events.filter(|event| event["event"] == kind).collect()
}

/// More than an emulator without a limit is asked.
pub(super) const FAST: &str = "400/1";
