//! How long to wait before the next attempt to connect.

use std::time::Duration;

const SHORTEST: Duration = Duration::from_millis(20);

/// The pause after so many failures in a row, at most `longest`; `random` puts the processes of a
/// fleet apart.
pub(crate) fn pause(failures: u32, longest: Duration, random: u64) -> Duration {
    let doubled = SHORTEST.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX));
    let whole = doubled.min(longest);
    // From the half on.
    whole.mul_f64(0.5 + (random % 1_024) as f64 / 2_048.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_its_bound_and_differs() {
        let longest = Duration::from_millis(500);
        let millis = |failures, random| pause(failures, longest, random).as_millis();
        assert_eq!((millis(0, 0), millis(0, 1_023)), (10, 19));
        assert_eq!((millis(1, 0), millis(4, 0)), (20, 160));
        for failures in [5, 31, 32, u32::MAX] {
            assert_eq!(millis(failures, 0), 250);
            assert!(millis(failures, u64::MAX) < 500);
        }
    }
}
