//! What a graph wants to be given: no I/O.

use std::fmt;

use serde_json::Value;

/// What is given for a placeholder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Choice,
    File,
    Text,
}

/// The placeholders of a graph, of which the API documents these: `$text(NAME)`, `$choice(NAME, …)`
/// and `$file(NAME)`, each a whole string.
#[derive(Debug, Default)]
pub(crate) struct Placeholders {
    known: Vec<Placeholder>,
    /// Names in forms that are not documented, or within longer strings: what is given for them is
    /// sent.
    others: Vec<String>,
    /// It cannot be read here, and the API may read it all the same.
    is_unread: bool,
}

#[derive(Debug, Eq, PartialEq)]
struct Placeholder {
    kind: Kind,
    name: String,
    /// Of a choice.
    options: Vec<String>,
}

impl Placeholders {
    pub(crate) fn of(graph: &[u8]) -> Self {
        let mut found = Self::default();
        match serde_json::from_slice(graph) {
            Ok(graph) => found.search(&graph),
            Err(_) => found.is_unread = true,
        }
        found
    }

    fn search(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.see(text.trim()),
            Value::Array(values) => values.iter().for_each(|value| self.search(value)),
            Value::Object(values) => values.values().for_each(|value| self.search(value)),
            _ => {}
        }
    }

    fn see(&mut self, text: &str) {
        if let Some(placeholder) = Placeholder::read(text) {
            match self
                .known
                .iter_mut()
                .find(|it| it.is(placeholder.kind, &placeholder.name))
            {
                Some(known) => known.options.extend(placeholder.options),
                None => self.known.push(placeholder),
            }
            return;
        }
        let others = text
            .split('$')
            .skip(1)
            .filter_map(|text| text.split_once('('));
        for (_, within) in others {
            let name = within.split([',', ')']).next().unwrap_or_default();
            self.others.push(unquoted(name).to_owned());
        }
    }

    /// Why this cannot be given, if that is certain.
    pub(crate) fn unknown(&self, kind: Kind, name: &str) -> Option<String> {
        let is_known = self.known.iter().any(|it| it.is(kind, name));
        if self.is_unread || is_known || self.others.iter().any(|other| other == name) {
            return None;
        }
        let mut told = format!("the graph has no {}", shown(kind, name));
        told += &match &self.known[..] {
            [] => ", and no placeholder at all".to_owned(),
            _ => format!(", but {self}"),
        };
        Some(told)
    }

    /// The first that must be given and is not. What the documentation says of files does not say
    /// that.
    pub(crate) fn missing(&self, is_given: impl Fn(Kind, &str) -> bool) -> Option<String> {
        let mut required = self.known.iter().filter(|it| it.kind != Kind::File);
        let missing = required.find(|it| !is_given(it.kind, &it.name))?;
        Some(format!("nothing is given for {missing} of the graph"))
    }

    /// Why a choice cannot be this, if that is certain.
    pub(crate) fn no_choice(&self, name: &str, value: &str) -> Option<String> {
        let choice = self.known.iter().find(|it| it.is(Kind::Choice, name))?;
        let is_option = choice
            .options
            .iter()
            .any(|option| option == value || unquoted(option) == value);
        // A form of which the documentation says nothing.
        let is_free = choice.options.is_empty();
        (!is_option && !is_free).then(|| format!("`{value}` is no option of {choice}"))
    }
}

impl Placeholder {
    fn read(text: &str) -> Option<Self> {
        let (kind, arguments) = text.strip_prefix('$')?.strip_suffix(')')?.split_once('(')?;
        // More than one, in one string.
        if arguments.split('$').skip(1).any(|more| more.contains('(')) {
            return None;
        }
        let kind = match kind {
            "choice" => Kind::Choice,
            "file" => Kind::File,
            "text" => Kind::Text,
            _ => return None,
        };
        let mut arguments = arguments.split(',').map(str::trim);
        let name = unquoted(arguments.next()?).to_owned();
        let options = match kind {
            Kind::Choice => arguments.map(str::to_owned).collect(),
            Kind::File | Kind::Text => Vec::new(),
        };
        (!name.is_empty()).then_some(Self {
            kind,
            name,
            options,
        })
    }

    fn is(&self, kind: Kind, name: &str) -> bool {
        self.kind == kind && self.name == name
    }
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

fn shown(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Choice => format!("$choice({name}, …)"),
        Kind::File => format!("$file({name})"),
        Kind::Text => format!("$text({name})"),
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.options[..] {
            [] => f.write_str(&shown(self.kind, &self.name)),
            options => write!(f, "$choice({}, {})", self.name, options.join(", ")),
        }
    }
}

impl fmt::Display for Placeholders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<_> = self.known.iter().map(Placeholder::to_string).collect();
        f.write_str(&known.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(values: Value) -> Placeholders {
        Placeholders::of(values.to_string().as_bytes())
    }

    #[test]
    fn what_the_graph_does_not_have_is_told_with_what_it_has() {
        let graph = of(json!({ "6": { "inputs": {
            "text": "$text(prompt, a sunset (red))", "image": ["$file(photo)"], "sampler": "$choice(sampler, euler, ddim)",
            "seed": "$random()",
        } } }));
        let has = "$choice(sampler, euler, ddim)";
        assert_eq!(graph.unknown(Kind::Text, "prompt"), None);
        assert_eq!(graph.unknown(Kind::File, "photo"), None);
        let told = graph.unknown(Kind::Text, "promt").unwrap();
        for what in [
            "no $text(promt), but ",
            "$text(prompt)",
            "$file(photo)",
            has,
        ] {
            assert!(told.contains(what), "{told}");
        }
        // A choice is no text.
        assert!(graph.unknown(Kind::Text, "sampler").unwrap().contains(has));
        assert_eq!(graph.no_choice("sampler", "ddim"), None);
        let told = graph.no_choice("sampler", "eulr").unwrap();
        assert_eq!(told, format!("`eulr` is no option of {has}"));
        let told = graph.missing(|kind, _| kind == Kind::Text).unwrap();
        assert_eq!(told, format!("nothing is given for {has} of the graph"));
        assert_eq!(graph.missing(|kind, _| kind != Kind::File), None);
        let told = of(json!({})).unknown(Kind::Text, "prompt").unwrap();
        assert_eq!(
            told,
            "the graph has no $text(prompt), and no placeholder at all"
        );
    }

    #[test]
    fn what_is_not_documented_is_left_to_the_api() {
        let graph = of(json!([
            "$number(steps, 20)",
            "a $text(prompt) at night",
            "$choice(sampler)",
            "$text(a), $text(b)"
        ]));
        for (kind, name) in [
            (Kind::Text, "steps"),
            (Kind::Text, "prompt"),
            (Kind::Choice, "sampler"),
            (Kind::Text, "b"),
        ] {
            assert_eq!(graph.unknown(kind, name), None);
        }
        assert_eq!(graph.no_choice("sampler", "euler"), None);
        assert_eq!(graph.missing(|kind, _| kind == Kind::Choice), None);
        assert_eq!(Placeholders::of(b"{").unknown(Kind::Text, "prompt"), None);
    }
}
