//! Calendar arithmetic on the times in journals and folder names. No clock is read.

/// Milliseconds since 1970 of the `yyyymmddhhmmss` (UTC) that a v1 folder's name begins with.
pub(crate) fn folder_millis(name: &str) -> Option<i64> {
    let digits = name.get(..14).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let number = |from: usize, to: usize| digits[from..to].parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(8, 10)?, number(10, 12)?, number(12, 14)?);
    let valid =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    valid.then(|| (((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

/// A time for people, such as `2026-11-20 23:03:37 UTC`; the bare number where it is no such time.
pub(crate) fn show_millis(millis: i64) -> String {
    match parts(millis) {
        Some([year, month, day, hour, minute, second]) => {
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
        }
        None => millis.to_string(),
    }
}

/// The `yyyymmddhhmmss` (UTC) that the name of a folder begins with.
pub(crate) fn folder_time(millis: i64) -> String {
    let [year, month, day, hour, minute, second] = parts(millis).unwrap_or([1970, 1, 1, 0, 0, 0]);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
}

/// Year, month, day, hour, minute and second of a time of the years 1970 to 9999.
fn parts(millis: i64) -> Option<[i64; 6]> {
    if !(0..253_402_300_800_000).contains(&millis) {
        return None;
    }
    let seconds = millis / 1000;
    let (mut year, mut rest) = (1970, seconds / 86_400);
    while rest >= days(year + 1, 1, 1) - days(year, 1, 1) {
        rest -= days(year + 1, 1, 1) - days(year, 1, 1);
        year += 1;
    }
    let start = days(year, 1, 1);
    let month = (2..=12).rev().find(|month| days(year, *month, 1) - start <= rest).unwrap_or(1);
    let day = rest - (days(year, month, 1) - start) + 1;
    Some([year, month, day, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60])
}

/// Days from 1970-01-01 to the given date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let past = year - 1;
    let leap_days = past / 4 - past / 100 + past / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);
    let month_days = BEFORE.get(month as usize - 1).copied().unwrap_or(0) + i64::from(leap && month > 2);
    (year - 1970) * 365 + leap_days + month_days + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_calendar() {
        for (name, millis, shown) in [
            ("19700101000000_a", 0, "1970-01-01 00:00:00 UTC"),
            ("20261120230337_init", 1_795_215_817_000, "2026-11-20 23:03:37 UTC"),
            ("20240229235959", 1_709_251_199_000, "2024-02-29 23:59:59 UTC"),
            ("20241231000000", 1_735_603_200_000, "2024-12-31 00:00:00 UTC"),
        ] {
            assert_eq!(folder_millis(name), Some(millis), "{name}");
            assert_eq!(show_millis(millis), shown);
            assert_eq!(folder_time(millis), name[..14]);
        }
        assert_eq!(folder_millis("20261320230337_init"), None);
        assert_eq!(folder_millis("init"), None);
        assert_eq!(show_millis(i64::MAX), i64::MAX.to_string());
    }
}
