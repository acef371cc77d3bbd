use proptest::prelude::*;

use super::*;

/// Redis 7.0.15 with 1,040 connections, of which the ordinary ones were thinned out; the socket's path was changed.
const RECORDED: &[u8] = include_bytes!("../../../../tests/fixtures/client_list/redis-7.0-first.txt");

fn one(line: &str) -> Result<Client<'_>, Malformed> {
    assert!(!line.contains('\n'));
    client(line.as_bytes())
}

fn named(line: &str) -> &str {
    std::str::from_utf8(one(line).unwrap().name).unwrap()
}

fn recorded(id: u64) -> Client<'static> {
    clients(RECORDED).filter_map(Result::ok).find(|client| client.id == id).unwrap()
}

#[test]
fn a_line_of_an_old_server_is_read() {
    let line = "id=11 addr=127.0.0.1:63508 fd=8 name= age=6321 idle=6320 flags=N db=0 sub=0 psub=0 multi=-1 qbuf=0 \
                qbuf-free=0 obl=0 oll=0 omem=0 events=r cmd=setex";
    let expected = Client {
        id: 11,
        addr: b"127.0.0.1:63508",
        age: Some(6321),
        idle: Some(6320),
        flags: b"N",
        db: Some(0),
        sub: Some(0),
        psub: Some(0),
        qbuf: Some(0),
        qbuf_free: Some(0),
        omem: Some(0),
        cmd: b"setex",
        ..Client::default()
    };
    assert_eq!(one(line), Ok(expected));
}

#[test]
fn a_line_of_a_new_server_is_read() {
    let line = "id=40253233 addr=fd40:1481:21:dbe0:7021:300:a03:1a06:44426 laddr=[fd40::1]:6379 fd=19 name=api \
                age=782 idle=3 flags=P db=2 sub=896 psub=18 ssub=17 multi=4 watch=3 qbuf=26 qbuf-free=32742 \
                argv-mem=10 multi-mem=5 rbs=1024 rbp=0 obl=1 oll=555 omem=1204 tot-mem=61466 events=rw \
                cmd=client|list user=svc redir=-1 resp=3 lib-name=redis-py lib-ver=5.0.1 io-thread=0 \
                tot-net-in=556 tot-net-out=816 tot-cmds=5";
    let expected = Client {
        id: 40_253_233,
        addr: b"fd40:1481:21:dbe0:7021:300:a03:1a06:44426",
        laddr: b"[fd40::1]:6379",
        name: b"api",
        age: Some(782),
        idle: Some(3),
        flags: b"P",
        db: Some(2),
        sub: Some(896),
        psub: Some(18),
        ssub: Some(17),
        multi: Some(4),
        qbuf: Some(26),
        qbuf_free: Some(32_742),
        omem: Some(1_204),
        tot_mem: Some(61_466),
        cmd: b"client|list",
        user: b"svc",
        lib_name: b"redis-py",
        lib_ver: b"5.0.1",
        tot_cmds: Some(5),
        malformed_fields: 0,
    };
    assert_eq!(one(line), Ok(expected));
}

#[test]
fn a_recorded_reply_is_read() {
    assert_eq!(clients(RECORDED).count(), 43);
    assert_eq!(clients(RECORDED).filter_map(Result::ok).map(|client| client.malformed_fields).sum::<u64>(), 0);
    assert_eq!(recorded(1026).name, b"pool=main,omem=9");
    assert_eq!(recorded(1026).omem, Some(0));
    assert_eq!(recorded(1027).name, b"q\"uo\\te");
    assert_eq!(recorded(1030).user, b"tr=\"a=der");
    assert_eq!(recorded(1031).addr, b"[::1]:57962");
    assert_eq!(recorded(1032).addr, b"/run/app data/re=dis.sock:0");
    assert_eq!(recorded(1032).laddr, b"/run/app data/re=dis.sock:0");
    assert_eq!(recorded(1032).name, b"unix-app");
    assert_eq!((recorded(1035).flags, recorded(1035).cmd), (&b"b"[..], &b"blpop"[..]));
    assert_eq!((recorded(1036).flags, recorded(1036).omem), (&b"O"[..], Some(26_122_360)));
    assert_eq!((recorded(1037).flags, recorded(1037).multi), (&b"x"[..], Some(1)));
    assert_eq!((recorded(1039).psub, recorded(1040).ssub), (Some(1), Some(1)));
    assert_eq!((recorded(1041).name, recorded(1041).omem), (&b"slow=dashboard"[..], Some(27_220_352)));
}

