//! `POST /-/reload`, as Prometheus has it: off unless it is switched on, and never for the page of another site.

use std::net::IpAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{HOST, HeaderName, ORIGIN};
use hyper::{HeaderMap, Method, Response, StatusCode};
use tokio::sync::oneshot;

use super::{Routes, not_allowed};
use crate::http::server::{PLAIN, respond};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl Routes {
    pub(super) async fn lifecycle(&self, method: &Method, headers: &HeaderMap) -> Response<Full<Bytes>> {
        if !matches!(*method, Method::POST | Method::PUT) {
            return not_allowed("POST, PUT");
        }
        if !self.settings.load().enable_lifecycle {
            // The first line is Prometheus' own.
            let text = "Lifecycle API is not enabled.\nsend SIGHUP, or start the agent with --web.enable-lifecycle\n";
            return respond(StatusCode::FORBIDDEN, PLAIN, text);
        }
        if is_foreign(headers) {
            let text = "a page of another site may not reload the agent; ask for it by curl, or send SIGHUP\n";
            return respond(StatusCode::FORBIDDEN, PLAIN, text);
        }
        self.reload().await
    }

    async fn reload(&self) -> Response<Full<Bytes>> {
        let (sender, answer) = oneshot::channel();
        if self.reload.try_send(sender).is_err() {
            return respond(StatusCode::SERVICE_UNAVAILABLE, PLAIN, "a reload is under way; try again\n");
        }
        match answer.await {
            Ok(Ok(())) => respond(StatusCode::OK, PLAIN, "configuration reloaded\n"),
            Ok(Err(error)) => {
                let text = format!("the old configuration stays:\n{error}\n");
                respond(StatusCode::INTERNAL_SERVER_ERROR, PLAIN, text)
            }
            Err(_) => respond(StatusCode::SERVICE_UNAVAILABLE, PLAIN, "the agent is stopping\n"),
        }
    }
}

/// Whether a browser asks for a page that is not the agent's own. A page whose own name leads to the agent, for as long as it
/// wants (DNS rebinding), is one: of a browser's pages those alone are believed that are at an address, or at localhost.
fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if text(SEC_FETCH_SITE).is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return true;
    }
    text(ORIGIN).is_some_and(|origin| {
        let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        own.is_none_or(|own| own.is_empty() || Some(own) != text(HOST) || !is_address(own))
    })
}

fn is_address(host_and_port: &str) -> bool {
    let host = match host_and_port.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host_and_port,
    };
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    inner.eq_ignore_ascii_case("localhost") || inner.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn a_page_is_believed_that_the_agent_itself_serves_at_an_address() {
        let foreign = |host: &'static str, more: &[(HeaderName, &'static str)]| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            for (name, value) in more {
                headers.insert(name, HeaderValue::from_static(value));
            }
            is_foreign(&headers)
        };
        assert!(!foreign("manometer:10121", &[]), "no browser");
        for own in ["127.0.0.1:10121", "[::1]:10121", "localhost:10121", "10.0.0.7", "[fe80::1]"] {
            for scheme in ["http://", "https://"] {
                let origin: &'static str = format!("{scheme}{own}").leak();
                assert!(!foreign(own, &[(ORIGIN, origin), (SEC_FETCH_SITE, "same-origin")]), "{origin}");
            }
        }
        for (host, origin) in [
            ("127.0.0.1:10121", "http://127.0.0.1:3000"),
            ("127.0.0.1:10121", "https://evil.example"),
            ("evil.example:10121", "http://evil.example:10121"),
            ("127.0.0.1:10121", "null"),
            ("127.0.0.1:10121", "http://"),
            ("", "http://"),
            ("127.0.0.1:10121", "file://127.0.0.1:10121"),
            ("127.0.0.1:10121", "\u{7f}"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            headers.insert(ORIGIN, HeaderValue::from_bytes(&origin.replace('\u{7f}', "\u{ff}").into_bytes()).unwrap());
            assert!(is_foreign(&headers), "{host} {origin}");
        }
        for site in ["cross-site", "same-site", ""] {
            assert!(foreign("127.0.0.1:10121", &[(SEC_FETCH_SITE, site)]), "{site}");
        }
        assert!(!foreign("127.0.0.1:10121", &[(SEC_FETCH_SITE, "none")]), "typed by a person");
    }
}
