//! The ports that it listens on.

use std::io::ErrorKind;

use comfycontrol_emulator::Emulator;
use comfycontrol_test::port;

use crate::client::{bare, fetch};

#[tokio::test]
async fn each_listener_has_the_port_that_was_set_or_the_start_fails() {
    let port = port();
    for [http, https, storage] in [[port, 0, 0], [0, port, 0], [0, 0, port]] {
        let start = || Emulator::builder().ports(http, https, storage).start();
        let emulator = start().await.unwrap();
        for (url, set) in [
            (emulator.http_url(), http),
            (emulator.https_url(), https),
            (emulator.storage_url(), storage),
        ] {
            let has_it = url.ends_with(&format!(":{port}"));
            assert_eq!(has_it, set == port, "{url}");
        }
        let api = fetch(bare(format!("{}/v1/user", emulator.http_url())));
        assert_eq!(api.await.unwrap().status, 401);
        assert_eq!(start().await.unwrap_err().kind(), ErrorKind::AddrInUse);
        emulator.shutdown().await;
    }
}
