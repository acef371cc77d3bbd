//! Questions to name servers that the system's resolver cannot ask: for SRV records.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::iter;
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QTYPE, Question, RCODE, TYPE};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout_at};

/// Where the system's name servers are named.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// The most that one question to one server may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Bytes of an answer over UDP.
const DATAGRAM: usize = 4096;

/// Servers of one name that are looked at.
const MOST: usize = 1_000;

/// Hosts that are asked for at a time.
const AT_A_TIME: usize = 8;

/// What an SRV name means.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Service {
    /// Each server: host, port and addresses, in the order of host and port.
    pub(super) servers: Vec<(String, u16, Vec<IpAddr>)>,
    /// The hosts that no name server tells of: that is not to say that they have no address.
    pub(super) failed: BTreeSet<String>,
    /// How long that holds.
    pub(super) ttl: Duration,
}

/// Asks `server`, or the system's one after the other, what `name` means; all that by `until`.
pub(super) async fn service(name: &str, server: Option<SocketAddr>, until: Instant) -> Result<Service, String> {
    let servers = match server {
        Some(server) => vec![server],
        None => system()?,
    };
    let mut error = format!("{RESOLV_CONF} names no name server; set server = \"10.0.0.2:53\"");
    for server in servers {
        match service_of(server, name, until).await {
            Ok(service) => return Ok(service),
            Err(cause) => error = format!("asking the name server {server} for SRV {name}: {cause}"),
        }
    }
    Err(error)
}

async fn service_of(server: SocketAddr, name: &str, until: Instant) -> Result<Service, String> {
    let answer = ask(server, name, TYPE::SRV, until).await?;
    let mut service = Service { servers: answer.servers, failed: BTreeSet::new(), ttl: answer.ttl };
    service.servers.sort();
    service.servers.dedup();
    service.servers.truncate(MOST);
    if service.servers.is_empty() {
        return Err("the name has no SRV record; is it written right?".to_owned());
    }
    let mut known = answer.addresses;
    let is_told = |host: &String| known.iter().any(|(of, _)| of == host);
    // A name of a cluster's own is known to the same server alone.
    let hosts: BTreeSet<String> =
        service.servers.iter().map(|(host, ..)| host).filter(|host| !is_told(host)).cloned().collect();
    let mut answers = iter(hosts)
        .map(|host| async move {
            let both = tokio::join!(ask(server, &host, TYPE::A, until), ask(server, &host, TYPE::AAAA, until));
            (host, [both.0, both.1])
        })
        .buffer_unordered(AT_A_TIME);
    while let Some((host, answers)) = answers.next().await {
        let is_whole = answers.iter().all(Result::is_ok);
        let before = known.len();
        let addresses = answers.into_iter().flatten().flat_map(|answer| answer.addresses);
        known.extend(addresses.map(|(_, address)| (host.clone(), address)));
        if !is_whole && known.len() == before {
            service.failed.insert(host);
        }
    }
    for (host, _, addresses) in &mut service.servers {
        addresses.extend(known.iter().filter(|(of, _)| of == host).map(|(_, address)| *address));
        addresses.sort_unstable();
        addresses.dedup();
    }
    Ok(service)
}

/// The system's name servers.
fn system() -> Result<Vec<SocketAddr>, String> {
    let text = reader::file::read(Path::new(RESOLV_CONF), 64).map_err(|error| format!("{RESOLV_CONF} {error}"))?;
    Ok(servers(&text))
}

fn servers(text: &str) -> Vec<SocketAddr> {
    let named = text.lines().filter_map(|line| line.trim_start().strip_prefix("nameserver"));
    let addresses = named.filter_map(|rest| rest.split_whitespace().next()?.parse::<IpAddr>().ok());
    // As many as the system's resolver knows.
    addresses.take(3).map(|address| SocketAddr::new(address, 53)).collect()
}

