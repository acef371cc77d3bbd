//! CLIENT LIST bytes to typed lines, without an allocation.
//!
//! A line is a list of `key=value` tokens, separated by one space, without any quoting. Redis and Valkey refuse spaces
//! and newlines in client and library names, so there only the path of a Unix socket holds spaces; other servers refuse
//! less. Three rules make the lines of all of them safe to read:
//!
//! * A value ends at the next space, and holds any `=` before it: `name=pool=main` is named `pool=main`.
//! * A token that does not have the form of a field continues a value of free text: `addr=/run/my app.sock:0`. A token
//!   that has it, and whose key is not known, is a field of a newer server, and is left out.
//! * No server writes a field twice, so a doubled field comes from free text (`name=x omem=0 ...`). Servers write
//!   `id`, `addr` and `laddr` before the name: there the first one wins. They write all the rest after it: there the
//!   last one wins, so a name cannot hide the size of its buffer. Each doubled field is counted as malformed.

use memchr::{memchr, memchr_iter, memrchr};

use crate::digits::count;

#[cfg(test)]
mod tests;

/// One connection. Numbers are `None` when the server did not send them or sent no number; texts are empty then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client<'a> {
    /// The connection's number, unique until the server restarts.
    pub id: u64,
    /// The peer: `10.0.0.7:51234`, `[::1]:51234`, or the path of the Unix socket with `:0`.
    pub addr: &'a [u8],
    /// The server's own end, Redis >= 6.2.
    pub laddr: &'a [u8],
    /// What `CLIENT SETNAME` set.
    pub name: &'a [u8],
    /// Seconds since the connection was opened; 0 while the server's clock is behind that time.
    pub age: Option<u64>,
    /// Seconds since the last command; 0 while the server's clock is behind that time.
    pub idle: Option<u64>,
    /// One letter for each state: `b` blocked, `M` link to the master, `O` MONITOR, `P` subscriber, `S` replica,
    /// `U` Unix socket, `x` in MULTI, `N` none.
    pub flags: &'a [u8],
    /// The selected database.
    pub db: Option<u64>,
    /// Channel subscriptions.
    pub sub: Option<u64>,
    /// Pattern subscriptions.
    pub psub: Option<u64>,
    /// Shard channel subscriptions, Redis >= 7.0.3.
    pub ssub: Option<u64>,
    /// Commands queued by MULTI; `None` outside of it, which the server writes as -1.
    pub multi: Option<u64>,
    /// Bytes received and not yet executed.
    pub qbuf: Option<u64>,
    /// Bytes free in the query buffer.
    pub qbuf_free: Option<u64>,
    /// Bytes of the output list: what the server compares with the class's output buffer limit.
    pub omem: Option<u64>,
    /// Bytes of memory for the connection, with all its buffers, Redis >= 6.2.
    pub tot_mem: Option<u64>,
    /// The last command: `get`, `client|list`.
    pub cmd: &'a [u8],
    /// The ACL user, Redis >= 6.
    pub user: &'a [u8],
    /// The client library, Redis >= 7.2.
    pub lib_name: &'a [u8],
    /// The client library's version, Redis >= 7.2.
    pub lib_ver: &'a [u8],
    /// Commands that the connection ran since it was opened, Valkey >= 8.0 and Redis >= 8.2.
    pub tot_cmds: Option<u64>,
    /// Known fields without a number where one belongs, or doubled.
    pub malformed_fields: u64,
}

/// What stands for the host of a client of the Unix socket.
pub(super) const UNIX: &str = "unix";

impl<'a> Client<'a> {
    /// Whether a state's letter is among the flags.
    pub(super) fn has_flag(&self, letter: u8) -> bool {
        self.flags.contains(&letter)
    }

    /// The host of `10.0.0.7:51234` and `[::1]:51234`; `unix` for the path of a socket.
    pub(super) fn host(&self) -> &'a [u8] {
        if self.has_flag(b'U') || self.addr.starts_with(b"/") {
            return UNIX.as_bytes();
        }
        let host = memrchr(b':', self.addr).map_or(self.addr, |colon| &self.addr[..colon]);
        host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(host)
    }
}

/// Why a whole line is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// The reply ends within the line, so its last number may lack digits.
    Unterminated,
    /// There is no `id`, or it is not a number.
    Id,
    /// `age` is not a number.
    Age,
    /// `idle` is not a number.
    Idle,
}

/// The connections of a CLIENT LIST reply, in its order. Blank lines are skipped.
pub fn clients(reply: &[u8]) -> impl Iterator<Item = Result<Client<'_>, Malformed>> {
    let mut rest = reply;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let Some(end) = memchr(b'\n', rest) else {
                rest = &[];
                return Some(Err(Malformed::Unterminated));
            };
            let line = &rest[..end];
            rest = &rest[end + 1..];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.is_empty() {
                return Some(client(line));
            }
        }
        None
    })
}

fn client(bytes: &[u8]) -> Result<Client<'_>, Malformed> {
    let mut line = LineReader::new(bytes);
    let mut start = 0;
    for end in memchr_iter(b' ', bytes) {
        line.token(start, end);
        start = end + 1;
    }
    line.token(start, bytes.len());
    line.finish()
}

/// A field that is read, in the order in which servers write them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClientField {
    Id,
    Addr,
    Laddr,
    Name,
    Age,
    Idle,
    Flags,
    Db,
    Sub,
    Psub,
    Ssub,
    Multi,
    Qbuf,
    QbufFree,
    Omem,
    TotMem,
    Cmd,
    User,
    LibName,
    LibVer,
    TotCmds,
}

