use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

pin_project! {
    /// The wait before a request is sent again; no wait at all is ready at once.
    #[derive(Debug)]
    pub(crate) struct Wait {
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Wait {
    pub(crate) fn none() -> Self {
        Self { sleep: None }
    }

    pub(crate) fn over(sleep: Sleep) -> Self {
        Self { sleep: Some(sleep) }
    }

    pub(crate) fn until(&self) -> Option<Instant> {
        self.sleep.as_ref().map(Sleep::deadline)
    }
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project()
            .sleep
            .as_pin_mut()
            .map_or(Poll::Ready(()), |sleep| sleep.poll(cx))
    }
}
