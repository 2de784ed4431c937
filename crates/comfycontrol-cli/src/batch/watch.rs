//! Reading how far the runs are, a hundred of them for a request.

use std::collections::HashMap;
use std::time::Duration;

use comfycontrol::Error;
use comfycontrol_api::{WorkflowDetail, WorkflowId, WorkflowStatus, WorkflowSummary, Workflows};
use futures_util::future::{join_all, try_join_all};
use http::StatusCode;

/// What is asked for.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) by_id: HashMap<WorkflowId, usize>,
    /// The runs that an earlier session may have started. That they are not seen proves nothing.
    pub(crate) by_name: HashMap<String, usize>,
}

/// A run that was seen.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) row: usize,
    pub(crate) id: WorkflowId,
    pub(crate) how: How,
    /// How long it took, by the server's clock.
    pub(crate) took: Option<Duration>,
}

/// How far a run is.
#[derive(Debug)]
pub(crate) enum How {
    Completed,
    /// It has ended otherwise, and why.
    Failed(String),
    Going(WorkflowStatus),
}

/// Reads the list, newest first, as far as need be, and asks for those that are not in it one by
/// one, where that costs less.
pub(crate) async fn look(workflows: Workflows, mut wanted: Wanted) -> Result<Vec<Seen>, Error> {
    let mut seen = Vec::new();
    let list = workflows.list().per_page(PER_PAGE);
    let mut page = 1;
    while !wanted.is_empty() && page <= wanted.most_pages() {
        let runs = list.page(page).await?.items;
        let is_last = runs.len() < PER_PAGE as usize;
        seen.extend(runs.into_iter().filter_map(|run| wanted.take(run)));
        if is_last {
            break;
        }
        page += 1;
    }
    let rest = wanted.by_id.into_iter().take(MOST_SINGLE);
    let rest = rest.map(|(id, row)| single(&workflows, id, row));
    seen.extend(try_join_all(rest).await?);
    // Why it failed is told of a single one alone.
    let failed = seen.iter_mut().filter_map(|seen| match &mut seen.how {
        How::Failed(why) => Some((&seen.id, why)),
        _ => None,
    });
    let told = failed.map(|(id, why)| async {
        if let Ok(detail) = workflows.get(id).await {
            *why = reason(&detail);
        }
    });
    join_all(told).await;
    Ok(seen)
}

impl Wanted {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.by_name.is_empty()
    }

    fn take(&mut self, run: WorkflowSummary) -> Option<Seen> {
        let row = self
            .by_id
            .remove(&run.id)
            .or_else(|| self.by_name.remove(&run.name))?;
        Some(Seen::of(run, row))
    }

    fn most_pages(&self) -> u32 {
        let ids = u32::try_from(self.by_id.len()).unwrap_or(u32::MAX);
        match self.by_name.is_empty() {
            true => ids.min(MOST_PAGES),
            false => MOST_PAGES,
        }
    }
}

impl Seen {
    fn of(run: WorkflowSummary, row: usize) -> Self {
        let took = match (run.created_at, run.completed_at) {
            (Some(created), Some(completed)) => created.duration_until(completed).try_into().ok(),
            _ => None,
        };
        Self {
            row,
            id: run.id,
            how: How::of(run.status),
            took,
        }
    }
}

impl How {
    fn of(status: WorkflowStatus) -> Self {
        match status {
            WorkflowStatus::Completed => Self::Completed,
            ended if ended.is_terminal() => Self::Failed(ended.to_string()),
            going => Self::Going(going),
        }
    }
}

async fn single(workflows: &Workflows, id: WorkflowId, row: usize) -> Result<Seen, Error> {
    let how = match workflows.get(&id).await {
        Ok(detail) => How::of(detail.status),
        Err(e) if e.status() == Some(StatusCode::NOT_FOUND) => {
            How::Failed("the API does not know the run any more".to_owned())
        }
        Err(e) => return Err(e),
    };
    let took = None;
    Ok(Seen { row, id, how, took })
}

fn reason(detail: &WorkflowDetail) -> String {
    let said = [
        &detail.error_node,
        &detail.exception_type,
        &detail.exception_message,
    ];
    let said = said.into_iter().flatten().map(String::as_str);
    let all: Vec<_> = [detail.status.as_str()].into_iter().chain(said).collect();
    all.join(": ")
}

const PER_PAGE: u32 = 100;
const MOST_PAGES: u32 = 10;
/// Of those that are in none of these pages.
const MOST_SINGLE: usize = 16;
