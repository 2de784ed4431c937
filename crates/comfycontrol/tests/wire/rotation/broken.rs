//! A file that holds no token any more.

use std::fs;
use std::path::Path;
use std::time::Duration;

use comfycontrol::token::{TokenProvider, file};
use comfycontrol_test::within;
use futures_util::future::join_all;
use tokio::time::sleep;

use super::{Stage, replace};
use crate::support::LIMIT;

#[tokio::test]
async fn a_broken_file_never_displaces_a_token_that_works() {
    within(LIMIT, async {
        let forms: [(&str, Damage, &str); 11] = [
            (
                "gone",
                |path, _| fs::remove_file(path).unwrap(),
                "not there",
            ),
            ("empty", |path, _| write(path, ""), "is empty"),
            ("only a line end", |path, _| write(path, "\n"), "is empty"),
            (
                "half a prefix",
                |path, _| write(path, "cf"),
                "does not start with",
            ),
            (
                "only the prefix",
                |path, _| write(path, "cfc_"),
                "ends after",
            ),
            (
                "two tokens",
                |path, new| write(path, format!("{new}\n{new}\n")),
                "white space inside, at position",
            ),
            (
                "quoted",
                |path, new| write(path, format!("\"{new}\"")),
                "quotation marks",
            ),
            (
                "half of it garbage",
                |path, new| write(path, [new.as_bytes(), &[0xff, 0]].concat()),
                "not UTF-8",
            ),
            (
                "zeros, as after a crash",
                |path, new| write(path, [new.as_bytes(), &[0; 8]].concat()),
                "illegal character at position",
            ),
            (
                "endless",
                |path, new| write(path, new.repeat(200)),
                "more than a token can be long",
            ),
            (
                "a directory",
                |path, _| {
                    fs::remove_file(path).unwrap();
                    fs::create_dir(path).unwrap();
                },
                "not a regular file",
            ),
        ];
        let stages = forms.map(async |(form, damage, says)| {
            let stage = Stage::start().await;
            replace(&stage.path, &stage.old);
            let tokens = TokenProvider::from(file(&stage.path));
            let client = stage.client(tokens.clone());
            let ask = async || {
                let called = client.get("/v1/user").send().await;
                called.unwrap_or_else(|error| panic!("{form}: {error:#}"));
                sleep(Duration::from_millis(20)).await;
            };
            ask().await;

            damage(&stage.path, &stage.new);
            while tokens.snapshot().error().is_none() {
                ask().await;
            }
            let error = tokens.snapshot().error().unwrap().clone();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(says), "{form}: {shown}");
            assert!(
                shown.contains(stage.path.to_str().unwrap()),
                "{form}: {shown}"
            );
            assert!(!shown.contains("FAKE"), "{form}: {shown}");
            for _ in 0..10 {
                ask().await;
            }
            assert_eq!(tokens.snapshot().generation(), 1, "{form}");
            assert_eq!(stage.token("new").uses(), 0, "{form}");

            if stage.path.is_dir() {
                fs::remove_dir(&stage.path).unwrap();
            }
            replace(&stage.path, &stage.new);
            while stage.token("new").uses() < 5 {
                ask().await;
            }
            assert!(tokens.snapshot().error().is_none(), "{form}");
            let unauthorized = stage.emulator.captured_requests().len() as u64
                - stage.token("old").uses()
                - stage.token("new").uses();
            assert_eq!(unauthorized, 0, "{form}");
        });
        join_all(stages).await;
    })
    .await;
}

// === support ===

type Damage = fn(&Path, &str);

fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::write(path, content).unwrap();
}
