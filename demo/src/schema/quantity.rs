//! Amounts: `500m`, `1Gi`, `2e3`.

use std::fmt;
use std::str::FromStr;

/// An amount, to the billionth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantity {
    nanos: i128,
    format: Format,
}

/// How an amount is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Decimal,
    Binary,
    Exponent,
}

const NANOS: i128 = 1_000_000_000;

/// The greatest amount; what is more becomes this.
const MOST: i128 = i64::MAX as i128 * NANOS;

const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

impl Quantity {
    /// The amount in thousandths, rounded up.
    pub fn millis(self) -> i64 {
        let thousandths = self.nanos.div_euclid(1_000_000) + i128::from(self.nanos.rem_euclid(1_000_000) != 0);
        i64::try_from(thousandths).unwrap_or(i64::MAX)
    }

    /// Whether it is less than nothing.
    pub const fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.nanos == 0
    }
}

impl FromStr for Quantity {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str =
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
        const SUFFIX: &str = "unable to parse quantity's suffix";
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return Err(SHAPE);
        }
        let (format, exponent, factor) = if let Some((_, exponent)) = DECIMAL.iter().find(|(known, _)| *known == suffix)
        {
            (Format::Decimal, *exponent, 1)
        } else if let Some(power) = BINARY.iter().position(|known| *known == suffix) {
            (Format::Binary, 0, 1_i128 << (10 * power))
        } else {
            let exponent = suffix.strip_prefix(['e', 'E']).ok_or(SUFFIX)?;
            (Format::Exponent, exponent.parse::<i32>().map_err(|_| SUFFIX)?, 1)
        };
        let nanos = scale(whole, fraction, exponent, factor).min(MOST);
        Ok(Self { nanos: if negative { -nanos } else { nanos }, format })
    }
}

/// `whole.fraction × 10^exponent × factor` in billionths, rounded up; at most the greatest amount.
fn scale(whole: &str, fraction: &str, exponent: i32, factor: i128) -> i128 {
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return 0;
    }
    // The digits mean this many tens of billionths.
    let shift = i64::from(exponent) + 9 - i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    if shift + i64::try_from(digits.len()).unwrap_or(i64::MAX) > 30 {
        return MOST;
    }
    // More than 36 digits are below what is kept: the last one of these is raised for them.
    let kept = digits.len().min(30);
    let lost = i64::try_from(digits.len() - kept).unwrap_or(i64::MAX);
    let raised = digits[kept..].bytes().any(|digit| digit != b'0');
    let Ok(value) = digits[..kept].parse::<i128>() else { return MOST };
    let value = value + i128::from(raised);
    let Some(value) = value.checked_mul(factor) else { return MOST };
    let shift = shift + lost;
    let power = u32::try_from(shift.unsigned_abs()).unwrap_or(u32::MAX);
    if shift >= 0 {
        10_i128.checked_pow(power).and_then(|tens| value.checked_mul(tens)).unwrap_or(MOST)
    } else {
        match 10_i128.checked_pow(power) {
            Some(tens) => value / tens + i128::from(value % tens != 0),
            None => 1,
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = self.nanos / NANOS;
        let whole = self.nanos % NANOS == 0;
        if self.format == Format::Binary && whole && units.abs() >= 1024 {
            let mut value = units;
            let mut power = 0;
            while value % 1024 == 0 && power + 1 < BINARY.len() {
                value /= 1024;
                power += 1;
            }
            return write!(f, "{value}{}", BINARY[power]);
        }
        if self.nanos == 0 {
            return f.write_str("0");
        }
        let mut value = self.nanos;
        let mut exponent = -9;
        while value % 1000 == 0 && exponent < 18 {
            value /= 1000;
            exponent += 3;
        }
        let suffix = DECIMAL.iter().find(|(_, known)| *known == exponent).map_or("", |(suffix, _)| suffix);
        match self.format {
            Format::Exponent if exponent != 0 => write!(f, "{value}e{exponent}"),
            _ => write!(f, "{value}{suffix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_amounts_when_read_then_they_are_written_in_the_one_form_that_kubernetes_writes() {
        let table = [
            ("1", "1"),
            ("0", "0"),
            ("1000", "1k"),
            ("0.5", "500m"),
            ("1500m", "1500m"),
            ("2000m", "2"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("512Ki", "512Ki"),
            ("0.5Ki", "512"),
            ("1e3", "1e3"),
            ("1E3", "1e3"),
            ("10E", "9223372036854775807"),
            ("-5", "-5"),
            ("0.0000000001", "1n"),
            ("100Gi", "100Gi"),
            (".5", "500m"),
            ("5.", "5"),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<Quantity>().expect(text).to_string(), expected, "{text}");
        }
        for text in ["", "x", "1x", "1..2", "e3", "1e", "--1", "1KI"] {
            assert!(text.parse::<Quantity>().is_err(), "{text}");
        }
    }

    #[test]
    fn given_long_numbers_when_read_then_nothing_overflows() {
        let nines = "9".repeat(200);
        for text in [
            nines.clone(),
            format!("0.{nines}"),
            format!("{nines}Ei"),
            "1e999999999".to_owned(),
            "1e-999999999".to_owned(),
        ] {
            assert!(text.parse::<Quantity>().is_ok(), "{text}");
        }
    }
}
