use super::*;

#[test]
fn urls_in_every_form() {
    let url = |text: &str| RedisUrl::parse(text).unwrap();
    let tcp = |host: &str, port| Endpoint::Tcp { host: host.to_owned(), port };
    for (text, endpoint, tls) in [
        ("redis://h:1", tcp("h", 1), false),
        ("valkey://h", tcp("h", 6379), false),
        ("tcp://h:2", tcp("h", 2), false),
        ("h:3", tcp("h", 3), false),
        ("h", tcp("h", 6379), false),
        ("[::1]:4", tcp("::1", 4), false),
        ("redis://u:p[%x]@[fe80::1%eth0]:4/1", tcp("fe80::1%eth0", 4), false),
        ("rediss://[fe80::1%25eth0.7]", tcp("fe80::1%eth0.7", 6379), true),
        ("[fe80::1%25]", tcp("fe80::1%25", 6379), false),
        ("rediss://h:5", tcp("h", 5), true),
        ("valkeys://h:6", tcp("h", 6), true),
        ("unix:///run/r.sock", Endpoint::Unix("/run/r.sock".into()), false),
        ("/run/with space.sock", Endpoint::Unix("/run/with space.sock".into()), false),
    ] {
        let parsed = url(text);
        assert_eq!((parsed.endpoint, parsed.tls), (endpoint, tls), "{text}");
    }
    let full = url("redis://user:p%2Fw@h:6379/2");
    assert_eq!(
        (full.username.as_deref(), full.password.unwrap().reveal(), full.database),
        (Some("user"), "p/w", Some(2))
    );
    let password_only = url("redis://:pw@h");
    assert_eq!((password_only.username, password_only.password.unwrap().reveal()), (None, "pw"));
    let socket = url("unix:///r.sock?db=4&user=u&pass=p");
    assert_eq!(
        (socket.username.as_deref(), socket.password.unwrap().reveal(), socket.database),
        (Some("u"), "p", Some(4))
    );
    let encoded = url("rediss://u%40x:%23%2F%3F%40:%25@h:6379?db=2");
    assert_eq!(
        (encoded.username.as_deref(), encoded.password.unwrap().reveal(), encoded.database),
        (Some("u@x"), "#/?@:%", Some(2))
    );
    assert_eq!(url("unix:///run/redis@1.sock?pass=").endpoint, Endpoint::Unix("/run/redis@1.sock".into()));
    assert_eq!(url("unix:///r.sock?pass=").password, None);
    assert_eq!(tcp("::1", 6379).to_string(), "[::1]:6379");
}

#[test]
fn urls_that_mean_something_else_than_they_say_are_refused() {
    let fix = "percent-encode # / ? @ in user and password, or use password_file";
    for (text, problem) in [
        ("redis://user:123#x@host:6379", "has a part after #"),
        ("user:123#x@host:6379", "has a part after #"),
        ("unix:///r.sock#x", "has a part after #"),
        ("redis://user:12/3@host", "has an @ where none belongs"),
        ("redis://user:12?3@host", "has an @ where none belongs"),
        ("redis://user:p@ss@host", "has an @ where none belongs"),
        ("user:hunter://2@host", "has :// in an unexpected place"),
        ("redis://user:hunter://2@host", "has an @ where none belongs"),
    ] {
        assert_eq!(RedisUrl::parse(text).unwrap_err(), format!("{problem}; {fix}"), "{text}");
    }
    let broken = RedisUrl::parse("redis://user:hun\nter2@host").unwrap_err();
    assert_eq!(broken, "holds a line break, a tab or the like; remove it");
}

#[test]
fn the_url_of_a_service_works_as_it_is() {
    let url = RedisUrl::parse("redis://u:p@h:1/5?db=2&user=other&pass=other&client_name=web").unwrap();
    // redis-py takes the database of the query, and the user of the URL.
    assert_eq!(
        (url.database, url.username.as_deref(), url.password.as_ref().unwrap().reveal()),
        (Some(2), Some("u"), "p")
    );
    assert_eq!(url.warning(false), None);
    let url = RedisUrl::parse("unix:///r.sock?x=1&ssl_ca_certs=/ca").unwrap();
    let told = "of the query, x is not known here and ignored; its certificates and keys are of no use without TLS; write \
                rediss://";
    assert_eq!(url.warning(false).unwrap(), told);
    assert_eq!(url.warning(true).unwrap(), "of the query, x is not known here and ignored");
    assert_eq!(url.database, None);
    for zone in ["redis://[fe80::1%]", "[fe80::1%a/b]", "redis://[fe80::1%e%20]"] {
        RedisUrl::parse(zone).unwrap_err();
    }
}
