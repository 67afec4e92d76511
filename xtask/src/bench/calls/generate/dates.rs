//! Instants, in microseconds since the epoch, as logs write them.

/// Days since the epoch to a date (Hinnant's `civil_from_days`, for dates after 1970).
fn date(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let era = z / 146_097;
    let day_of_era = z % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

fn clock(micros: u64) -> (u64, u64, u64, u64) {
    let seconds = micros / 1_000_000 % 86_400;
    (seconds / 3600, seconds / 60 % 60, seconds % 60, micros % 1_000_000)
}

pub(super) fn apache_time(micros: u64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day) = date(micros / 86_400_000_000);
    let (hour, minute, second, _) = clock(micros);
    let month = MONTHS[month as usize - 1];
    format!("{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +0000")
}

pub(super) fn rfc_3339(micros: u64) -> String {
    let (year, month, day) = date(micros / 86_400_000_000);
    let (hour, minute, second, fraction) = clock(micros);
    let millis = fraction / 1000;
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// `2026-10-05` and `00:00:00`, as W3C's format writes them.
pub(super) fn date_and_time(micros: u64) -> (String, String) {
    let (year, month, day) = date(micros / 86_400_000_000);
    let (hour, minute, second, _) = clock(micros);
    (format!("{year}-{month:02}-{day:02}"), format!("{hour:02}:{minute:02}:{second:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right() {
        let start = 1_791_158_400_000_000;
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(19_782), (2024, 2, 29));
        assert_eq!(apache_time(start), "05/Oct/2026:00:00:00 +0000");
        assert_eq!(rfc_3339(start + 5_000), "2026-10-05T00:00:00.005Z");
        assert_eq!(date_and_time(start).0, "2026-10-05");
    }
}
