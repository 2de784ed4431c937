//! A graph, as it was handed in.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;

/// The text of a JSON object of nodes. Clones share it.
///
/// It is kept as text: taken apart, it would take up to a hundred times the memory.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    text: Arc<str>,
    failing: Option<Arc<str>>,
}

impl Graph {
    /// The graph in these bytes, if they are a JSON object.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.trim();
        let nodes: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
        let failing = nodes.into_iter().find(|(_, node)| fails(node.get()));
        Some(Self {
            text: text.into(),
            failing: failing.map(|(id, _)| id.into()),
        })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The node by which a graph asks to fail: one of class `EmulatedFailure`.
    pub(super) fn failing_node(&self) -> Option<&str> {
        self.failing.as_deref()
    }
}

fn fails(node: &str) -> bool {
    // Most nodes need not be looked into.
    node.contains(FAILING_CLASS)
        && serde_json::from_str::<BTreeMap<String, &RawValue>>(node).is_ok_and(|fields| {
            let class = fields.get("class_type").map(|class| class.get());
            class.and_then(|class| serde_json::from_str(class).ok()) == Some(FAILING_CLASS)
        })
}

const FAILING_CLASS: &str = "EmulatedFailure";

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(text: &str) -> Option<String> {
        Some(Graph::parse(text.as_bytes())?.failing_node()?.to_owned())
    }

    #[test]
    fn a_graph_fails_by_a_node_of_its_class_alone() {
        let failing_node = r#"{"1":{"class_type":"A"},"2":{"class_type":"EmulatedFailure"}}"#;
        assert_eq!(failing(failing_node).as_deref(), Some("2"));
        assert_eq!(
            failing(r#"{"1":{"text":"EmulatedFailure"},"2":"EmulatedFailure"}"#),
            None
        );
    }

    #[test]
    fn only_an_object_is_a_graph() {
        assert_eq!(Graph::parse(b" {} ").unwrap().as_str(), "{}");
        for text in ["", "[]", "1", "{", "{} {}", "{\"a\":}"] {
            assert!(Graph::parse(text.as_bytes()).is_none(), "{text}");
        }
        assert!(Graph::parse(b"{\"\xff\":1}").is_none());
    }
}
