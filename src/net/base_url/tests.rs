//! Addresses.

use super::*;

fn tcp(host: &str, port: u16) -> Endpoint {
    Endpoint::Tcp { host: host.to_owned(), port }
}

#[test]
fn addresses_as_people_write_them() {
    let cases = [
        ("http://127.0.0.1:8080", tcp("127.0.0.1", 8080), false, "http://127.0.0.1:8080"),
        (" http://Service.Example/ ", tcp("service.example", 80), false, "http://service.example"),
        ("https://service.example/a/b//", tcp("service.example", 443), true, "https://service.example/a/b"),
        ("https://service.example:80", tcp("service.example", 80), true, "https://service.example:80"),
        ("http://[::1]:8080/x", tcp("::1", 8080), false, "http://[::1]:8080/x"),
        ("http://[::1]", tcp("::1", 80), false, "http://[::1]"),
        ("http://user:sesame@service.example/x", tcp("service.example", 80), false, "http://service.example/x"),
        ("unix:/run/a@b.sock", Endpoint::Unix("/run/a@b.sock".into()), false, "unix:/run/a@b.sock"),
        ("unix:///run/a.sock", Endpoint::Unix("/run/a.sock".into()), false, "unix:/run/a.sock"),
    ];
    for (text, endpoint, tls, shown) in cases {
        let url = BaseUrl::parse(text).unwrap();
        assert_eq!((url.endpoint(), url.is_tls()), (&endpoint, tls), "{text}");
        assert_eq!(url.to_string(), shown);
        // That there are credentials is no secret.
        let written = if text.contains('@') && !text.contains("unix") {
            shown.replace("//", "//<redacted>@")
        } else {
            shown.to_owned()
        };
        assert_eq!(serde_json::to_string(&url).unwrap(), format!("{written:?}"));
        assert!(!format!("{url:?}").contains("sesame"), "{url:?}");
    }
}

#[test]
fn a_bad_address_is_told_how_to_write_one_and_never_repeated() {
    const FIX: &str = "percent-encode # / ? @ \\ in user and password";
    let cases = [
        ("", "is empty; write it like http://127.0.0.1:8080".to_owned()),
        ("sesame:8080", "has no scheme; write it like http://127.0.0.1:8080".to_owned()),
        ("sesame://x", "has an unknown scheme; use http, https or unix".to_owned()),
        ("http://", "is not a URL (empty host); write it like http://127.0.0.1:8080".to_owned()),
        ("http://host:sesame", "is not a URL (invalid port number); write it like http://127.0.0.1:8080".to_owned()),
        ("http://host/?sesame", format!("has a part after ? or #, or a backslash; leave it out, and {FIX}")),
        ("http://user:1#sesame@host", format!("has a part after ? or #, or a backslash; leave it out, and {FIX}")),
        ("http://user:1\\sesame@host", format!("has a part after ? or #, or a backslash; leave it out, and {FIX}")),
        ("http://user:1/sesame@host", format!("has an @ where none belongs; {FIX}")),
        ("http://user:ses@me@host", format!("has an @ where none belongs; {FIX}")),
        ("http://host/\nsesame", "holds a line break, a tab or the like; remove it".to_owned()),
        ("http://%ff:sesame@host", "user, password and path must be UTF-8 after percent-decoding".to_owned()),
        (
            "http://a%3Ab:sesame@host",
            "has a user with a colon, which basic authentication cannot express; choose another".to_owned(),
        ),
        ("unix:sesame", "a socket path must be absolute; write it like unix:/run/service.sock".to_owned()),
        ("unix:/", "a socket path must be absolute; write it like unix:/run/service.sock".to_owned()),
    ];
    for (text, expected) in cases {
        let error = BaseUrl::parse(text).unwrap_err();
        assert_eq!(error, expected, "{text}");
        assert!(!error.contains("sesame"), "{error}");
    }
}

#[test]
fn credentials_tell_addresses_apart() {
    let parse = |text| BaseUrl::parse(text).unwrap();
    assert_eq!(parse("http://u:p@host/x"), parse("http://u:p@host:80/x"));
    assert_ne!(parse("http://u:p@host"), parse("http://u:q@host"));
    assert_ne!(parse("http://u@host"), parse("http://host"));
    let authorization = |text| parse(text).authorization().map(|secret| secret.reveal().to_owned());
    assert_eq!(authorization("http://u@host").as_deref(), Some("Basic dTo="));
    assert_eq!(authorization("http://:p@host").as_deref(), Some("Basic OnA="));
    assert_eq!(authorization("http://host"), None);
}

#[test]
fn paths_are_joined_to_the_prefix() {
    for (base, path, joined) in [
        ("http://host", "", "/"),
        ("http://host", "?a", "/?a"),
        ("http://host", "x", "/x"),
        ("http://host", "//x", "//x"),
        ("http://host/api/", "/x?a=/b", "/api/x?a=/b"),
        ("http://host/api", "x", "/api/x"),
        ("http://host/api", "", "/api"),
        ("http://host/api", "?a", "/api?a"),
        ("http://host/health/", "", "/health/"),
        ("http://host/health/", "?a", "/health/?a"),
        ("unix:/a.sock", "/x", "/x"),
    ] {
        assert_eq!(BaseUrl::parse(base).unwrap().join(path), joined, "{base} {path}");
    }
}

/// The zone chooses the interface here; the server is not told.
#[test]
fn a_link_local_address_has_a_zone() {
    for text in ["http://[fe80::1%eth0]:81/x", "http://[fe80::1%25eth0]:81/x"] {
        let url = BaseUrl::parse(text).unwrap();
        assert_eq!(*url.endpoint(), Endpoint::Tcp { host: "fe80::1%eth0".to_owned(), port: 81 });
        assert_eq!(url.endpoint().to_string(), "[fe80::1%eth0]:81");
        assert_eq!((url.authority().as_str(), url.to_string().as_str()), ("[fe80::1]:81", "http://[fe80::1]:81/x"));
    }
}
