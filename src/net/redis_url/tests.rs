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
        ("redis://host/0?x=1", "has a query with other keys than db"),
        ("redis://host?user=u", "has a query with other keys than db"),
        ("unix:///r.sock?database=1", "has a query with other keys than db, user, pass"),
        ("user:hunter://2@host", "has :// in an unexpected place"),
        ("redis://user:hunter://2@host", "has an @ where none belongs"),
    ] {
        assert_eq!(RedisUrl::parse(text).unwrap_err(), format!("{problem}; {fix}"), "{text}");
    }
    let broken = RedisUrl::parse("redis://user:hun\nter2@host").unwrap_err();
    assert_eq!(broken, "holds a line break, a tab or the like; remove it");
}