/// What an answer says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) servers: Vec<(String, u16, Vec<IpAddr>)>,
    addresses: Vec<(String, IpAddr)>,
    ttl: Duration,
}

/// One question to one server, over UDP, and over TCP where the answer does not fit.
async fn ask(server: SocketAddr, name: &str, kind: TYPE, until: Instant) -> Result<Answer, String> {
    let asking = async {
        let id = fastrand::u16(..);
        let question = question(id, name, kind)?;
        let datagram = by_udp(server, &question, id).await.map_err(|error| error.to_string())?;
        if let Some(answer) = read(&datagram, id, name, kind)? {
            return Ok(answer);
        }
        let whole = by_tcp(server, &question).await.map_err(|error| error.to_string())?;
        read(&whole, id, name, kind)?.ok_or_else(|| "the answer is cut off, over TCP too".to_owned())
    };
    let late = || "no answer in time; does the name server answer others?".to_owned();
    timeout_at(until.min(Instant::now() + PATIENCE), asking).await.unwrap_or_else(|_| Err(late()))
}

fn question(id: u16, name: &str, kind: TYPE) -> Result<Vec<u8>, String> {
    let name = Name::new(name).map_err(|error| format!("not a name: {error:?}"))?;
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(name, QTYPE::TYPE(kind), CLASS::IN.into(), false));
    packet.build_bytes_vec().map_err(|error| format!("not a question: {error:?}"))
}

async fn by_udp(server: SocketAddr, question: &[u8], id: u16) -> io::Result<Vec<u8>> {
    let any = if server.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut answer = vec![0; DATAGRAM];
    loop {
        let length = socket.recv(&mut answer).await?;
        // What answers something else is late, or somebody else's.
        if answer[..length].starts_with(&id.to_be_bytes()) {
            answer.truncate(length);
            return Ok(answer);
        }
    }
}

async fn by_tcp(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream.write_all(&[&length.to_be_bytes(), question].concat()).await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// What an answer says; `None` if it is cut off. An answer that says nothing of the name has no records.
pub(super) fn read(bytes: &[u8], id: u16, name: &str, kind: TYPE) -> Result<Option<Answer>, String> {
    let packet = Packet::parse(bytes).map_err(|error| format!("the answer cannot be read: {error:?}"))?;
    let asked = packet.questions.first().is_some_and(|question| {
        lower(&question.qname) == name.trim_end_matches('.').to_ascii_lowercase() && question.qtype == QTYPE::TYPE(kind)
    });
    if packet.id() != id || !packet.has_flags(PacketFlag::RESPONSE) || !asked {
        return Err("the answer is not one to the question".to_owned());
    }
    if packet.has_flags(PacketFlag::TRUNCATION) {
        return Ok(None);
    }
    match packet.rcode() {
        RCODE::NoError | RCODE::NameError => {}
        other => return Err(format!("the name server answers {other:?}")),
    }
    let mut answer = Answer { ttl: Duration::MAX, ..Answer::default() };
    // Beside the addresses of a host stand those of name servers.
    let beside = if kind == TYPE::SRV { packet.additional_records.as_slice() } else { &[] };
    for record in packet.answers.iter().chain(beside) {
        match &record.rdata {
            RData::SRV(srv) => {
                answer.ttl = answer.ttl.min(Duration::from_secs(u64::from(record.ttl)));
                // The root is how a name says that it has no such service.
                let host = lower(&srv.target);
                if !host.is_empty() && srv.port > 0 {
                    answer.servers.push((host, srv.port, Vec::new()));
                }
            }
            RData::A(a) => answer.addresses.push((lower(&record.name), IpAddr::V4(a.address.into()))),
            RData::AAAA(aaaa) => answer.addresses.push((lower(&record.name), IpAddr::V6(aaaa.address.into()))),
            _ => {}
        }
    }
    Ok(Some(answer))
}

fn lower(name: &Name<'_>) -> String {
    name.to_string().trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
