//! Which format and encoding a client prefers.

use hyper::HeaderMap;
use hyper::header::{ACCEPT, ACCEPT_ENCODING};

use crate::metric::text::Format;

/// The format with the highest weight of those that the client accepts, and whether it negotiates name escaping.
///
/// A client that accepts nothing we have gets the classic text, as from every exporter.
pub(super) fn preferred_format(headers: &HeaderMap) -> (Format, bool) {
    let mut best = (Format::Prometheus, false);
    let mut best_weight = 0.0;
    for range in headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','))
    {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
        let parameters: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
        let parameter = |name: &str| {
            parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim_matches('"'))
        };
        let version = parameter("version");
        let format = match (media_type.as_str(), version) {
            ("application/openmetrics-text", None | Some("1.0.0")) => Format::OpenMetrics,
            ("text/plain", None | Some("0.0.4" | "1.0.0")) | ("text/*" | "*/*", _) => Format::Prometheus,
            _ => continue,
        };
        let weight = parameter("q").map_or(1.0, |text| text.parse::<f64>().unwrap_or(0.0));
        if weight > best_weight {
            best_weight = weight;
            best = (format, parameter("escaping").is_some());
        }
    }
    best
}

/// The Content-Type. Prometheus 3 fails a scrape whose type it cannot place.
pub(super) const fn content_type(format: Format, escaping: bool) -> &'static str {
    match (format, escaping) {
        (Format::Prometheus, _) => "text/plain; version=0.0.4; charset=utf-8",
        (Format::OpenMetrics, false) => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        // All our names are ASCII, so whatever escaping was asked for, this one has been applied.
        (Format::OpenMetrics, true) => {
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
        }
    }
}

/// Whether the client takes gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let ranges = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    ranges.flat_map(|text| text.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let coding = parts.next().unwrap_or_default();
        let refused = parts.any(|part| {
            part.strip_prefix("q=").is_some_and(|weight| weight.parse::<f64>().is_ok_and(|weight| weight <= 0.0))
        });
        coding.eq_ignore_ascii_case("gzip") && !refused
    })
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn accept(value: &'static str) -> (Format, bool) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(value));
        preferred_format(&headers)
    }

    #[test]
    fn what_real_clients_send() {
        let prometheus_2_42 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;\
             q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert_eq!(accept(prometheus_2_42), (Format::OpenMetrics, false));
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        assert_eq!(accept(prometheus_3), (Format::OpenMetrics, true));
        let native_histograms = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
             encoding=delimited;q=0.9,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert_eq!(accept(native_histograms), (Format::Prometheus, false));
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert_eq!(accept(browser), (Format::Prometheus, false));
        assert_eq!(preferred_format(&HeaderMap::new()), (Format::Prometheus, false));
    }

    #[test]
    fn weights_and_versions_decide() {
        assert_eq!(accept("text/plain, application/openmetrics-text;q=0.5"), (Format::Prometheus, false));
        assert_eq!(accept("application/openmetrics-text;version=2.0.0, text/plain;q=0.1"), (Format::Prometheus, false));
        assert_eq!(accept("application/openmetrics-text;q=0, text/plain;q=0.1"), (Format::Prometheus, false));
        assert_eq!(accept("application/openmetrics-text; q=x"), (Format::Prometheus, false));
    }

    #[test]
    fn gzip_unless_it_is_refused() {
        let with = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            takes_gzip(&headers)
        };
        assert!(with("gzip"));
        assert!(with("deflate, GZIP;q=0.5"));
        assert!(!with("gzip;q=0"));
        assert!(!with("zstd, br"));
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
