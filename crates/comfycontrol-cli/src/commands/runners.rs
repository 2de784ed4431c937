use comfycontrol_api::{Api, RunnerStatus};
use futures_util::{StreamExt, TryStreamExt};

use crate::arguments::List;
use crate::failure::Failure;
use crate::out::{Out, shown};

pub(crate) async fn run(api: &Api, list: List, out: Out) -> Result<(), Failure> {
    let mut runners = api.runners().list();
    if let Some(status) = list.status {
        runners = runners.status(RunnerStatus::from(status));
    }
    let mut runners = runners.items().take(list.limit.unwrap_or(usize::MAX));
    while let Some(runner) = runners.try_next().await? {
        out.value(&runner, || {
            let (id, name) = (shown(runner.id.as_str()), shown(&runner.name));
            format!("{id}  {:8}  {name}", shown(runner.status.as_str()))
        })?;
    }
    Ok(())
}
