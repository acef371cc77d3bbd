use simple_dns::ResourceRecord;
use simple_dns::rdata::{A, AAAA, SRV};

use super::*;

const NAME: &str = "_redis._tcp.example.org";

/// An answer to the question for the SRV records of [`NAME`].
fn answer(id: u16, change: impl FnOnce(&mut Packet<'static>)) -> Vec<u8> {
    let mut packet = Packet::new_reply(id);
    let name = Name::new_unchecked("_Redis._TCP.example.org");
    packet.questions.push(Question::new(name, QTYPE::TYPE(TYPE::SRV), CLASS::IN.into(), false));
    change(&mut packet);
    packet.build_bytes_vec_compressed().unwrap()
}

fn record(name: &'static str, ttl: u32, rdata: RData<'static>) -> ResourceRecord<'static> {
    ResourceRecord::new(Name::new_unchecked(name), CLASS::IN, ttl, rdata)
}

fn srv(ttl: u32, target: &'static str, port: u16) -> ResourceRecord<'static> {
    record(NAME, ttl, RData::SRV(SRV { priority: 1, weight: 2, port, target: Name::new_unchecked(target) }))
}

#[test]
fn an_answer_has_servers_and_their_addresses() {
    let bytes = answer(7, |packet| {
        packet.answers.extend([
            srv(60, "Redis-1.example.org", 6379),
            srv(30, "redis-2.example.org", 6380),
            srv(90, "", 1),
        ]);
        let v4 = RData::A(A { address: 0x0a00_0007 });
        let v6 = RData::AAAA(AAAA { address: 0xfd00 << 112 | 7 });
        packet.additional_records.extend([record("redis-1.example.org", 5, v4), record("redis-1.example.org", 5, v6)]);
    });
    let known = read(&bytes, 7, NAME, TYPE::SRV).unwrap().unwrap();
    let servers = [("redis-1.example.org", 6379), ("redis-2.example.org", 6380)];
    assert_eq!(known.servers, servers.map(|(host, port)| (host.to_owned(), port, Vec::new())));
    let host = "redis-1.example.org".to_owned();
    assert_eq!(known.addresses, [(host.clone(), "10.0.0.7".parse().unwrap()), (host, "fd00::7".parse().unwrap())]);
    assert_eq!(known.ttl, Duration::from_secs(30), "the shortest, of what was asked for");
}

#[test]
fn what_is_no_answer_to_the_question_is_refused() {
    let read = |bytes: &[u8]| read(bytes, 7, NAME, TYPE::SRV);
    let wrong = Err("the answer is not one to the question".to_owned());
    assert_eq!(read(&answer(8, |_| {})), wrong);
    assert_eq!(read(&answer(7, |packet| packet.remove_flags(PacketFlag::RESPONSE))), wrong);
    assert_eq!(read(&answer(7, |packet| packet.questions.clear())), wrong);
    assert_eq!(read(&answer(7, |packet| packet.set_flags(PacketFlag::TRUNCATION))), Ok(None));
    assert_eq!(
        read(&answer(7, |packet| *packet.rcode_mut() = RCODE::ServerFailure)),
        Err("the name server answers ServerFailure".to_owned())
    );
    let none = read(&answer(7, |packet| *packet.rcode_mut() = RCODE::NameError)).unwrap().unwrap();
    assert_eq!((none.servers.len(), none.addresses.len()), (0, 0));
    // Cut anywhere it is an error or less, and never a panic.
    let whole = answer(7, |packet| packet.answers.push(srv(60, "redis-1.example.org", 6379)));
    for end in 0..whole.len() {
        assert!(read(&whole[..end]).is_err(), "{end}");
    }
}

/// The end of a look.
fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

#[tokio::test]
async fn a_host_that_is_not_told_of_does_not_hide_the_others_and_glue_is_no_address_of_it() {
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = udp.local_addr().unwrap();
    tokio::spawn(async move {
        let mut question = [0; 512];
        loop {
            let (length, from) = udp.recv_from(&mut question).await.unwrap();
            let asked = Packet::parse(&question[..length]).unwrap();
            let mut reply = Packet::new_reply(asked.id());
            reply.questions.clone_from(&asked.questions);
            match (lower(&asked.questions[0].qname).as_str(), asked.questions[0].qtype) {
                (NAME, _) => reply.answers.extend(["bad", "good", "none"].map(|host| srv(60, host, 1))),
                ("bad", _) => *reply.rcode_mut() = RCODE::ServerFailure,
                // A server that knows nothing of IPv6.
                ("good", QTYPE::TYPE(TYPE::AAAA)) => *reply.rcode_mut() = RCODE::NotImplemented,
                ("good", _) => {
                    let alias = RData::CNAME(simple_dns::rdata::CNAME(Name::new_unchecked("real")));
                    reply.answers.push(record("good", 60, alias));
                    reply.answers.push(record("real", 60, RData::A(A { address: 0x0a00_0007 })));
                    reply.additional_records.push(record("ns", 60, RData::A(A { address: 0x0a00_0001 })));
                }
                _ => {}
            }
            udp.send_to(&reply.build_bytes_vec().unwrap(), from).await.unwrap();
        }
    });
    let known = service(NAME, Some(address), soon()).await.unwrap();
    let good = vec!["10.0.0.7".parse().unwrap()];
    let servers = [("bad", vec![]), ("good", good), ("none", vec![])];
    assert_eq!(known.servers, servers.map(|(host, addresses)| (host.to_owned(), 1, addresses)));
    assert_eq!(known.failed, BTreeSet::from(["bad".to_owned()]));
}

#[test]
fn the_systems_name_servers_are_those_of_its_file() {
    let text = "# nameserver 9.9.9.9\nsearch example.org\n nameserver 10.0.0.2\nnameserver fd00::2 # two\nnameserver\n\
                nameserver x\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n";
    let named = ["10.0.0.2:53", "[fd00::2]:53", "10.0.0.3:53"].map(|text| text.parse::<SocketAddr>().unwrap());
    assert_eq!(servers(text), named);
    assert_eq!(servers(""), []);
}

/// A name server that answers what comes over UDP, and then over TCP at the same port, in this order.
async fn server(answers: Vec<Box<dyn Fn(u16) -> Vec<u8> + Send>>, tcp: Option<Vec<u8>>) -> SocketAddr {
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = udp.local_addr().unwrap();
    let listener = tokio::net::TcpListener::bind(address).await;
    tokio::spawn(async move {
        let mut question = [0; 512];
        for answer in answers {
            let (_, from) = udp.recv_from(&mut question).await.unwrap();
            let id = u16::from_be_bytes([question[0], question[1]]);
            // An answer to something else comes first.
            udp.send_to(&(id ^ 1).to_be_bytes(), from).await.unwrap();
            udp.send_to(&answer(id), from).await.unwrap();
        }
        if let (Some(rest), Ok(listener)) = (tcp, listener) {
            let (mut stream, _) = listener.accept().await.unwrap();
            let length = stream.read_u16().await.unwrap();
            let mut question = vec![0; usize::from(length)];
            stream.read_exact(&mut question).await.unwrap();
            let whole = [&question[..2], &rest[2..]].concat();
            stream.write_u16(u16::try_from(whole.len()).unwrap()).await.unwrap();
            stream.write_all(&whole).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn an_answer_that_does_not_fit_comes_over_tcp_and_one_to_something_else_is_passed_over() {
    let cut: Box<dyn Fn(u16) -> Vec<u8> + Send> =
        Box::new(|id| answer(id, |packet| packet.set_flags(PacketFlag::TRUNCATION)));
    let whole = answer(0, |packet| {
        packet.answers.push(srv(60, "redis-1.example.org", 6379));
        packet.additional_records.push(record("redis-1.example.org", 5, RData::A(A { address: 0x7f00_0001 })));
    });
    let address = server(vec![cut], Some(whole)).await;
    let known = service(NAME, Some(address), soon()).await.unwrap();
    let localhost = "127.0.0.1".parse().unwrap();
    assert_eq!(known.servers, [("redis-1.example.org".to_owned(), 6379, vec![localhost])]);

    let empty: Box<dyn Fn(u16) -> Vec<u8> + Send> = Box::new(|id| answer(id, |_| {}));
    let address = server(vec![empty], None).await;
    assert_eq!(
        service(NAME, Some(address), soon()).await.unwrap_err(),
        format!("asking the name server {address} for SRV {NAME}: the name has no SRV record; is it written right?")
    );
}
