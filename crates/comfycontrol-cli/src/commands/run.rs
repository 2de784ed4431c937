//! A run, from a graph to files on disk.

use std::sync::Arc;

use comfycontrol::Error;
use comfycontrol_api::{Api, NewWorkflow, Outcome, RunInDoubt, RunProgress, WorkflowEnded};
use serde_json::json;

use super::save::{self, How};
use crate::arguments::Run;
use crate::failure::Failure;
use crate::graph;
use crate::left::Left;
use crate::out::{Out, argument, quoted, shown};
use crate::placeholders::{Kind, Placeholders};
use crate::progress::Progress;

pub(crate) async fn run(api: &Api, run: Run, left: &Left, out: Out) -> Result<(), Failure> {
    let mut call = api.run(workflow(&run).await?);
    if let Some(key) = run.key {
        call = call.key(key);
    }
    if run.resume {
        call = call.resume();
    }
    if let Some(time) = run.resume_within {
        call = call.resume_within(time);
    }
    let name = call.name();
    let progress = Arc::new(Progress::new(out, run.out.is_none()));
    let (told, is_left) = (progress.clone(), left.clone());
    let perhaps = format!("the run may have been started: {}", found_by(&name));
    let call = call.on_progress(move |step| {
        match step {
            RunProgress::Uploading { .. } | RunProgress::Searching => {
                is_left.is(perhaps.clone());
            }
            RunProgress::Started { id, .. } => {
                let id = argument(id.as_str());
                is_left.is(format!(
                    "the run goes on; to end it: comfycontrol cancel {id}"
                ));
            }
            _ => {}
        }
        told.tell(step);
    });
    let outcome = call.await.map_err(|e| failure(e, &name))?;
    let files = match run.out {
        Some(directory) => {
            progress.note("saving");
            let (overwrite, max_bytes) = (run.overwrite, run.max_bytes);
            let how = How {
                overwrite,
                max_bytes,
            };
            save::save(api, outcome.id(), directory, how, left).await?
        }
        None => Vec::new(),
    };
    progress.clear();
    if out.is_json() {
        let files: Vec<_> = files.iter().map(|file| &file.path).collect();
        let (id, name) = (outcome.id(), outcome.name());
        let mut completed = json!({
            "event": "completed", "id": id, "name": name, "adopted": outcome.was_adopted(),
            "files": files,
        });
        if files.is_empty() {
            completed["outputs"] = json!(outcome.outputs());
        }
        return Ok(out.json(&completed)?);
    }
    if files.is_empty() {
        return links(&outcome, out);
    }
    save::print(&files, out)
}

/// How a run is found again whose id is not known.
fn found_by(name: &str) -> String {
    let key = name
        .rsplit_once(" [")
        .and_then(|(_, key)| key.strip_suffix(']'));
    match key {
        Some(key) => format!("say the same with --resume --key={}", quoted(key)),
        None => format!("its name is \"{}\"", shown(name)),
    }
}

/// The links themselves, since that is what they are asked for: each is good for some minutes.
fn links(outcome: &Outcome, out: Out) -> Result<(), Failure> {
    for output in outcome.outputs() {
        out.line(&shown_link(&output.src))?;
    }
    Ok(())
}

/// A link is whole or of no use; what would steer a terminal is percent-encoded.
fn shown_link(link: &str) -> String {
    let encode = |letter: char| match letter {
        '!'..='~' => letter.to_string(),
        other => other
            .to_string()
            .bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect(),
    };
    link.chars().map(encode).collect()
}

async fn workflow(run: &Run) -> Result<NewWorkflow, Failure> {
    let graph = graph::read(&run.graph).await?;
    check(run, &Placeholders::of(&graph)).map_err(Failure::Setting)?;
    let name = run.name.clone();
    let mut workflow = NewWorkflow::new(name.unwrap_or_else(|| graph::name(&run.graph)), graph);
    for tag in &run.tags {
        workflow = workflow.tag(tag);
    }
    for (name, value) in &run.params {
        workflow = workflow.text(name, value);
    }
    for (name, value) in &run.choices {
        workflow = workflow.choice(name, value);
    }
    for (name, path) in &run.files {
        workflow = workflow.file_path(name, path);
    }
    Ok(workflow)
}

/// Whether it is given what its graph wants.
fn check(run: &Run, graph: &Placeholders) -> Result<(), String> {
    let of = |kind, pairs| named(pairs).map(move |name| (kind, name));
    let texts = of(Kind::Text, &run.params);
    let others = of(Kind::Choice, &run.choices).chain(of(Kind::File, &run.files));
    let given: Vec<_> = texts.chain(others).collect();
    let mut wrong = given
        .iter()
        .filter_map(|(kind, name)| graph.unknown(*kind, name));
    let is_given = |kind, name: &str| given.contains(&(kind, name));
    let mut choices = run.choices.iter();
    let no_choice = || choices.find_map(|(name, value)| graph.no_choice(name, value));
    let wrong = wrong
        .next()
        .or_else(|| graph.missing(is_given))
        .or_else(no_choice);
    wrong.map_or(Ok(()), |what| {
        Err(format!("{}: {what}", graph::shown(&run.graph)))
    })
}

fn named(pairs: &[(String, String)]) -> impl Iterator<Item = &str> {
    pairs.iter().map(|(name, _)| name.as_str())
}

/// How a run fails: it has ended otherwise, or it is not known whether it was started, or a call
/// failed.
fn failure(error: Error, name: &str) -> Failure {
    if error.as_cause::<WorkflowEnded>().is_some() {
        return Failure::Run(error);
    }
    if error.as_cause::<RunInDoubt>().is_some() {
        return Failure::InDoubt(error, found_by(name));
    }
    Failure::Call(error)
}
