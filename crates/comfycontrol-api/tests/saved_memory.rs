//! What saving a file costs in memory, counted by the allocator.

#[path = "support/mocked.rs"]
mod mocked;

use std::convert::Infallible;

use comfycontrol::Body;
use comfycontrol_api::Api;
use futures_util::{StreamExt, stream};
use http::Response;

#[test]
fn a_file_costs_no_more_memory_than_a_piece_of_it() {
    const PIECE: &[u8] = &[7; 64 * 1024];
    const PIECES: usize = 1024;

    let dir = tempfile::tempdir().unwrap();
    let save = async {
        let (client, _) = mocked::client_of(|n| match n {
            0 => Response::new(Body::from(
                r#"[{"id": "1", "src": "https://storage.example/a.mp4?x"}]"#,
            )),
            _ => {
                let pieces = || stream::iter(0..PIECES).map(|_| Ok::<_, Infallible>(PIECE));
                let length = (PIECE.len() * PIECES) as u64;
                let body = move || Body::from_stream(pieces());
                Response::new(Body::replayable(Some(length), body))
            }
        });
        let workflows = Api::new(client).workflows();
        workflows.save(&"id".into(), dir.path()).await
    };
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let mut saved = None;
    let cost = allocation_counter::measure(|| saved = Some(runtime.block_on(save)));
    assert_eq!(saved.unwrap().unwrap()[0].length, 64 << 20);
    assert!(cost.bytes_max < 4 << 20, "{}", cost.bytes_max);
}
