//! A run, from a graph to files on disk.

use std::sync::{Arc, Mutex, PoisonError};

use comfycontrol::{Error, Report};
use comfycontrol_api::{
    Api, NewWorkflow, Outcome, RunInDoubt, RunProgress, WorkflowEnded, WorkflowId,
};
use serde_json::json;

use crate::arguments::Run;
use crate::failure::Failure;
use crate::out::{Out, shown};
use crate::progress::Progress;

pub(crate) async fn run(api: &Api, run: Run, out: Out) -> Result<(), Failure> {
    let started = Arc::new(Mutex::new(None));
    let work = work(api, run, out, started.clone());
    tokio::select! {
        result = work => result,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.map_err(|e| Failure::local(format!("no signal handler: {e}")))?;
            let id = started.lock().unwrap_or_else(PoisonError::into_inner).take();
            Err(Failure::Interrupted(id.map(goes_on)))
        }
    }
}

fn goes_on(id: WorkflowId) -> String {
    let id = shown(id.as_str());
    format!("the run goes on; to end it: comfycontrol cancel {id}")
}

async fn work(
    api: &Api,
    run: Run,
    out: Out,
    started: Arc<Mutex<Option<WorkflowId>>>,
) -> Result<(), Failure> {
    let mut call = api.run(workflow(&run).await?);
    if let Some(key) = run.key {
        call = call.key(key);
    }
    if run.resume {
        call = call.resume();
    }
    let name = call.name();
    let progress = Arc::new(Progress::new(out));
    let told = progress.clone();
    let call = call.on_progress(move |step| {
        if let RunProgress::Started { id, .. } = step {
            *started.lock().unwrap_or_else(PoisonError::into_inner) = Some(id.clone());
        }
        told.tell(step);
    });
    let outcome = call.await.map_err(|e| failure(e, &name))?;
    let files = match &run.out {
        Some(directory) => {
            let mut save = outcome.save(directory);
            if run.overwrite {
                save = save.overwrite();
            }
            progress.note("saving");
            save.await
                .map_err(|e| Failure::local(Report::new(&e).to_string()))?
        }
        None => Vec::new(),
    };
    progress.clear();
    if out.is_json() {
        let files: Vec<_> = files.iter().map(|file| &file.path).collect();
        let (id, name) = (outcome.id(), outcome.name());
        let completed = json!({
            "event": "completed", "id": id, "name": name, "adopted": outcome.was_adopted(),
            "outputs": outcome.outputs(), "files": files,
        });
        return Ok(out.line(&completed.to_string())?);
    }
    if run.out.is_none() {
        return links(&outcome, out);
    }
    for file in files {
        out.line(&file.path.display().to_string())?;
    }
    Ok(())
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
    let mut workflow = NewWorkflow::from_file(&run.graph).await?;
    if let Some(name) = &run.name {
        workflow = workflow.name(name);
    }
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

/// How a run fails: it has ended otherwise, or nobody knows whether it was started, or a call failed.
fn failure(error: Error, name: &str) -> Failure {
    if error.as_cause::<WorkflowEnded>().is_some() {
        return Failure::Run(error);
    }
    if error.as_cause::<RunInDoubt>().is_some() {
        let name = shown(name);
        return Failure::InDoubt(error, format!("its name is \"{name}\""));
    }
    Failure::Call(error)
}
