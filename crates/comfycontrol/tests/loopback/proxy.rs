//! A proxy for one connection, which tells what it was asked.

use std::net::{Ipv4Addr, SocketAddr};

use comfycontrol_test::socks::{take, text};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub(crate) async fn start(connect: bool) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let (port, asked) = if connect {
            http(&mut client).await
        } else {
            socks(&mut client).await
        };
        let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap();
        tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
        asked
    });
    (address, asked)
}

async fn http(client: &mut TcpStream) -> (u16, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    let head = String::from_utf8(head).unwrap();
    let port = head.split([':', ' ']).nth(2).unwrap().parse().unwrap();
    (port, head)
}

/// RFC 1928, with the passwords of RFC 1929.
async fn socks(client: &mut TcpStream) -> (u16, String) {
    let methods = take(client, 2).await[1];
    take(client, methods).await;
    client.write_all(&[5, 2]).await.unwrap();
    let n = take(client, 2).await[1];
    let user = text(client, n).await;
    let n = take(client, 1).await[0];
    let password = text(client, n).await;
    client.write_all(&[1, 0]).await.unwrap();
    let n = take(client, 5).await[4];
    let host = text(client, n).await;
    let port = client.read_u16().await.unwrap();
    client
        .write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
        .await
        .unwrap();
    (port, format!("{user} {password} {host}"))
}
