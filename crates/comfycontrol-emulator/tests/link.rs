//! A link between a client and the emulator.

use std::time::Duration;

use comfycontrol_emulator::{Emulator, Link};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

#[tokio::test]
async fn what_goes_over_a_link_takes_its_time_and_comes_whole() {
    let server = echo().await;
    let link = Link::new(Duration::from_millis(40)).bandwidth(10_000_000);
    let relay = link.to(server).await.unwrap();
    let mut client = TcpStream::connect(relay.address()).await.unwrap();
    let began = now();
    client.write_all(b"a").await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'a');
    assert!(began.elapsed() >= Duration::from_millis(40));

    // A tenth of a second each way, and the way itself.
    let sent: Vec<_> = (0..1_000_000).map(|n| n as u8).collect();
    let began = now();
    let (mut from, mut to) = client.split();
    let mut back = vec![0; sent.len()];
    let (wrote, read) = tokio::join!(to.write_all(&sent), from.read_exact(&mut back));
    wrote.unwrap();
    read.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(100 + 40));
    assert!(back == sent);
    // The end comes through as well.
    to.shutdown().await.unwrap();
    assert_eq!(from.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn connections_are_cut_after_as_many_bytes_as_told_and_then_no_more() {
    let server = echo().await;
    let link = Link::new(Duration::ZERO).cut_after(1_000).cut_after(0);
    let relay = link.to(server).await.unwrap();
    for whole in [1_000, 0, 5_000] {
        let mut client = TcpStream::connect(relay.address()).await.unwrap();
        client.write_all(&[7; 5_000]).await.unwrap();
        client.shutdown().await.unwrap();
        let mut come = 0;
        let mut buffer = [0; 512];
        while let Ok(count @ 1..) = client.read(&mut buffer).await {
            come += count;
        }
        assert_eq!(come, whole);
    }
}

#[tokio::test]
async fn a_link_leads_to_the_emulator_and_ends_when_it_is_dropped() {
    let emulator = Emulator::builder().start().await.unwrap();
    let relay = emulator.link(Link::new(Duration::ZERO)).await.unwrap();
    assert_eq!(
        relay.https_url(),
        format!("https://localhost:{}", relay.address().port())
    );
    let mut client = TcpStream::connect(relay.address()).await.unwrap();
    // TLS is what is behind it: an alert in reply to what is no hello.
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), 21);
    let address = relay.address();
    drop(relay);
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let abroad = Link::new(Duration::ZERO).to(([192, 0, 2, 1], 443).into());
    assert!(abroad.await.is_err());
}

async fn echo() -> std::net::SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = client.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
                let _ = to.shutdown().await;
            });
        }
    });
    address
}

#[expect(clippy::disallowed_methods, reason = "sockets know no paused clock")]
fn now() -> Instant {
    Instant::now()
}
