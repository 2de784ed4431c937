//! The outputs of a run that is completed, on disk.

use std::path::PathBuf;

use comfycontrol_api::{Api, SavedFile, WorkflowId};

use crate::arguments::Save;
use crate::failure::Failure;
use crate::left::Left;
use crate::out::{Out, argument, quoted};

pub(crate) async fn run(api: &Api, save: Save, left: &Left, out: Out) -> Result<(), Failure> {
    let id = WorkflowId::from(save.id);
    let (overwrite, max_bytes) = (save.overwrite, save.max_bytes);
    let how = How {
        overwrite,
        max_bytes,
    };
    let files = self::save(api, &id, save.out, how, left).await?;
    print(&files, out)
}

/// What may come to be on the disk.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) overwrite: bool,
    pub(super) max_bytes: Option<u64>,
}

pub(super) async fn save(
    api: &Api,
    id: &WorkflowId,
    directory: PathBuf,
    how: How,
    left: &Left,
) -> Result<Vec<SavedFile>, Failure> {
    let place = quoted(&directory.to_string_lossy());
    let replaces = if how.overwrite { " --overwrite" } else { "" };
    let again = argument(id.as_str());
    let again = format!("to save again: comfycontrol save --out={place}{replaces} {again}");
    left.is(format!("the run is completed; {again}"));
    let mut save = api.workflows().save(id, directory);
    if how.overwrite {
        save = save.overwrite();
    }
    if let Some(bytes) = how.max_bytes {
        save = save.max_bytes(bytes);
    }
    save.await.map_err(|e| {
        let left = format!("saved before: {} files; {again}", e.saved().len());
        Failure::Save(e, left)
    })
}

pub(super) fn print(files: &[SavedFile], out: Out) -> Result<(), Failure> {
    for file in files {
        out.value(&file.path, || file.path.display().to_string())?;
    }
    Ok(())
}