#[test]
fn a_malformed_number_is_absent_and_counted() {
    type Read = fn(&Client<'_>) -> Option<u64>;
    let fields: [(&str, Read); 10] = [
        ("db", |client| client.db),
        ("sub", |client| client.sub),
        ("psub", |client| client.psub),
        ("ssub", |client| client.ssub),
        ("multi", |client| client.multi),
        ("qbuf", |client| client.qbuf),
        ("qbuf-free", |client| client.qbuf_free),
        ("omem", |client| client.omem),
        ("tot-mem", |client| client.tot_mem),
        ("tot-cmds", |client| client.tot_cmds),
    ];
    for (key, read) in fields {
        for bad in ["ERR", "", "-2", "+1", "1.5", "0x1", "1 2", "18446744073709551616"] {
            let line = format!("id=1 age=2 idle=3 {key}={bad} user=u");
            let client = one(&line).unwrap();
            // Only free text is continued by a token of another form.
            let expected = if bad == "1 2" { (Some(1), 0) } else { (None, 1) };
            assert_eq!((read(&client), client.malformed_fields), expected, "{line}");
            assert_eq!((client.idle, client.user), (Some(3), &b"u"[..]), "{line}");
        }
        let line = format!("id=1 {key}=18446744073709551615");
        assert_eq!(read(&one(&line).unwrap()), Some(u64::MAX));
    }
}

#[test]
fn a_line_without_id_age_or_idle_is_left_out() {
    assert_eq!(one("addr=127.0.0.1:1 name=x age=1 idle=1"), Err(Malformed::Id));
    assert_eq!(one("id= age=1 idle=1"), Err(Malformed::Id));
    assert_eq!(one("id=-7 age=1 idle=1"), Err(Malformed::Id));
    assert_eq!(one("id=x age=1 idle=1"), Err(Malformed::Id));
    assert_eq!(one("id=1 age=ABCDE idle=1"), Err(Malformed::Age));
    assert_eq!(one("id=1 age=1 idle=NOPE"), Err(Malformed::Idle));
    assert_eq!(one("id=1 age=1 idle=-"), Err(Malformed::Idle));
    assert_eq!(one("nonsense"), Err(Malformed::Id));
    assert_eq!(one("id=1"), Ok(Client { id: 1, ..Client::default() }));
}

#[test]
fn a_clock_that_was_set_back_does_not_lose_the_clients() {
    let client = one("id=1 age=-3600 idle=-3599").unwrap();
    assert_eq!((client.age, client.idle, client.malformed_fields), (Some(0), Some(0), 0));
}

#[test]
fn lines_end_with_lf_or_crlf_and_blank_ones_are_skipped() {
    let ids = |reply: &[u8]| clients(reply).map(|line| line.map(|client| client.id)).collect::<Vec<_>>();
    assert_eq!(ids(b"id=1 resp=2\nid=2 resp=2\n"), [Ok(1), Ok(2)]);
    assert_eq!(ids(b"\r\nid=1 resp=2\r\n\r\n\nid=2 resp=2\r\n\n"), [Ok(1), Ok(2)]);
    assert_eq!(clients(b"id=1 db=2\r\n").next().unwrap().unwrap().db, Some(2));
    assert_eq!(ids(b""), []);
    assert_eq!(ids(b"\n"), []);
    assert_eq!(ids(b"id=1 omem=123\nid=2 omem=45"), [Ok(1), Err(Malformed::Unterminated)]);
}

#[test]
fn free_text_holds_what_it_may() {
    assert_eq!(named("id=1 name=a=b age=1"), "a=b");
    assert_eq!(named("id=1 name==b= age=1"), "=b=");
    assert_eq!(named("id=1 name=my app age=1"), "my app");
    assert_eq!(named("id=1 name=my  app age=1"), "my  app");
    assert_eq!(named("id=1 name=a \"b\\ =x B=y age=1"), "a \"b\\ =x B=y");
    assert_eq!(named("id=1 name=\u{43d}\u{438}\u{43b} \u{1f980} age=1"), "\u{43d}\u{438}\u{43b} \u{1f980}");
    assert_eq!(named("id=1 name= age=1"), "");
    assert_eq!(named("id=1 name=  age=1"), "");
    assert_eq!(client(b"id=1 name=a\xff\x00\r age=1").unwrap().name, b"a\xff\x00\r");
    assert_eq!(client(b"id=1 name=x ").unwrap().name, b"x");
    let library = one("id=1 lib-name=my lib=2(x y z) lib-ver=1 2").unwrap();
    assert_eq!((library.lib_name, library.lib_ver), (&b"my"[..], &b"1"[..]));
}

#[test]
fn fields_of_newer_servers_are_left_out_wherever_they_stand() {
    let client = one("id=1 new=a name=x tid=0 more text io_thread=2 age=4 what idle=5 x9-y=").unwrap();
    assert_eq!((client.name, client.age, client.idle), (&b"x"[..], Some(4), Some(5)));
    assert_eq!(client.malformed_fields, 0);
}

#[test]
fn a_name_cannot_hide_what_the_server_writes_after_it() {
    let line = "id=7 addr=10.0.0.1:5 laddr=10.0.0.2:6379 fd=8 name=x id=1 addr=h:1 laddr=h:2 age=z omem=0 flags=N \
                lib-name=y age=3 flags=P omem=900 user=u lib-name=real";
    let client = one(line).unwrap();
    assert_eq!((client.id, client.addr, client.laddr), (7, &b"10.0.0.1:5"[..], &b"10.0.0.2:6379"[..]));
    assert_eq!((client.age, client.flags, client.omem), (Some(3), &b"P"[..], Some(900)));
    assert_eq!((client.name, client.lib_name), (&b"x"[..], &b"real"[..]));
    assert_eq!(client.malformed_fields, 7);
    // What continues a value that lost does not continue the one that won.
    assert_eq!(one("id=1 addr=a:1 addr=b c").unwrap().addr, b"a:1");
}

#[test]
fn a_reply_cut_anywhere_yields_whole_lines_only() {
    let whole: Vec<_> = clients(RECORDED).collect();
    for end in 0..RECORDED.len() {
        let cut = &RECORDED[..end];
        let complete = memchr_iter(b'\n', cut).count();
        let mut expected = whole[..complete].to_vec();
        if !cut.is_empty() && !cut.ends_with(b"\n") {
            expected.push(Err(Malformed::Unterminated));
        }
        assert_eq!(clients(cut).collect::<Vec<_>>(), expected, "cut at {end}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read(reply in proptest::collection::vec(any::<u8>(), 0..400)) {
        let lines = memchr_iter(b'\n', &reply).count() + 1;
        prop_assert!(clients(&reply).count() <= lines);
    }

    #[test]
    fn any_tokens_are_read(tokens in proptest::collection::vec("[ \n=]|(id|age|name|omem|addr|lib-name|x)=[a-z0-9 =]{0,4}", 0..40)) {
        let reply = tokens.join(" ");
        for client in clients(reply.as_bytes()).flatten() {
            prop_assert!(client.malformed_fields <= tokens.len() as u64);
        }
    }

    #[test]
    fn what_is_written_is_read(
        id in any::<u64>(),
        name in "[!-~]{0,30}",
        age in any::<u64>(),
        omem in any::<u64>(),
        user in "[^ \n\r]{1,20}",
    ) {
        let line = format!("id={id} addr=[::1]:1 fd=8 name={name} age={age} idle=0 flags=N omem={omem} user={user} redir=-1\n");
        let client = clients(line.as_bytes()).next().unwrap().unwrap();
        prop_assert_eq!(client.id, id);
        prop_assert_eq!(client.name, name.as_bytes());
        prop_assert_eq!(client.age, Some(age));
        prop_assert_eq!(client.omem, Some(omem));
        prop_assert_eq!(client.user, user.as_bytes());
        prop_assert_eq!(client.malformed_fields, 0);
    }
}
