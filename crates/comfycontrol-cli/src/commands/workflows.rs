use comfycontrol_api::{Api, WorkflowStatus};
use futures_util::{StreamExt, TryStreamExt};

use crate::arguments::List;
use crate::failure::Failure;
use crate::out::{Out, shown};

pub(crate) async fn run(api: &Api, list: List, out: Out) -> Result<(), Failure> {
    let mut workflows = api.workflows().list();
    if let Some(status) = list.status {
        workflows = workflows.status(WorkflowStatus::from(status));
    }
    let mut workflows = workflows.items().take(list.limit.unwrap_or(usize::MAX));
    while let Some(workflow) = workflows.try_next().await? {
        out.value(&workflow, || {
            let (id, name) = (shown(workflow.id.as_str()), shown(&workflow.name));
            let created = workflow.created_at.map(|at| at.to_string());
            let created = created.unwrap_or_else(|| "-".to_owned());
            format!(
                "{id}  {:10}  {created}  {name}",
                shown(workflow.status.as_str())
            )
        })?;
    }
    Ok(())
}
