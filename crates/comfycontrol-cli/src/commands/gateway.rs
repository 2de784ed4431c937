//! The gateway as a program: token and limit for every program of this machine, over plain HTTP.

mod arguments;
mod key;
mod log;
mod record;
mod upstream;

use std::path::Path;
use std::time::Duration;

use comfycontrol::priority::PriorityLimiter;
use comfycontrol_dashboard::{Dashboard, Recorder};
use comfycontrol_gateway::{CallerKeys, Gateway, GatewayBuilder, Listener, Server, Tls};
use serde_json::json;

pub(crate) use self::arguments::GatewayArguments;
use self::log::Log;
use self::upstream::Upstream;
use crate::connect::Connect;
use crate::failure::Failure;
use crate::out::Out;
use crate::signals;

pub(crate) async fn run(connect: Connect<'_>, arguments: GatewayArguments) -> Result<(), Failure> {
    let out = connect.out;
    if let Some(name) = &arguments.new_key {
        return key::make(name, out);
    }
    // Before anything that a signal should end well.
    let (stop, at_once) = (signals::stop()?, signals::stop_at_once()?);
    if !arguments.emulate {
        connect.budget.check(connect.global, out).await?;
    }
    let log = Log::begin(out, arguments.quiet);
    let upstream = Upstream::open(connect, &arguments).await?;
    // What goes wrong before is told by the error.
    log::warnings(out);
    let order = PriorityLimiter::builder(upstream.limiter)
        .max_queued(arguments.max_queued)
        .build();
    let recorder = Recorder::new();
    let dashboard = Dashboard::builder()
        .priority(order.clone())
        .token(upstream.tokens)
        .recorder(&recorder)
        .build();
    let told = log.clone();
    let builder = Gateway::builder(upstream.client)
        .priority(order)
        .quota(connect.global.quota)
        .pages(dashboard.clone())
        .on_finished(move |call| {
            record::tell(&recorder, call);
            told.tell(call);
        });
    let gateway = settings(builder, &arguments)?.build()?;
    let bound = listener(&arguments)?
        .bind(&gateway)
        .map_err(|e| Failure::Setting(e.to_string()))?;
    say(out, "upstream", &upstream.url)?;
    say(out, "listening", &address(&arguments, bound.place()))?;
    let server = Server::new(gateway).drain(Duration::from_secs(arguments.drain));
    let stop = async {
        stop.await;
        dashboard.stop();
    };
    let cut = tokio::select! {
        cut = server.run(bound, stop) => Some(cut),
        () = at_once => None,
    };
    let calls = log.end().await;
    let Some(cut) = cut else {
        let left = "calls under way were cut off".to_owned();
        return Err(Failure::Interrupted(Some(left)));
    };
    if let Some(emulator) = upstream.emulator {
        emulator.shutdown().await;
    }
    out.value(&json!({ "calls": calls, "cut_off": cut }), || {
        format!("{calls} calls, {cut} of them cut off at the end")
    })?;
    Ok(())
}

fn settings(
    mut builder: GatewayBuilder,
    arguments: &GatewayArguments,
) -> Result<GatewayBuilder, Failure> {
    builder = builder
        .max_wait(Duration::from_secs(arguments.max_wait))
        .max_request_body(arguments.max_body.saturating_mul(1024 * 1024))
        .caller_header(arguments.caller_header.clone());
    for name in &arguments.hosts {
        builder = builder.host(name);
    }
    if let Some(directory) = &arguments.spool {
        builder = builder.spool_directory(directory);
    }
    if let Some(path) = &arguments.caller_keys {
        let keys = CallerKeys::from_file(path);
        builder = builder.caller_keys(keys.map_err(|e| named(path, &e.to_string()))?);
    }
    Ok(builder)
}

fn listener(arguments: &GatewayArguments) -> Result<Listener, Failure> {
    #[cfg(unix)]
    if let Some(path) = &arguments.unix {
        return Ok(Listener::unix(path));
    }
    let listener = Listener::tcp(arguments.listen);
    Ok(match (&arguments.tls_certificate, &arguments.tls_key) {
        (Some(certificate), Some(key)) => {
            let tls = Tls::from_files(certificate, key);
            listener.tls(tls.map_err(|e| Failure::Setting(e.to_string()))?)
        }
        _ => listener,
    })
}

fn address(arguments: &GatewayArguments, place: &str) -> String {
    if arguments.is_unix() {
        return format!("unix:{place}");
    }
    let scheme = if arguments.tls_key.is_some() {
        "https"
    } else {
        "http"
    };
    format!("{scheme}://{place}")
}

fn named(path: &Path, what: &str) -> Failure {
    Failure::Setting(format!("{}: {what}", path.display()))
}

fn say(out: Out, what: &str, value: &str) -> Result<(), Failure> {
    Ok(out.value(&json!({ what: value }), || format!("{what:9}  {value}"))?)
}
