//! What a graph wants and a table gives is compared before anything is sent.

use serde_json::json;

use super::studio::{FAST, Studio, quick};
use crate::support::Account;

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_does_not_fit_its_graph_is_told_with_its_place_and_nothing_is_sent() {
    let account = Account::of(quick()).await;
    for (table, told) in [
        (
            "promt,#sampler\na,euler\n",
            "column 1 of the header: the graph has no $text(promt), but ",
        ),
        (
            "prompt;#sampler\na;euler\n",
            "--delimiter says what stands between the fields",
        ),
        (
            "prompt,sampler\na,euler\n",
            "column 2 of the header: the graph has no $text(sampler), but ",
        ),
        (
            "prompt\na\n",
            "the header: nothing is given for $choice(sampler, euler, ddim) of the graph",
        ),
        (
            "prompt,#sampler\na,euler\nb,eulr\n",
            "line 3, column 2: `eulr` is no option of $choice(sampler, euler, ddim)",
        ),
    ] {
        let studio = Studio::with(table);
        let inputs = json!({
            "text": "$text(prompt, a moon)", "sampler": "$choice(sampler, euler, ddim)",
            "image": "$file(photo)",
        });
        studio.graph_with("KSampler", &inputs);
        let ran = studio.run(&account, &[]);
        assert_eq!(ran.code, Some(3), "{ran:?}");
        assert!(ran.err.contains(told), "{ran:?}");
        assert!(!studio.path("out").exists());
    }
    assert_eq!(account.emulator.edge().requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_was_wrong_can_be_put_right_while_nothing_was_sent() {
    let account = Account::of(quick()).await;
    let studio = Studio::with("prompt,@photo\na,no.png\n");
    assert_eq!(studio.run(&account, &[]).code, Some(3));
    assert!(studio.path("out/batch.jsonl").exists());
    std::fs::write(studio.path("prompts.csv"), "prompt,@photo\na,\n").unwrap();
    let ran = studio.run(&account, &["--quota", FAST]);
    assert_eq!((ran.code, studio.saved()), (Some(0), 1), "{ran:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_made_is_code_3() {
    let account = Account::of(quick()).await;
    let studio = Studio::of(1);
    let (graph, table) = (studio.path("sunset.json"), studio.path("prompts.csv"));
    let [graph, table] = [&graph, &table].map(|path| path.to_str().unwrap());
    let ran = account.run(&["batch", graph, table, "-o", "/proc/nope"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert_eq!(account.emulator.edge().requests(), 0);
}
