//! Degrees as sources write them, read without a float.

/// Millionths of a degree, from decimal text; the seventh digit rounds.
///
/// # Errors
/// When it is no decimal number of degrees.
pub(crate) fn microdegrees(text: &str) -> Result<i32, &'static str> {
    const WRONG: &str = "is no decimal number of degrees";
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || !is_number(whole) || !is_number(fraction) {
        return Err(WRONG);
    }
    let digit = |place: usize| i32::from(fraction.as_bytes().get(place).map_or(0, |byte| byte - b'0'));
    let mut micro: i32 = whole.parse().map_err(|_| WRONG)?;
    for place in 0..6 {
        micro = micro * 10 + digit(place);
    }
    if digit(6) >= 5 {
        micro += 1;
    }
    Ok(if is_negative { -micro } else { micro })
}

#[cfg(test)]
mod tests {
    use super::microdegrees;

    #[test]
    fn reads_degrees_to_the_millionth() {
        for (text, micro) in [
            ("41.74685764200721", 41_746_858),
            ("-87.6536401592609", -87_653_640),
            ("0.0000005", 1),
            ("7", 7_000_000),
            ("-0.5", -500_000),
            ("180", 180_000_000),
        ] {
            assert_eq!(microdegrees(text), Ok(micro), "{text}");
        }
        for wrong in ["", ".5", "1e2", "1,5", "12345", "--1", "1.2.3", "NaN", "41°"] {
            assert!(microdegrees(wrong).is_err(), "{wrong}");
        }
    }
}
