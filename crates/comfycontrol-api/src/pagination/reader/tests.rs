use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// What a body says by the naive reading: all of it at once, by serde_json.
fn naive(body: &[u8]) -> Option<(Vec<Value>, Option<u64>)> {
    match serde_json::from_slice(body).ok()? {
        Value::Array(items) => Some((items, None)),
        Value::Object(page) => {
            let items = match page.get("runners")? {
                Value::Array(items) => items.clone(),
                Value::Null => Vec::new(),
                _ => return None,
            };
            Some((items, page.get("total").and_then(Value::as_u64)))
        }
        _ => None,
    }
}

fn read(body: &[u8], size: usize) -> Result<(Vec<Value>, Option<u64>), NoPage> {
    let keys = Keys::default();
    let mut reader = Reader::new(Some("runners"), 1_000, &keys);
    for piece in body.chunks(size) {
        reader.read(piece)?;
    }
    let page = reader.finish()?;
    let item = |item: &Item| serde_json::from_slice(&item.json).unwrap();
    Ok((page.items.iter().map(item).collect(), page.total))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_page_is_read_as_serde_json_does_however_it_is_cut(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"runners\"", "\"total\"", "\"a\"", "1", "null", "true",
            "\"\\\"]\"", " ", "\n", "-", "\"", "\\", "x", "{\"id\":1}", "\u{feff}",
        ]), 0..12),
        sound in any::<bool>(),
        size in 1usize..9,
    ) {
        let tokens = tokens.concat();
        let body = if sound {
            format!("{{\"other\":[1,{{}}],\"runners\":[{tokens}],\"total\":7}}")
        } else {
            tokens
        };
        let naive = naive(body.trim_start_matches('\u{feff}').as_bytes());
        if body.matches('\u{feff}').count() < 2 {
            prop_assert_eq!(read(body.as_bytes(), size).ok(), naive, "{}", body);
        }
    }
}

#[test]
fn what_is_no_page_is_told_with_its_place() {
    let at = |place: &str| place.to_owned();
    for (body, wrong) in [
        ("", NoPage::Incomplete(at("."))),
        ("<html>", NoPage::NotJson(at("."))),
        ("\u{feff}", NoPage::Incomplete(at("."))),
        ("{\"a\":1", NoPage::Incomplete(at("a"))),
        ("{\"a\":x}", NoPage::NotJson(at("a"))),
        ("{\"runners\":[1,", NoPage::Incomplete(at("runners[1]"))),
        ("{\"runners\":[1 2]}", NoPage::NotJson(at("runners[1]"))),
        ("{\"runners\":[1,]}", NoPage::NotJson(at("runners[1]"))),
        ("[1,{\"a\"]", NoPage::NotJson(at("[1]"))),
        ("[\"\u{e4}\",\"\\ud800\"", NoPage::Incomplete(at("[2]"))),
        (
            "{\"runners\":7}",
            NoPage::NoList(at("runners"), b"7".to_vec()),
        ),
        (
            "\"runners\"",
            NoPage::NoList(at("."), b"\"runners\"".to_vec()),
        ),
        ("null", NoPage::Missing(Vec::new())),
        (
            "{\"a\":1,\"b\":[]}",
            NoPage::Missing(vec![at("a"), at("b")]),
        ),
    ] {
        for size in [1, 100] {
            assert_eq!(read(body.as_bytes(), size).unwrap_err(), wrong, "{body}");
        }
    }
    assert_eq!(read(b"[\"\xff\"]", 1), Err(NoPage::NotJson(at("[0]"))));
}
