//! The models against the documented examples, as they stand and damaged.

#[path = "support/mocked.rs"]
mod mocked;

use std::fmt::Debug;

use comfycontrol::Body;
use comfycontrol_api::{
    Api, Graph, List, ManagedRunner, NewRunner, Output, Page, Runner, RunnerHeaders, RunnerStats,
    RunnerStatus, RunnerUpdate, SignInProvider, Template, TemplateSummary, User, UserTier,
    WorkflowDetail, WorkflowStatus, WorkflowSummary, WorkflowUpdate,
};
use http::Response;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The documented example of this name.
macro_rules! documented {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("documented/", $name, ".json"))).unwrap()
    };
}

#[test]
fn each_documented_example_is_written_as_it_was_read() {
    round_trip::<User>(documented!("user"));
    round_trip::<Runner>(documented!("runner"));
    round_trip::<Runner>(documented!("runner_bare"));
    round_trip::<NewRunner>(documented!("new_runner"));
    round_trip::<RunnerUpdate>(documented!("runner_update"));
    round_trip::<ManagedRunner>(documented!("managed_runner"));
    round_trip::<RunnerStats>(documented!("stats"));
    round_trip::<WorkflowSummary>(documented!("workflow_created"));
    round_trip::<WorkflowSummary>(documented!("workflow_rerun"));
    round_trip::<WorkflowDetail>(documented!("workflow_completed"));
    round_trip::<Vec<Output>>(documented!("outputs"));
    round_trip::<Vec<WorkflowUpdate>>(documented!("updates"));
    round_trip::<Template>(documented!("template"));
    round_trip::<TemplateSummary>(documented!("template_listed"));
}

#[test]
fn fields_say_what_the_documentation_says() {
    let user: User = read(documented!("user"));
    assert_eq!((user.tier, user.provider), (UserTier::Pro, None));
    assert_eq!(user.created_at.unwrap().to_string(), "2024-01-01T00:00:00Z");

    let runner: Runner = read(documented!("runner"));
    assert_eq!(runner.status, RunnerStatus::Active);
    assert_eq!(
        runner.headers.get("authorization"),
        Some("Bearer secret_token")
    );

    let run: WorkflowDetail = read(documented!("workflow_completed"));
    assert_eq!(run.status, WorkflowStatus::Completed);
    assert_eq!(run.user_runner_id, Some(runner.id));
    assert_eq!(run.managed_runner_id, None);
    let sunset = json!("A beautiful sunset over mountains");
    assert_eq!(run.workflow_params[0], ("$text(prompt)".into(), sunset));
}

