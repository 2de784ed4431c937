use comfycontrol_emulator::{Echo, Emulator, Fault, FaultRule, Shape};

use crate::support::{Emulated, Scripted};

#[tokio::test]
async fn no_caller_learns_the_token_that_an_error_says_back() {
    for echo in Echo::ALL {
        let said = Fault::Respond(Shape::Echo(echo));
        let emulator = Emulator::builder().limit(None);
        let emulator = emulator.fault(FaultRule::next(9, said));
        let house = Emulated::of(emulator, |gateway| gateway).await;
        let response = house.running.get("/v1/user", "").await;
        assert!(response.starts_with("HTTP/1.1 401 "), "{response}");
        assert!(response.contains("\"status\":401"), "{response}");
        assert!(response.contains("is not valid"), "{response}");
        let visible = |letter: &char| letter.is_ascii_graphic();
        let letters: String = response.chars().filter(visible).collect();
        let (_, secret) = house.token.split_once('_').expect("a prefix");
        for part in [&secret[..8], &secret[secret.len() - 8..]] {
            assert!(!letters.contains(part), "{echo:?}: {response}");
        }
    }
}

#[tokio::test]
async fn no_caller_learns_the_token_that_a_header_says_back() {
    let said = "HTTP/1.1 200 OK\r\nx-echo: FAKE0secret0of0the0gateway\r\nx-id: 1\r\n\
                content-length: 5\r\n\r\nhello";
    let upstream = Scripted::new(said).await;
    let response = upstream.running().get("/", "").await;
    assert!(response.contains("x-id: 1\r\n"), "{response}");
    assert!(!response.contains("secret"), "{response}");
    assert!(response.ends_with("hello"), "{response}");
}
