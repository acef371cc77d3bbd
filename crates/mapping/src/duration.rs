//! Durations as texts have them.

/// Seconds of a duration: `1h 2m`, `PT1H2M`, `1:02:03`, `1 day, 2:03:04`. Years and months have no length.
pub(super) fn seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    let human = || humantime::parse_duration(text).ok().map(|duration| duration.as_secs_f64());
    let seconds = iso(text).or_else(|| clock(text)).or_else(human)?;
    seconds.is_finite().then_some(seconds)
}

/// `P1DT2H3M4.5S` of ISO 8601, weeks too.
fn iso(text: &str) -> Option<f64> {
    let mut rest = text.strip_prefix('P')?;
    let mut units: &[(char, f64)] = &[('W', 604_800.0), ('D', 86_400.0)];
    let mut seconds = 0.0;
    let mut parts = 0;
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T').filter(|_| units.iter().all(|(name, _)| "WD".contains(*name))) {
            units = &[('H', 3600.0), ('M', 60.0), ('S', 1.0)];
            rest = time;
        }
        let end = rest.find(|character: char| character.is_ascii_alphabetic())?;
        let place = units.iter().position(|(name, _)| rest[end..].starts_with(*name))?;
        seconds += number(&rest[..end])? * units[place].1;
        // Each unit once, the larger ones first.
        units = &units[place + 1..];
        rest = &rest[end + 1..];
        parts += 1;
    }
    (parts > 0).then_some(seconds)
}

/// `H:MM:SS`, with a fraction of the seconds or without, behind days as Python writes them or without.
fn clock(text: &str) -> Option<f64> {
    let (days, time) = match text.split_once(", ") {
        Some((days, time)) => (number(days.strip_suffix(" days").or_else(|| days.strip_suffix(" day"))?)?, time),
        None => (0.0, text),
    };
    let parts: Vec<f64> = time.split(':').map(number).collect::<Option<_>>()?;
    let [hours, minutes, seconds] = parts[..] else { return None };
    (minutes < 60.0 && seconds < 60.0).then_some(((days * 24.0 + hours) * 60.0 + minutes) * 60.0 + seconds)
}

/// Digits, with a fraction or without.
fn number(text: &str) -> Option<f64> {
    let is_number = text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations_in_all_their_forms() {
        let long = [("1h 2m", 3720.0), ("PT1H30M", 5400.0), ("P1DT2H3M4.5S", 93_784.5), ("P2W", 1_209_600.0)];
        let short = [("PT0.25S", 0.25), ("1:02:03", 3723.0), ("00:00:00.0125", 0.0125), ("1 day, 2:03:04", 93_784.0)];
        for (text, expected) in long.into_iter().chain(short) {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        let none =
            ["", "P", "PT", "PT1H1H", "PT1S1H", "P1Y", "P1M", "PT", "PT-1S", "1:2", "1:60:00", "1 week, 1:00:00"];
        for text in none.into_iter().chain(["soon", "1,5s", "PTTS", "P1DT", "T1S", "::", "-1:00:00"]) {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
