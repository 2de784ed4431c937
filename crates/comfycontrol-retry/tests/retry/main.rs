//! What is sent again, and when: on a paused clock, over a service that fails as it is told.
//!
//! * `bodies`: what is sent again is the same request, if it can be cloned.
//! * `budget`: what keeps retries a fraction of the calls.
//! * `classes`: how often each class of failure is sent again, by method and by settings.
//! * `deadline`: a wait that the call's deadline leaves no time for is not begun.
//! * `earlier`: what the error of a call knows of the attempts before the last.
//! * `kept`: what of a request is kept with its response.
//! * `model`: a naive model: which of a sequence of failures are sent again, and after which waits.
//! * `response_bodies`: what becomes of a response whose body breaks off.
//! * `throttled`: how long a 429 holds a request back.
//! * `types`: types that can be relied on when stacking.
//! * `waits`: how long is waited before a request is sent again.
//!
//! `script` is the service, and `server` one with response bodies.

mod bodies;
mod budget;
mod classes;
mod deadline;
mod earlier;
mod kept;
mod model;
mod response_bodies;
mod script;
mod server;
mod throttled;
mod types;
mod waits;
