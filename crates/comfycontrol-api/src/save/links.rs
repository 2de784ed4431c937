//! Where the outputs of a run are stored: links that are good for some minutes.

use comfycontrol::Error;
use futures_util::lock::Mutex;

use crate::{Output, WorkflowId, Workflows};

/// The links of a run's outputs, asked for again when one has expired, once for all of them.
pub(super) struct Links {
    workflows: Workflows,
    id: WorkflowId,
    current: Mutex<Current>,
}

struct Current {
    outputs: Vec<Output>,
    /// How often they were asked for.
    age: u64,
}

/// One link, and when it was given.
pub(super) struct Link {
    pub(super) src: String,
    pub(super) age: u64,
}

impl Links {
    pub(super) fn new(workflows: Workflows, id: WorkflowId, outputs: Vec<Output>) -> Self {
        let age = 0;
        Self {
            workflows,
            id,
            current: Mutex::new(Current { outputs, age }),
        }
    }

    /// The link of an output, which is the one at this place of those that have its id; `None` if
    /// it is no longer there.
    pub(super) async fn get(&self, output: &Output, place: usize) -> Option<Link> {
        let current = self.current.lock().await;
        let mut alike = current.outputs.iter().filter(|other| other.id == output.id);
        let (src, age) = (alike.nth(place)?.src.clone(), current.age);
        Some(Link { src, age })
    }

    /// Asks for the links again, unless that has been done since this one was given.
    pub(super) async fn renew(&self, link: &Link) -> Result<(), Error> {
        let mut current = self.current.lock().await;
        if current.age == link.age {
            current.outputs = self.workflows.outputs(&self.id).await?;
            current.age += 1;
        }
        Ok(())
    }
}
