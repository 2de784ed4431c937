//! A gateway in a process of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use comfycontrol_benches::process::tell;
use comfycontrol_gateway::{Gateway, Listener, Server};
use tokio::time::sleep;

use crate::role::{Role, listen, rest};
use crate::terms;

pub(crate) async fn run(role: &Role) {
    let mut stopped = listen();
    let limiter = role.place.limiter(terms::limiter(), terms::LEASE);
    let gateway = Gateway::builder(role.client())
        .limiter(limiter)
        .quota(terms::quota())
        .build()
        .expect("the settings are sound");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, role.listen));
    let bound = loop {
        match Listener::tcp(address).bind(&gateway) {
            Ok(bound) => break bound,
            // The one before has not ended yet.
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    };
    tell(format_args!("ready {}", role.listen));
    let stop = async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    Server::new(gateway).run(bound, stop).await;
    rest().await;
}
