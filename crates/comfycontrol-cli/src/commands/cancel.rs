use comfycontrol_api::{Api, WorkflowId};
use serde_json::json;

use crate::arguments::Id;
use crate::failure::Failure;
use crate::out::{Out, shown};

pub(crate) async fn run(api: &Api, id: &Id, out: Out) -> Result<(), Failure> {
    let id = WorkflowId::from(id.id.as_str());
    api.workflows().cancel(&id).await?;
    out.value(&json!({ "cancel_requested": id }), || {
        format!("asked to cancel {}", shown(id.as_str()))
    })?;
    Ok(())
}
