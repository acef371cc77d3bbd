//! `manometer map discover`: a draft of a mapping for an endpoint.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use hyper::StatusCode;

use super::{Refused, block_on, note, print};
use crate::http::client::{Client, Response, Settings};
use crate::mapping::discover::{Draft, DraftOptions, draft, prefix};
use crate::net::BaseUrl;
use crate::net::headers::check_header;
use reader::{Secret, file};

/// The most that one fetch may take.
const LIMIT: Duration = Duration::from_secs(10);

/// The size of the file with the headers in KiB beyond which it is refused.
const HEADERS_LIMIT: u64 = 64;

/// Fetches the address twice and prints the draft.
pub(super) fn discover(
    url: &str,
    interval: Duration,
    header_file: Option<&Path>,
    name: &str,
    service: bool,
) -> Result<ExitCode, Refused> {
    let prepared = prefix(name).map_err(|message| format!("--name {message}")).and_then(|prefix| {
        let (base, path) = address(url).map_err(|message| format!("the URL {message}"))?;
        let headers = header_file.map_or(Ok(Vec::new()), headers)?;
        let client = Client::new(
            &base,
            Settings {
                headers: headers.into_iter().map(|(name, value)| (name, value.into())).collect(),
                ..Settings::default()
            },
        )?;
        Ok((prefix, base, path, client))
    });
    let (prefix, base, path, mut client) = prepared?;
    let fetched = block_on(fetch_twice(&mut client, &path, interval))?;
    let samples = fetched.map_err(|message| Refused(1, message))?;
    let source = DraftOptions {
        url: base.to_string(),
        path,
        status: samples[0].status,
        pause: interval,
        prefix,
        service: service.then(|| name.to_owned()),
    };
    let drafted = draft(&source, &samples[0].body, &samples[1].body);
    let Draft { text, rules, left_out } = drafted.map_err(|error| {
        Refused(1, format!("GET {base}: {error}; is it the address of an endpoint, and not of a page?"))
    })?;
    let printed = print(text.as_bytes());
    if rules == 0 {
        return Err(Refused(1, "nothing in the body can be mapped; is it the right address?".to_owned()));
    }
    note(&format!("{rules} drafted, {left_out} left out; look at each before you use it"));
    if header_file.is_some() || url.contains('@') {
        note("user, password and headers are not in the draft; add them to url, or as [[service.header]]");
    }
    Ok(printed)
}

/// The service and the path, with its query, of a whole address. The error does not repeat it: it may hold a password.
fn address(url: &str) -> Result<(BaseUrl, String), String> {
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    if query.is_some_and(|query| query.contains('@')) {
        return Err("has an @ behind the ?; percent-encode it as %40, and ? in user and password as %3F".to_owned());
    }
    // As a whole first: what is wrong with it may show only so.
    let whole = BaseUrl::parse(address)?;
    let begin = address.find("://").map_or(address.len(), |at| at + 3);
    // The path of a socket is not a path of the service.
    let end = address[begin..].find('/').map(|at| begin + at).filter(|_| !address.starts_with("unix:"));
    let (base, path) = match end {
        Some(end) => (BaseUrl::parse(&address[..end])?, &address[end..]),
        None => (whole, "/"),
    };
    Ok((base, query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))))
}

/// Headers, a line each; empty lines and those that begin with `#` are left out. The error shows no value.
fn headers(path: &Path) -> Result<Vec<(String, Secret)>, String> {
    let of_file = |message: String| format!("{}: {message}", path.display());
    let text = file::read(path, HEADERS_LIMIT).map_err(of_file)?;
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            let of_line = |message: &str| format!("{}:{number}: {message}", path.display());
            let (name, value) = line.split_once(':').ok_or_else(|| of_line("is not a header; write Name: value"))?;
            let value = Secret::new(value.trim());
            check_header(name, &value).map_err(|message| of_line(&message))?;
            Ok((name.to_owned(), value))
        })
        .collect()
}

async fn fetch_twice(client: &mut Client, path: &str, interval: Duration) -> Result<[Response; 2], String> {
    let first = fetch(client, path).await?;
    tokio::time::sleep(interval).await;
    Ok([first, fetch(client, path).await?])
}

/// Whether the body of such an answer is worth a look: services send theirs with 503 too, and health pages with statuses of
/// their own.
fn is_readable(status: u16) -> bool {
    let is_own = || StatusCode::from_u16(status).is_ok_and(|status| status.canonical_reason().is_none());
    matches!(status, 200..=299 | 503) || is_own()
}

/// An answer whose body is worth a look.
async fn fetch(client: &mut Client, path: &str) -> Result<Response, String> {
    let response = client.get(path, LIMIT).await.map_err(|error| error.to_string())?;
    let advice = match response.status {
        status if is_readable(status) => return Ok(response),
        401 | 403 => "give what it asks for in the URL (user:password@) or in --header-file",
        404 | 405 | 410 => "check the path of the URL",
        429 => "it limits its callers; wait a while",
        _ => "look at the log of the service",
    };
    let path = path.split('?').next().unwrap_or_default();
    Err(format!("GET {path}: HTTP status {}; {advice}", response.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn split(url: &str) -> (String, String) {
        let (base, path) = address(url).unwrap();
        (base.to_string(), path)
    }

    fn pair(base: &str, path: &str) -> (String, String) {
        (base.to_owned(), path.to_owned())
    }

    #[test]
    fn an_address_is_a_service_and_a_path() {
        assert_eq!(split("http://10.0.0.7:8080/a/b?limit=5"), pair("http://10.0.0.7:8080", "/a/b?limit=5"));
        assert_eq!(split("https://user:pw@stats.local/x/"), pair("https://stats.local", "/x/"));
        assert_eq!(split("http://h?x=1"), pair("http://h", "/?x=1"));
        assert_eq!(split("http://[::1]:80/"), pair("http://[::1]", "/"));
        assert_eq!(split("unix:/run/service.sock").1, "/");
        assert_eq!(split("unix:///run/service.sock"), split("unix:/run/service.sock"));
    }

    #[test]
    fn what_is_not_an_error_to_everybody_is_looked_at() {
        assert_eq!([200, 204, 472, 473, 503].map(is_readable), [true; 5]);
        assert_eq!([304, 401, 404, 429, 500, 502].map(is_readable), [false; 6]);
    }

    #[test]
    fn a_password_that_is_cut_off_goes_nowhere() {
        for url in ["http://user:1/x@host/", "http://user:1?x@host/", "http://user:1#x@host/", "user@host"] {
            let error = address(url).unwrap_err();
            assert!(!error.contains("host/") && !error.contains("user:1"), "{error}");
        }
    }

    #[test]
    fn headers_stand_a_line_each() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("headers");
        std::fs::write(&file, "# for the gateway\nX-Key: swordfish: two\r\n\nAccept:text/plain\n").unwrap();
        let read: Vec<(String, String)> =
            headers(&file).unwrap().into_iter().map(|(name, value)| (name, value.reveal().to_owned())).collect();
        assert_eq!(read, [pair("X-Key", "swordfish: two"), pair("Accept", "text/plain")]);
        std::fs::write(&file, "X-Key swordfish\n").unwrap();
        assert_eq!(headers(&file).unwrap_err(), format!("{}:1: is not a header; write Name: value", file.display()));
        std::fs::write(&file, "\nHost: swordfish\n").unwrap();
        let place = format!("{}:2: ", file.display());
        assert_eq!(headers(&file).unwrap_err(), format!("{place}header Host is set by the agent itself; leave it out"));
    }
}
