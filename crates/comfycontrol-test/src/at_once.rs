use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Gives the output of a future that must not have to wait.
pub fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_given() {
        assert_eq!(at_once(std::future::ready(1)), 1);
    }

    #[test]
    #[should_panic(expected = "it waits")]
    fn what_is_not_there_fails_the_test() {
        at_once(std::future::pending::<()>());
    }
}
