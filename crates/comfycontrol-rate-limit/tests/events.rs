//! What is told through `tracing`. Alone in its process: the listeners are decided once for each
//! event, and other tests would take part in that.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use comfycontrol_rate_limit::{Algorithm, InFlight, Limiter, Quota};
use http::Response;
use tokio::time;
use tokio_test::{assert_ready_ok, task};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};

#[tokio::test(start_paused = true)]
async fn a_burst_of_429s_is_one_warning_and_its_end_one_message() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(log.clone()));
    let quota = Quota::COMFYCONTROL;
    let limiter = Limiter::builder(quota)
        .algorithm(Algorithm::SlidingLog)
        .build();
    let flights: Vec<_> = (0..40).map(|_| use_slot(&limiter)).collect();
    for flight in flights {
        flight.settle(&Response::builder().status(429).body(()).unwrap());
    }
    let warnings = log.of(Level::WARN);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("shares this address") && warnings[0].contains("10.5s"));

    time::advance(Duration::from_secs(11)).await;
    let probe = use_slot(&limiter);
    assert_eq!(log.of(Level::INFO).len(), 0);
    probe.settle(&Response::new(()));
    use_slot(&limiter).settle(&Response::new(()));
    assert_eq!(log.of(Level::INFO).len(), 1);
    assert_eq!(log.of(Level::WARN).len(), 1);
}

// === support ===

fn use_slot(limiter: &Limiter) -> InFlight {
    assert_ready_ok!(task::spawn(limiter.acquire()).poll()).dispatch()
}

/// Remembers all events with their fields.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Level, String)>>>);

impl Log {
    fn of(&self, level: Level) -> Vec<String> {
        let events = self.0.lock().unwrap();
        events
            .iter()
            .filter(|(of, _)| *of == level)
            .map(|(_, text)| text.clone())
            .collect()
    }
}

impl<S: Subscriber> tracing_subscriber::Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        self.0
            .lock()
            .unwrap()
            .push((*event.metadata().level(), text.0));
    }
}

#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0 += &format!("{field}={value:?} ");
    }
}
