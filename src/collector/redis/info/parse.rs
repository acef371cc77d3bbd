//! From the bytes of the reply to [`Info`].

use memchr::{memchr, memchr_iter};

use super::{Info, fields, keyspace, module_list, replication, scan, sentinel, stats_lines, threads};

/// Lines of one kind (databases, commands) that are kept: as many as there may be series of a target, and some more.
const MAX_OF_A_KIND: usize = 50_000;

/// Reads an INFO reply; its lines end in CRLF or LF.
///
/// The server ends every line, so a last line without an end was cut off: what stands there may be the beginning of a
/// longer number, and is left out and counted as malformed.
#[must_use]
pub fn parse(reply: &[u8]) -> Info {
    let mut info = Info::empty();
    let mut start = 0;
    // Valkey >= 9.1 repeats the reply of CLUSTER INFO, which is asked for by itself.
    let mut is_cluster_info = false;
    for end in memchr_iter(b'\n', reply) {
        let line = &reply[start..end];
        start = end + 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let [b'#', section @ ..] = line {
            let section = section.trim_ascii();
            info.has_keyspace |= section == b"Keyspace";
            is_cluster_info = section == b"Cluster Info";
        } else if !is_cluster_info && let Some(colon) = memchr(b':', line) {
            info.read_line(&line[..colon], &line[colon + 1..]);
        }
    }
    info.malformed += u64::from(start < reply.len());
    info.commands.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    info
}

impl Info {
    /// Puts the value of one line where it belongs. The kinds of line that a reply has most of are asked for first.
    fn read_line(&mut self, key: &[u8], value: &[u8]) {
        if let Some(name) = key.strip_prefix(b"cmdstat_") {
            let command = stats_lines::parse_command(name, value);
            self.keep(command, |info| &mut info.commands);
        } else if let Some(name) = key.strip_prefix(b"latency_percentiles_usec_") {
            let parsed = stats_lines::parse_latency(&mut self.latencies, name, value);
            self.malformed += u64::from(parsed.is_none());
        } else if let Some(slot) = fields::slot(key) {
            self.read_field(slot, value);
        } else if let Some(name) = key.strip_prefix(b"errorstat_") {
            let error = stats_lines::parse_error(name, value);
            self.keep(error, |info| &mut info.errors);
        } else {
            self.read_rare_line(key, value);
        }
    }

    fn read_field(&mut self, slot: fields::Slot, value: &[u8]) {
        if let Some(text) = slot.text {
            self.texts[text as usize] = Some(scan::text(value));
        }
        if let Some(place) = slot.number {
            let value = if slot.is_percent { value.strip_suffix(b"%").unwrap_or(value) } else { value };
            let number = scan::status_or_number(value).or_else(|| scan::quantity(value, slot.is_bytes));
            self.numbers[place] = number;
            self.malformed += u64::from(number.is_none());
        }
    }

    /// The kinds of line that a reply has few of.
    fn read_rare_line(&mut self, key: &[u8], value: &[u8]) {
        if let Some(index) = scan::numbered(key, b"db") {
            self.has_keyspace = true;
            let database = keyspace::parse(index, value, &mut self.malformed);
            self.keep(Some(database), |info| &mut info.databases);
        } else if scan::numbered(key, b"slave").is_some() {
            let replica = replication::parse_replica(value);
            self.keep(replica, |info| &mut info.replicas);
        } else if scan::numbered(key, b"master").is_some() {
            let master = sentinel::parse(value);
            self.keep(master, |info| &mut info.sentinel_masters);
        } else if key == b"module" {
            let module = module_list::parse(value);
            self.keep(module, |info| &mut info.modules);
        } else if let Some(thread) = threads::parse(key, value, &mut self.malformed) {
            self.keep(Some(thread), |info| &mut info.threads);
        } else if key.starts_with(b"cluster_") {
            if let Some(number) = scan::status_or_number(value) {
                self.keep(Some((scan::text(key), number)), |info| &mut info.cluster);
            }
        } else {
            replication::parse_master(&mut self.masters, key, value, &mut self.malformed);
        }
    }

    /// Adds what a line of a known kind holds, or counts that it could not be read or is one too many.
    fn keep<T>(&mut self, parsed: Option<T>, list: impl Fn(&mut Self) -> &mut Vec<T>) {
        if let Some(parsed) = parsed
            && list(self).len() < MAX_OF_A_KIND
        {
            list(self).push(parsed);
        } else {
            self.malformed += 1;
        }
    }
}