impl ClientField {
    fn of(key: &[u8]) -> Option<Self> {
        Some(match key {
            b"id" => Self::Id,
            b"addr" => Self::Addr,
            b"laddr" => Self::Laddr,
            b"name" => Self::Name,
            b"age" => Self::Age,
            b"idle" => Self::Idle,
            b"flags" => Self::Flags,
            b"db" => Self::Db,
            b"sub" => Self::Sub,
            b"psub" => Self::Psub,
            b"ssub" => Self::Ssub,
            b"multi" => Self::Multi,
            b"qbuf" => Self::Qbuf,
            b"qbuf-free" => Self::QbufFree,
            b"omem" => Self::Omem,
            b"tot-mem" => Self::TotMem,
            b"cmd" => Self::Cmd,
            b"user" => Self::User,
            b"lib-name" => Self::LibName,
            b"lib-ver" => Self::LibVer,
            b"tot-cmds" => Self::TotCmds,
            _ => return None,
        })
    }

    /// Whether the value may hold spaces.
    const fn is_free_text(self) -> bool {
        matches!(self, Self::Addr | Self::Laddr | Self::Name | Self::User | Self::LibName)
    }

    /// Whether servers write the field before the first text that a client chooses.
    const fn precedes_name(self) -> bool {
        matches!(self, Self::Id | Self::Addr | Self::Laddr)
    }
}

/// A line that is being read.
struct LineReader<'a> {
    bytes: &'a [u8],
    client: Client<'a>,
    id: Option<u64>,
    age: Result<Option<u64>, Malformed>,
    idle: Result<Option<u64>, Malformed>,
    /// A bit for each field that was there.
    seen: u32,
    /// The free text that a token without a key continues, and where its value starts.
    open_text: Option<(ClientField, usize)>,
}

impl<'a> LineReader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, client: Client::default(), id: None, age: Ok(None), idle: Ok(None), seen: 0, open_text: None }
    }

    fn token(&mut self, start: usize, end: usize) {
        let token = &self.bytes[start..end];
        let Some(key_length) = token.iter().position(|&byte| byte == b'=') else {
            return self.continue_text(end, token);
        };
        let (key, value) = (&token[..key_length], &token[key_length + 1..]);
        if let Some(field) = ClientField::of(key) {
            self.open_text = None;
            if self.accepts(field) {
                self.open_text = field.is_free_text().then_some((field, start + key_length + 1));
                self.set(field, value);
            }
        } else if is_key(key) {
            self.open_text = None;
        } else {
            self.continue_text(end, token);
        }
    }

    fn continue_text(&mut self, end: usize, token: &[u8]) {
        if let Some((field, start)) = self.open_text
            && !token.is_empty()
        {
            self.set(field, &self.bytes[start..end]);
        }
    }

    /// Whether this occurrence of the field counts; see the module's rule for doubled fields.
    fn accepts(&mut self, field: ClientField) -> bool {
        let bit = 1 << field as u32;
        let doubled = self.seen & bit != 0;
        self.seen |= bit;
        self.client.malformed_fields += u64::from(doubled);
        !(doubled && field.precedes_name())
    }

    fn set(&mut self, field: ClientField, value: &'a [u8]) {
        match field {
            ClientField::Id => self.id = count(value),
            ClientField::Addr => self.client.addr = value,
            ClientField::Laddr => self.client.laddr = value,
            ClientField::Name => self.client.name = value,
            ClientField::Age => self.age = seconds(value).map(Some).ok_or(Malformed::Age),
            ClientField::Idle => self.idle = seconds(value).map(Some).ok_or(Malformed::Idle),
            ClientField::Flags => self.client.flags = value,
            ClientField::Db => self.client.db = self.counted(value),
            ClientField::Sub => self.client.sub = self.counted(value),
            ClientField::Psub => self.client.psub = self.counted(value),
            ClientField::Ssub => self.client.ssub = self.counted(value),
            ClientField::Multi => self.client.multi = if value == b"-1" { None } else { self.counted(value) },
            ClientField::Qbuf => self.client.qbuf = self.counted(value),
            ClientField::QbufFree => self.client.qbuf_free = self.counted(value),
            ClientField::Omem => self.client.omem = self.counted(value),
            ClientField::TotMem => self.client.tot_mem = self.counted(value),
            ClientField::Cmd => self.client.cmd = value,
            ClientField::User => self.client.user = value,
            ClientField::LibName => self.client.lib_name = value,
            ClientField::LibVer => self.client.lib_ver = value,
            ClientField::TotCmds => self.client.tot_cmds = self.counted(value),
        }
    }

    fn counted(&mut self, value: &[u8]) -> Option<u64> {
        let number = count(value);
        self.client.malformed_fields += u64::from(number.is_none());
        number
    }

    fn finish(self) -> Result<Client<'a>, Malformed> {
        let id = self.id.ok_or(Malformed::Id)?;
        Ok(Client { id, age: self.age?, idle: self.idle?, ..self.client })
    }
}

/// Whether a token's key has the form that servers give to their fields.
fn is_key(key: &[u8]) -> bool {
    !key.is_empty() && key.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}

/// A time that the server computes as a difference of wall clock times, which is negative after its clock was set back.
fn seconds(value: &[u8]) -> Option<u64> {
    match value.strip_prefix(b"-") {
        Some(digits) => count(digits).map(|_| 0),
        None => count(value),
    }
}
