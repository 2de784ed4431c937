use std::fmt::Write;

/// Writes bytes as hexadecimal digits: two for each, in lowercase.
///
/// ```
/// use comfycontrol_core::hex_digits;
///
/// assert_eq!(hex_digits(&[0x0a, 0xff]), "0aff");
/// ```
#[must_use]
pub fn hex_digits(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string does not fail.
        _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// The number that is written so; `None` where there is anything but digits, or too many.
pub(crate) fn hex_number(digits: &[u8]) -> Option<u32> {
    let digits = str::from_utf8(digits).ok()?;
    let all = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u32::from_str_radix(digits, 16).ok().filter(|_| all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_two_digits() {
        assert_eq!(hex_digits(&[0x0a, 0xff, 0x00]), "0aff00");
        assert_eq!(hex_digits(&[]), "");
    }

    #[test]
    fn a_number_is_digits_alone() {
        assert_eq!(hex_number(b"00Ff"), Some(255));
        for none in [
            &b""[..],
            b"+f",
            b"-1",
            b"0x1",
            b"fg",
            b" 1",
            b"123456789",
            b"\xff",
        ] {
            assert_eq!(hex_number(none), None, "{none:?}");
        }
    }
}
