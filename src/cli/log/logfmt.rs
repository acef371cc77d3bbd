//! The log line of the Prometheus family: `ts=2026-01-02T03:04:05.678901Z level=info msg="two words" key=value`.

use std::fmt::{self, Debug};

use reader::{is_hidden, visible_json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt as log_format;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::registry::LookupSpan;

/// Writes an event as one line of `key=value` pairs. Spans are not shown: the agent has none.
pub(super) struct Logfmt;

impl<S, N> FormatEvent<S, N> for Logfmt
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &log_format::FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        writer.write_str("ts=")?;
        SystemTime.format_time(&mut writer)?;
        write!(writer, " level={}", event.metadata().level().as_str().to_ascii_lowercase())?;
        let mut pairs = Pairs { writer: &mut writer, outcome: Ok(()) };
        event.record(&mut pairs);
        pairs.outcome?;
        writeln!(writer)
    }
}

/// Writes what another format does, and nothing in it hides or turns what stands beside it. All that could is in strings of JSON.
pub(super) struct Visible<F>(pub(super) F);

impl<S, N, F> FormatEvent<S, N> for Visible<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &log_format::FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        writer.write_str(&visible_json(&line))
    }
}

struct Pairs<'a, 'w> {
    writer: &'a mut Writer<'w>,
    outcome: fmt::Result,
}

impl Visit for Pairs<'_, '_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let key = if field.name() == "message" { "msg" } else { field.name() };
        let special = |char: char| char <= ' ' || matches!(char, '=' | '"') || is_hidden(char);
        let quoted = value.is_empty() || value.contains(special);
        // Readers of logfmt take a quoted value for a JSON string: line breaks and control characters are escaped.
        let written = if quoted {
            write!(self.writer, " {key}={}", serde_json::Value::from(value))
        } else {
            write!(self.writer, " {key}={value}")
        };
        self.outcome = self.outcome.and(written);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read as _, Seek as _};
    use std::sync::Arc;

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// What `log` writes, each line without its timestamp.
    fn lines(log: impl FnOnce()) -> Vec<String> {
        let file = Arc::new(tempfile::tempfile().unwrap());
        let layer = log_format::layer().event_format(Visible(Logfmt)).with_writer(Arc::clone(&file));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let mut file: &File = &file;
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        text.lines()
            .map(|line| {
                let (time, rest) = line.split_once(' ').unwrap();
                let time = time.strip_prefix("ts=").unwrap();
                assert!(time.ends_with('Z'), "{time}");
                humantime::parse_rfc3339(time).unwrap();
                rest.to_owned()
            })
            .collect()
    }

    #[test]
    fn a_line_has_level_message_and_pairs() {
        let failed = std::io::Error::other("no \"way\"");
        let lines = lines(|| {
            tracing::info!(address = %"127.0.0.1:10121", tls = false, "listening");
            tracing::warn!(targets = 2, share = 0.5, setting = "log", "takes effect later");
            tracing::error!(error = &failed as &dyn std::error::Error, nothing = "");
        });
        assert_eq!(
            lines,
            [
                "level=info msg=listening address=127.0.0.1:10121 tls=false",
                "level=warn msg=\"takes effect later\" targets=2 share=0.5 setting=log",
                "level=error error=\"no \\\"way\\\"\" nothing=\"\"",
            ]
        );
    }

    #[test]
    fn no_value_can_begin_a_line_or_a_pair_of_its_own() {
        let lines = lines(|| {
            tracing::error!(cause = %"a\nlevel=info msg=fine\r\t\u{1b}[31m", key = %"a=b", path = %"C:\\x y");
            tracing::error!(cause = %"a\u{202e}b\u{2028}", csi = %"\u{9b}31m", word = %"größe");
        });
        assert_eq!(
            lines,
            [
                "level=error cause=\"a\\nlevel=info msg=fine\\r\\t\\u001b[31m\" key=\"a=b\" path=\"C:\\\\x y\"",
                "level=error cause=\"a\\u202eb\\u2028\" csi=\"\\u009b31m\" word=größe",
            ]
        );
    }
}
