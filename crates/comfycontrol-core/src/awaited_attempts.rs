use std::cell::Cell;

/// Counts, on each thread, the polls in which a response body waited for its request to be sent
/// again.
///
/// A body that sends its request again counts each poll that ends so. A layer that bounds the
/// waiting for a body compares before and after it polls one: a call that waits for another attempt
/// has limiters and timeouts for that, and its body does not stall. It is counted per thread since
/// other bodies stand between the two.
///
/// ```
/// use comfycontrol_core::AwaitedAttempts;
///
/// let before = AwaitedAttempts::count();
/// // In a body that is polled.
/// AwaitedAttempts::count_one();
/// assert_ne!(AwaitedAttempts::count(), before);
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AwaitedAttempts;

impl AwaitedAttempts {
    /// The count of this thread, which begins again after the largest.
    #[must_use]
    pub fn count() -> usize {
        COUNT.get()
    }

    /// Counts one poll more.
    pub fn count_one() {
        COUNT.set(COUNT.get().wrapping_add(1));
    }
}

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_once_and_on_its_own_thread() {
        let before = AwaitedAttempts::count();
        AwaitedAttempts::count_one();
        AwaitedAttempts::count_one();
        assert_eq!(AwaitedAttempts::count(), before + 2);
        let elsewhere = std::thread::spawn(AwaitedAttempts::count);
        assert_eq!(elsewhere.join().unwrap(), 0);
    }
}
