//! A client of a service that looks at each request.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex};

use comfycontrol::{Body, Client, ClientBuilder, Error};
use http::{Request, Response, Uri};
use tower::service_fn;

/// What has been asked for, in that order.
#[derive(Clone, Default)]
pub(crate) struct Asked(Arc<Mutex<Vec<Uri>>>);

impl Asked {
    pub(crate) fn count(&self, ends: &str) -> usize {
        let asked = self.0.lock().unwrap();
        asked
            .iter()
            .filter(|uri| uri.path().ends_with(ends))
            .count()
    }
}

/// Responds out of the URL of a request and the number of requests for the same path before it.
pub(crate) fn builder<F>(respond: F) -> (ClientBuilder, Asked)
where
    F: Fn(&Uri, usize) -> Result<Response<Body>, Error> + Clone + Send + Sync + 'static,
{
    let asked = Asked::default();
    let seen = asked.clone();
    let counts = Arc::new(Mutex::new(HashMap::<String, usize>::new()));
    let service = service_fn(move |request: Request<Body>| {
        seen.0.lock().unwrap().push(request.uri().clone());
        let number = {
            let mut counts = counts.lock().unwrap();
            let count = counts.entry(request.uri().path().to_owned()).or_default();
            *count += 1;
            *count - 1
        };
        ready(respond(request.uri(), number))
    });
    let builder = Client::builder()
        .token("cfc_test0000000")
        .transport(service);
    (builder, asked)
}
