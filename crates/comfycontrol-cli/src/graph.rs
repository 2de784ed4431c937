//! The graph that a command is given: read from a file or from what comes in, and looked at before
//! anything is sent.

use std::path::Path;

use serde_json::Value;

use crate::failure::Failure;
use crate::input::Input;

/// Reads a graph; `-` is what comes in.
pub(crate) async fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let input = match is_stdin(path) {
        true => Input::Stdin,
        false => Input::File(path.to_owned()),
    };
    let failed = |what: String| Failure::Setting(format!("{}: {what}", shown(path)));
    let bytes = input.read(MOST).await.map_err(|e| failed(e.to_string()))?;
    check(&bytes).map_err(failed)?;
    Ok(bytes)
}

/// What a run of it is called, unless something else is said.
pub(crate) fn name(path: &Path) -> String {
    match is_stdin(path) {
        true => "graph".to_owned(),
        false => {
            let stem = path.file_stem().unwrap_or_default();
            stem.to_string_lossy().into_owned()
        }
    }
}

/// What it is called in messages.
pub(crate) fn shown(path: &Path) -> String {
    match is_stdin(path) {
        true => "standard input".to_owned(),
        false => path.display().to_string(),
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Whether it can be a graph. What ComfyUI saves for itself is JSON too, and is none.
fn check(bytes: &[u8]) -> Result<(), String> {
    let graph: Value = serde_json::from_slice(bytes).map_err(|e| format!("it is no JSON: {e}"))?;
    let Some(graph) = graph.as_object() else {
        return Err(format!("it is no JSON object; {WAY}"));
    };
    let is_array = |name: &str| graph.get(name).is_some_and(Value::is_array);
    match is_array("nodes") && is_array("links") {
        true => Err(format!(
            "it is saved in ComfyUI's own format, which the API does not run; {WAY}"
        )),
        false => Ok(()),
    }
}

const WAY: &str = "in ComfyUI, export it by `Export (API)`";
/// A form has no more, in millions of bytes.
const MOST: u64 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_graph_is_told_with_the_way_out() {
        assert_eq!(check(br#"{"6": {"inputs": {}}}"#), Ok(()));
        assert_eq!(check(br#"{"nodes": {"inputs": {}}}"#), Ok(()));
        for (graph, told) in [
            (
                &b"{\"a\":"[..],
                "it is no JSON: EOF while parsing a value at line 1 column 5",
            ),
            (
                b"[]",
                "it is no JSON object; in ComfyUI, export it by `Export (API)`",
            ),
            (
                br#"{"nodes": [], "links": [], "version": 0.4}"#,
                "it is saved in ComfyUI's own format, which the API does not run; in ComfyUI, \
                 export it by `Export (API)`",
            ),
        ] {
            assert_eq!(check(graph).unwrap_err(), told);
        }
    }

    #[test]
    fn a_run_is_called_as_its_file_is() {
        assert_eq!(name(Path::new("a/sunset.v2.json")), "sunset.v2");
        assert_eq!(name(Path::new("-")), "graph");
    }
}