#[test]
fn a_graph_is_the_bytes_that_were_given() {
    let spaced = "\n{ \"6\" : {} }\n";
    for graph in [
        Graph::from(spaced),
        Graph::from(spaced.to_owned()),
        Graph::from(spaced.as_bytes().to_vec()),
    ] {
        assert_eq!(graph.as_bytes(), spaced.as_bytes());
    }
    let graph = Graph::from(json!({ "6": {} }));
    assert_eq!(graph.as_bytes(), br#"{"6":{}}"#);
}

#[test]
fn headers_are_counted_by_how_their_names_are_written() {
    let mut headers = RunnerHeaders::new();
    assert!(headers.is_empty());
    for (name, count) in [("x-key", 1), ("x-other", 2), ("x-key", 2), ("X-Key", 3)] {
        headers.insert(name, "1");
        assert_eq!(headers.len(), count, "{name}");
        assert!(!headers.is_empty());
    }
}

#[test]
fn what_the_api_left_out_is_nothing_empty_or_false() {
    for nothing in [json!({}), nulled(documented!("runner"))] {
        let runner: Runner = read(nothing);
        assert_eq!(runner, Runner::default());
        assert!(runner.id.as_str().is_empty() && runner.tags.is_empty());
        assert_eq!(runner.status, RunnerStatus::Unknown(String::new()));
        assert_eq!(runner.created_at, None);
    }
}

#[test]
fn words_that_are_not_known_keep_their_text() {
    let mut user = documented!("user");
    user["tier"] = "studio".into();
    user["provider"] = "gitlab".into();
    let user: User = read(user);
    assert_eq!(user.tier, UserTier::Unknown("studio".into()));
    assert_eq!(user.provider, Some(SignInProvider::from("gitlab")));
    assert_eq!(json!(user)["tier"], "studio");
    assert_eq!(RunnerStatus::from("active"), RunnerStatus::Active);
    let hostile = UserTier::from("cfc_secret\n");
    assert_eq!(format!("{hostile} {hostile:?}"), "cfc_*** cfc_***");
}

#[test]
fn a_header_that_is_no_text_is_kept_as_json() {
    let headers: RunnerHeaders = read(json!({ "X-Port": 8188, "X-On": true, "X-Name": "a" }));
    assert_eq!(headers.get("x-port"), Some("8188"));
    assert_eq!(headers.get("x-on"), Some("true"));
    assert_eq!(headers.get("x-name"), Some("a"));
}

#[test]
fn times_may_have_fractions_and_offsets() {
    let mut user = documented!("user");
    user["created_at"] = "2024-01-15T12:30:00.25+02:00".into();
    let user: User = read(user);
    let created = user.created_at.unwrap();
    assert_eq!(created.to_string(), "2024-01-15T10:30:00.25Z");
}

#[test]
fn debug_shows_no_secret_of_a_runner() {
    let mut runner = documented!("runner");
    runner["endpoint"] = "https://user:secret@my-comfy.example.com/x?key=secret".into();
    runner["name"] = "cfc_secret\n".into();
    let update = json!({ "endpoint": runner["endpoint"], "headers": runner["headers"] });
    let new: NewRunner = read(runner.clone());
    let update: RunnerUpdate = read(update);
    let runner: Runner = read(runner);
    for shown in [
        format!("{runner:?}"),
        format!("{new:?}"),
        format!("{update:?}"),
        format!("{runner:#?}"),
        format!("{:?}", vec![runner.headers]),
    ] {
        assert!(!shown.contains("secret"), "{shown}");
        assert!(shown.contains("\"Authorization\": ***"), "{shown}");
    }
}

/// Reads one page of a list of these items.
fn page_of<T>(list: impl Fn(Api) -> List<T>, key: &'static str, items: Vec<Value>) -> Page<T>
where
    T: DeserializeOwned + Send + 'static,
{
    let body = json!({ key: items, "total": items.len(), "more": {} }).to_string();
    let respond = move |_| Response::new(Body::from(body.clone()));
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, _) = mocked::client_of(respond);
        list(Api::new(client)).page(1).await.unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_list_never_fails_for_a_damaged_item(
        runners in prop::collection::vec(damaged(documented!("runner")), 0..5),
        managed in prop::collection::vec(damaged(documented!("managed_runner")), 0..5),
        workflows in prop::collection::vec(damaged(documented!("workflow_created")), 0..5),
        templates in prop::collection::vec(damaged(documented!("template_listed")), 0..5),
    ) {
        let count = runners.len();
        let page = page_of(|api| api.runners().list(), "runners", runners);
        prop_assert_eq!((page.items.len(), page.total), (count, Some(count as u64)));
        let count = managed.len();
        let page = page_of(|api| api.managed_runners().list(), "runners", managed);
        prop_assert_eq!(page.items.len(), count);
        let count = workflows.len();
        let page = page_of(|api| api.workflows().list(), "workflows", workflows);
        prop_assert_eq!(page.items.len(), count);
        let count = templates.len();
        let page = page_of(|api| api.templates().list(), "templates", templates);
        prop_assert_eq!(page.items.len(), count);
    }

    #[test]
    fn no_model_fails_for_a_damaged_field(
        user in damaged(documented!("user")),
        stats in damaged(documented!("stats")),
        system in damaged(documented!("stats")["system"].clone()),
        device in damaged(documented!("stats")["devices"][0].clone()),
        workflow in damaged(documented!("workflow_completed")),
        output in damaged(documented!("outputs")[0].clone()),
        template in damaged(documented!("template")),
    ) {
        settles::<User>(user);
        settles::<RunnerStats>(stats.clone());
        let mut nested = stats;
        nested["system"] = system;
        nested["devices"] = json!([device]);
        settles::<RunnerStats>(nested);
        settles::<WorkflowDetail>(workflow);
        settles::<Vec<Output>>(json!([output]));
        settles::<Template>(template);
    }
}

// === support ===

#[track_caller]
fn read<T: DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).unwrap()
}

#[track_caller]
fn round_trip<T: DeserializeOwned + Serialize + Clone + PartialEq + Debug>(example: Value) {
    let model: T = read(example.clone());
    let written = serde_json::to_value(&model).unwrap();
    assert_eq!(without_nulls(written.clone()), without_nulls(example));
    assert_eq!(read::<T>(written), model);
}

/// What was read of damaged JSON is written such that the same is read of it.
#[track_caller]
fn settles<T: DeserializeOwned + Serialize + PartialEq + Debug>(damaged: Value) {
    let model: T = read(damaged);
    let written = serde_json::to_value(&model).unwrap();
    assert_eq!(read::<T>(written), model);
}

/// The API says nothing by `null`, as by leaving out.
fn without_nulls(json: Value) -> Value {
    match json {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            fields.map(|(k, v)| (k, without_nulls(v))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

fn nulled(mut json: Value) -> Value {
    for field in json.as_object_mut().unwrap().values_mut() {
        *field = Value::Null;
    }
    json
}

/// An example with fields dropped or nulled, other words, and fields added.
fn damaged(example: Value) -> impl Strategy<Value = Value> {
    let fields = example.as_object().unwrap().len();
    let drops = prop::collection::vec(0u8..4, fields);
    let extra = prop::collection::btree_map("new_[a-z]{1,6}", any_json(), 0..4);
    (drops, "[a-zA-Z_ \u{1b}]{0,12}", extra).prop_map(move |(damages, word, extra)| {
        let mut damaged = example.clone();
        let object = damaged.as_object_mut().unwrap();
        for (name, damage) in example.as_object().unwrap().keys().zip(damages) {
            match damage {
                0 => drop(object.remove(name)),
                1 => object[name] = Value::Null,
                2 if WORDS.contains(&name.as_str()) => object[name] = word.clone().into(),
                _ => {}
            }
        }
        object.extend(extra);
        damaged
    })
}

fn any_json() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(json!({ "a": [1, { "b": null }] })),
    ]
}

/// The fields that hold one of several words.
const WORDS: [&str; 4] = ["provider", "runner_type", "status", "tier"];
