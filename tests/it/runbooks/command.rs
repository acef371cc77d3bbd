//! Which commands a page may give, by the kind of their block.

use super::page::Kind;

const REDIS: &str = "redis-cli -u \"$REDIS_URL\" ";

/// What follows `redis-cli` in a command that only reads, and ends by itself.
const REDIS_READS: &[&str] = &[
    "PING",
    "INFO",
    "CLIENT LIST",
    "CONFIG GET ",
    "SLOWLOG GET ",
    "LATENCY LATEST",
    "MEMORY STATS",
    "MEMORY DOCTOR",
    "MEMORY USAGE ",
    "PUBSUB ",
    "TTL ",
    "XINFO ",
    "XPENDING ",
    "ZCARD ",
    "LINDEX ",
    "SMEMBERS ",
    "HGET ",
    "--latency --raw -i ",
    "--bigkeys -i ",
    "--scan",
];

const REDIS_CHANGES: &[&str] = &["CONFIG SET ", "CONFIG GET ", "MEMORY PURGE", "CLIENT UNPAUSE"];

const DOCKER_READS: &[&str] = &[
    "ps",
    "logs --since ",
    "logs --tail ",
    "stats --no-stream",
    "inspect --format ",
    "top ",
    "events --since ",
    "version ",
];

const DOCKER_CHANGES: &[&str] = &["start ", "unpause ", "update "];

/// What a reading command may be piped through.
const FILTERS: &[&str] = &["grep ", "sed -E ", "sort", "uniq", "head -n ", "tail -", "wc -l", "cut -", "jq "];

/// Reads what no test has.
const LOOKS: &[&str] = &[
    "systemctl status ",
    "journalctl -u ",
    "dmesg -T",
    "free -m",
    "df -",
    "du -xm ",
    "vmstat ",
    "cat /proc/",
    "grep 'open files' /proc/",
    "grep -iE ",
    "py-spy dump ",
    "manometer poll ",
    "manometer healthcheck",
    "manometer config check ",
    "promtool check rules ",
    "amtool alert query ",
    "amtool silence query ",
    "amtool config routes test ",
    // Of the reader's own shell.
    "export REDIS",
    "read -rs REDIS",
];

const CHANGES: &[&str] =
    &["systemctl start ", "systemctl reload ", "amtool silence add ", "amtool silence expire ", "amtool alert add "];

/// Requests that change something, by the end of their address.
const POSTS: &[&str] = &["/-/reload", "/admin/instrument-refresh", "/reset-circuit-breaker"];

/// Why a command may not stand in a block of that kind.
pub(super) fn refused(command: &str, kind: Kind) -> Option<String> {
    let segments = match segments(command) {
        Ok(segments) => segments,
        Err(reason) => return Some(reason),
    };
    let allowed = match kind {
        Kind::Run => reads(&segments),
        Kind::Look => reads(&segments) || looks(&segments),
        Kind::Change => matches!(&segments[..], [only] if changes(only)),
        Kind::Destructive => matches!(&segments[..], [only] if destroys(only)),
    };
    (!allowed).then(|| format!("it is none of the commands of a block of kind {kind:?}"))
}

fn begins(text: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| text.starts_with(beginning))
}

fn reads(segments: &[String]) -> bool {
    let Some((first, filters)) = segments.split_first() else { return false };
    reads_source(first) && filters.iter().all(|filter| is_filter(filter))
}

fn is_filter(filter: &str) -> bool {
    // sort -o writes a file.
    begins(filter, FILTERS) && !(filter.starts_with("sort") && filter.contains(" -o"))
}

fn reads_source(command: &str) -> bool {
    if let Some(rest) = command.strip_prefix(REDIS) {
        return begins(rest, REDIS_READS);
    }
    if let Some(rest) = command.strip_prefix("docker ") {
        let endless = rest.starts_with("events") && !rest.contains(" --until ");
        let follows = rest.starts_with("logs") && (rest.contains(" -f") || rest.contains("--follow"));
        return begins(rest, DOCKER_READS) && !endless && !follows;
    }
    // Without a method, a body or a header it is a GET.
    let plain = |rest: &str| {
        let rest = rest.strip_prefix("-o /dev/null -w '").and_then(|rest| rest.split_once("' "));
        rest.map(|(_, rest)| rest.to_owned())
    };
    command.strip_prefix("curl -s ").is_some_and(|rest| {
        let address = plain(rest).unwrap_or_else(|| rest.to_owned());
        let address = address.trim_matches('\'');
        address.starts_with("http://") && !address.contains([' ', '\''])
    })
}

