//! Names and numbers as people write them.

/// A relation without the schema `public`.
pub fn shown(relation: &str) -> &str {
    relation.strip_prefix("public.").unwrap_or(relation)
}

/// Bytes.
pub fn size(bytes: f64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let (mut size, mut unit) = (bytes, 0);
    while size >= 1000.0 && unit + 1 < units.len() {
        (size, unit) = (size / 1000.0, unit + 1);
    }
    if unit == 0 || size >= 100.0 {
        format!("{size:.0} {}", units[unit])
    } else {
        format!("{size:.1} {}", units[unit])
    }
}

/// Seconds.
pub fn time(seconds: f64) -> String {
    match seconds {
        ..=0.0 => "0 s".to_owned(),
        ..0.001 => format!("{:.2} ms", seconds * 1e3),
        ..0.01 => format!("{:.1} ms", seconds * 1e3),
        ..1.0 => format!("{:.0} ms", seconds * 1e3),
        ..10.0 => format!("{seconds:.1} s"),
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3600.0),
    }
}

/// How many of something: `1 table`, `2 tables`.
pub fn many(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_do() {
        assert_eq!([size(8192.0), size(1.5e9), size(2e11)], ["8.2 kB", "1.5 GB", "200 GB"]);
        let times = [0.0, 0.000_31, 0.0042, 0.2, 1.46, 90.0, 600.0, 9000.0].map(time);
        assert_eq!(times, ["0 s", "0.31 ms", "4.2 ms", "200 ms", "1.5 s", "90 s", "10 min", "2 h"]);
        assert_eq!([many(1, "table"), many(2, "table")], ["1 table", "2 tables"]);
        assert_eq!([shown("public.users"), shown("shop.users")], ["users", "shop.users"]);
    }
}
