//! Whole numbers as servers write them.

/// A number of things: nothing but digits.
#[inline]
#[must_use]
pub fn count(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn nothing_but_digits_is_a_count() {
        assert_eq!(count(b"0"), Some(0));
        assert_eq!(count(b"18446744073709551615"), Some(u64::MAX));
        for bad in ["", "-1", "+1", "1.5", "1 ", "0x1", "18446744073709551616"] {
            assert_eq!(count(bad.as_bytes()), None, "{bad:?}");
        }
    }
}