fn looks(segments: &[String]) -> bool {
    let Some((first, filters)) = segments.split_first() else { return false };
    let renders = first.starts_with("manometer render ") && first.ends_with(" --check");
    (begins(first, LOOKS) || renders) && filters.iter().all(|filter| is_filter(filter))
}

fn changes(command: &str) -> bool {
    if let Some(rest) = command.strip_prefix(REDIS) {
        return begins(rest, REDIS_CHANGES);
    }
    if let Some(rest) = command.strip_prefix("docker ") {
        return begins(rest, DOCKER_CHANGES);
    }
    if let Some(rest) = command.strip_prefix("curl -s -X POST ") {
        let address = rest.split(' ').next().unwrap();
        return POSTS.iter().any(|end| address.ends_with(end));
    }
    command.starts_with("curl -s -X DELETE http://localhost:8080/subscriptions/<") || begins(command, CHANGES)
}

fn destroys(command: &str) -> bool {
    // Never more than one client, one container or one pattern of keys that the reader has looked at.
    command.starts_with("docker restart <")
        || command == format!("{REDIS}CLIENT KILL ID <client-id>")
        || (command.starts_with("curl -s -X POST http://localhost:3002/api/redis/clear ")
            && !command.contains(r#""pattern": "*""#))
}

/// A command's parts between `|`. An error for what would run, write or wait for something else.
fn segments(command: &str) -> Result<Vec<String>, String> {
    let (mut parts, mut quote) = (vec![String::new()], None);
    // The one redirection that writes nothing.
    let command = command.replace(" 2>&1", "");
    let mut inside_placeholder = false;
    for char in command.chars() {
        match (quote, char) {
            (None, '\'' | '"') => quote = Some(char),
            (Some(open), close) if open == close => quote = None,
            (None, '<') => inside_placeholder = true,
            (None, '>') if inside_placeholder => inside_placeholder = false,
            (None, ';' | '&' | '>' | '(' | '\\') => return Err(format!("{char} outside of quotes")),
            (None | Some('"'), '`') => return Err("a command in backquotes".to_owned()),
            (None, '|') => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(char);
    }
    if quote.is_some() || inside_placeholder || command.contains("$(") {
        return Err("open quotes, an open placeholder, or a command within".to_owned());
    }
    Ok(parts.iter().map(|part| part.trim().to_owned()).collect())
}

#[test]
fn what_does_more_than_read_is_refused() {
    let redis = |words: &str| format!("{REDIS}{words}");
    for command in [
        redis("FLUSHALL"),
        redis("KEYS '*'"),
        redis("MONITOR"),
        redis("CLIENT KILL ID 3"),
        redis("CONFIG SET maxmemory 1"),
        redis("CLIENT LIST | xargs kill"),
        redis("INFO > /etc/passwd"),
        redis("INFO | sort -o file"),
        redis("INFO; reboot"),
        redis("INFO && reboot"),
        redis("INFO \"$(reboot)\""),
        redis("--latency"),
        "redis-cli PING".to_owned(),
        "curl -s -X POST http://localhost:8080/health".to_owned(),
        "curl -s http://localhost:8080/health -d 1".to_owned(),
        "curl -s http://localhost:8080/health -o file".to_owned(),
        "docker logs --tail 5 -f web".to_owned(),
        "docker events --since 1h".to_owned(),
        "docker restart web".to_owned(),
        "docker exec web sh".to_owned(),
        "docker stats web".to_owned(),
    ] {
        assert!(refused(&command, Kind::Run).is_some(), "{command}");
    }
    for command in [
        redis("INFO clients | grep -E '^(a|b)' | sort -t= -k2 -n"),
        "docker logs --since 15m <container> 2>&1 | grep -c 'a;b>c'".to_owned(),
        "curl -s 'http://localhost:8080/subscriptions?limit=1000' | jq length".to_owned(),
        "curl -s -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:10121/-/healthy".to_owned(),
    ] {
        assert_eq!(refused(&command, Kind::Run), None, "{command}");
    }
    assert!(refused("docker restart <container>", Kind::Change).is_some());
    assert!(refused("docker restart <container>", Kind::Look).is_some());
    assert_eq!(refused("docker restart <container>", Kind::Destructive), None);
    assert!(refused(&redis("FLUSHALL"), Kind::Destructive).is_some());
}
