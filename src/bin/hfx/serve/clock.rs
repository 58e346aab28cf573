//! Times as the Hub writes them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `2024-02-29T12:34:56.000Z`.
pub(super) fn iso(time: SystemTime) -> String {
    let (year, month, day, second) = civil(time);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z")
}

/// The time behind such a text.
pub(super) fn parse_iso(text: &str) -> Option<SystemTime> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let seconds = number(11..13)? * 3600 + number(14..16)? * 60 + number(17..19)?;
    let well = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    // The inverse of `civil`: March is month 0, January and February belong to the year before.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468)?;
    (well && text.ends_with('Z')).then(|| UNIX_EPOCH + Duration::from_secs(days * 86_400 + seconds))
}

/// Milliseconds since 1970.
pub(super) fn unix_ms(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis() as u64
}

/// Year, month, day and second of the day in UTC; each era of 400 years has 146,097 days, counted from 1 March.
fn civil(time: SystemTime) -> (u64, u64, u64, u64) {
    let seconds = unix_ms(time) / 1000;
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year_of_era + carry, month, day, seconds % 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        let at = |seconds| iso(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_827_696), "2000-02-29T12:34:56.000Z");
        assert_eq!(at(1_709_210_096), "2024-02-29T12:34:56.000Z");
        assert_eq!(at(1_735_689_599), "2024-12-31T23:59:59.000Z");
        for seconds in [0, 951_827_696, 1_709_210_096, 1_735_689_599, 4_107_542_400] {
            assert_eq!(parse_iso(&at(seconds)), Some(UNIX_EPOCH + Duration::from_secs(seconds)));
        }
        for text in
            ["", "2024", "2024-13-01T00:00:00Z", "2024-01-01 at noon or soZ", "2024-01-01T00:00:00+01"]
        {
            assert_eq!(parse_iso(text), None, "{text}");
        }
    }
}
