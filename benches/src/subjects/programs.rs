//! A program that makes one GET, with each client: its size, its memory, and how soon it begins.

use std::io::{self, Error, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::crates::Client;
use crate::measure::Stopwatch;

/// A program that is built for release and stripped.
#[derive(Clone, Debug)]
pub struct Program(PathBuf);

/// What a program has in memory, in KiB.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// The most that was resident: nearly all of it is code that was touched, which the system
    /// shares among processes and can drop.
    pub most: u64,
    /// Its heap, stacks and data at its end.
    pub own: u64,
}

impl Program {
    /// Builds it.
    ///
    /// # Errors
    ///
    /// If it does not build.
    pub fn build(client: Client) -> io::Result<Self> {
        let main = match client {
            Client::Facade => OURS.to_owned(),
            Client::Reqwest => REQWEST.replace("PROVIDER", ""),
            Client::ReqwestRing => REQWEST.replace("PROVIDER", RING),
        };
        client.program(&main).map(Self)
    }

    /// Its size in bytes.
    ///
    /// # Errors
    ///
    /// If it is not there.
    pub fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    /// Its memory while it got one response over plain HTTP.
    ///
    /// # Errors
    ///
    /// If it does not run, or got none.
    pub fn memory(&self) -> io::Result<Memory> {
        let (listener, address) = listen()?;
        let mut child = self.start(&format!("http://{address}"))?;
        let mut stream = accept(&listener, &mut child)?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")?;
        let output = child.wait_with_output()?;
        let output = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<u64> = output.split_whitespace().flat_map(str::parse).collect();
        match numbers[..] {
            [200, most, own] => Ok(Memory { most, own }),
            _ => Err(Error::other(format!("it says {output:?}"))),
        }
    }

    /// How long it takes from its start to the first byte of its handshake.
    ///
    /// # Errors
    ///
    /// If it does not run.
    pub fn first_byte(&self) -> io::Result<Duration> {
        let (listener, address) = listen()?;
        let watch = Stopwatch::start();
        let mut child = self.start(&format!("https://{address}"))?;
        let mut stream = accept(&listener, &mut child)?;
        stream.read_exact(&mut [0])?;
        let time = watch.elapsed();
        child.kill()?;
        child.wait()?;
        Ok(time)
    }

    fn start(&self, url: &str) -> io::Result<Child> {
        let mut command = Command::new(&self.0);
        command.arg(url).env("COMFYCONTROL_TOKEN", "cfc_abc");
        command.stdout(Stdio::piped()).spawn()
    }
}

fn listen() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Waits for the connection of a program, unless that ends before.
fn accept(listener: &TcpListener, child: &mut Child) -> io::Result<TcpStream> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Err(e) => return Err(e),
        }
        if let Some(status) = child.try_wait()? {
            return Err(Error::other(format!("it ended with {status}")));
        }
        // The other processor is the program's.
        thread::yield_now();
    }
}

const OURS: &str = r#"
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = std::env::args().nth(1).unwrap();
    let client = comfycontrol::Client::builder().base_url(url).build().unwrap();
    let response = client.get("/v1/user").send().await.unwrap();
    let status = response.status();
    response.bytes().await.unwrap();
    tell(status.as_u16());
}
"#;

const REQWEST: &str = r#"
#[tokio::main(flavor = "current_thread")]
async fn main() {
    PROVIDER
    let url = std::env::args().nth(1).unwrap() + "/v1/user";
    let token = std::env::var("COMFYCONTROL_TOKEN").unwrap();
    let client = reqwest::Client::builder().build().unwrap();
    let response = client.get(url).bearer_auth(token).send().await.unwrap();
    let status = response.status();
    response.bytes().await.unwrap();
    tell(status.as_u16());
}
"#;

const RING: &str = "rustls::crypto::ring::default_provider().install_default().unwrap();";
