//! Runs the tasks of an HTTP/2 connection.

/// Spawns each task boxed. hyper has one for each request, of a type that has room for the whole
/// connection: boxed it is moved once, and else three times.
#[derive(Clone, Copy, Debug)]
pub(super) struct BoxingExecutor;

impl<F> hyper::rt::Executor<F> for BoxingExecutor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        drop(tokio::spawn(Box::pin(task)));
    }
}
