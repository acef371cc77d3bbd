//! OOM kills as the kernel logs them. An engine on a busy machine loses some of its `oom` events, and the counter of a control
//! group goes with the container; the kernel names the control group of each process that it kills, and no line is missed.
//!
//! Only lines of that form are looked at, from now on, and nothing of them is kept but whose kill it was.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use tokio::time::interval;

use super::lifecycle::Lifecycle;
use super::{DockerTarget, engine};
use crate::metric::Families;
use crate::net::Endpoint;

/// Where Linux shows its log, record by record, to who may read it.
const KERNEL_LOG: &str = "/dev/kmsg";

/// `O_NONBLOCK` of Linux on every architecture that the agent is built for.
const NON_BLOCKING: i32 = 0o4000;

/// Between two looks. The end of a run waits longer for what tells why.
const PAUSE: Duration = Duration::from_secs(1);

/// Records of one look.
const MOST: usize = 1000;

/// Bytes of the longest record.
const RECORD: usize = 8 << 10;

/// Of a record that seems to be older its time says nothing: the machine has slept.
const OLDEST: Duration = Duration::from_mins(1);

/// A process was killed for want of memory.
#[derive(Debug, PartialEq, Eq)]
struct Kill<'a> {
    /// Since the machine's start.
    at: Duration,
    /// The path of the control group in which it was.
    cgroup: &'a str,
}

/// The log of the kernel on which the engine's containers run.
#[derive(Debug, Default)]
pub(super) struct KernelLog {
    is_read: AtomicBool,
}

impl KernelLog {
    /// That of the engine's machine, if it is this one and may be looked into.
    pub(super) fn of(target: &DockerTarget) -> Option<Self> {
        let is_local = matches!(target.url.endpoint(), Endpoint::Unix(_));
        (is_local && target.cgroup_root.is_some()).then(Self::default)
    }

    /// Tells of kills for ever, if the log may be read.
    pub(super) async fn watch(&self, lifecycle: &Lifecycle) {
        let tell = |kill: &Kill<'_>| {
            if let Some(id) = container_in(kill.cgroup) {
                lifecycle.oom_killed(id, time_of(kill.at), None);
            }
        };
        let opened = OpenOptions::new().read(true).custom_flags(NON_BLOCKING).open(KERNEL_LOG);
        let begun = opened.and_then(|mut log| log.seek(SeekFrom::End(0)).map(|_| log));
        self.is_read.store(begun.is_ok(), Ordering::Relaxed);
        let ended = match begun {
            Ok(log) => follow(log, tell).await,
            Err(error) => Err(error),
        };
        self.is_read.store(false, Ordering::Relaxed);
        if let Err(error) = ended {
            tracing::debug!(%error, "OOM kills are not read from {KERNEL_LOG}; the engine's events and the control groups tell them");
        }
    }

    /// Names whether it is read.
    pub(super) fn export(&self, out: &mut Families) {
        engine::export_machine("kernel_log", self.is_read.load(Ordering::Relaxed), out);
    }
}

/// Reads what is logged from now on.
async fn follow(mut log: File, tell: impl Fn(&Kill<'_>)) -> io::Result<()> {
    let (mut record, mut due) = (vec![0; RECORD], interval(PAUSE));
    loop {
        due.tick().await;
        // So many at a time: a kernel that logs without end must not hold up others.
        for _ in 0..MOST {
            match log.read(&mut record) {
                Ok(bytes) => {
                    if let Some(kill) = std::str::from_utf8(&record[..bytes]).ok().and_then(parse) {
                        tell(&kill);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // Records were overwritten before they were read, or are longer than any; what follows is there.
                Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::InvalidInput) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Reads `6,1234,26551448242,-;oom-kill:constraint=CONSTRAINT_MEMCG,...,task_memcg=/docker/<id>,task=redis-server,...`.
fn parse(record: &str) -> Option<Kill<'_>> {
    let (head, text) = record.split_once(';')?;
    let fields = text.lines().next()?.strip_prefix("oom-kill:")?;
    // A program can give itself any name, with commas in it: what stands before that is the kernel's.
    let (before, _) = fields.split_once(",task=")?;
    let cgroup = before.rsplit(',').find_map(|field| field.strip_prefix("task_memcg="))?;
    Some(Kill { at: Duration::from_micros(head.split(',').nth(2)?.parse().ok()?), cgroup })
}

/// The id of a container in the path of a control group, wherever an engine puts it.
fn container_in(cgroup: &str) -> Option<&str> {
    let is_id = |word: &&str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    cgroup.split(|char: char| !char.is_ascii_alphanumeric()).find(is_id)
}

/// When that was.
fn time_of(since_boot: Duration) -> SystemTime {
    let now = SystemTime::now();
    let uptime = std::fs::read_to_string("/proc/uptime").ok().and_then(|text| {
        let seconds = text.split_ascii_whitespace().next()?.parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    });
    let age = uptime.map(|uptime| uptime.saturating_sub(since_boot)).filter(|age| *age < OLDEST).unwrap_or_default();
    now.checked_sub(age).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "f548e8d573dace008a9525e6e2a2d2be40379c2b2008fc54a14cc17c99a8199f";

    #[test]
    fn a_kill_names_the_control_group_of_what_was_killed() {
        let record = |fields: &str| format!("6,1234,26551448242,-;oom-kill:{fields}\n SUBSYSTEM=x\n");
        let of_container = |path: &str| {
            record(&format!(
                "constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset={ID},mems_allowed=0,oom_memcg=/limit,task_memcg={path},\
                 task=tail,pid=19015,uid=0"
            ))
        };
        for (path, id) in [
            (format!("/docker/{ID}"), Some(ID)),
            (format!("/system.slice/docker-{ID}.scope"), Some(ID)),
            (format!("/machine.slice/libpod-{ID}.scope/container"), Some(ID)),
            ("/user.slice/user-1000.slice".to_owned(), None),
            (format!("/docker/{}", &ID[..63]), None),
        ] {
            let text = of_container(&path);
            let kill = parse(&text).unwrap();
            assert_eq!((kill.at, kill.cgroup), (Duration::from_micros(26_551_448_242), path.as_str()));
            assert_eq!(container_in(kill.cgroup), id, "{path}");
        }
        let host = record(&format!(
            "constraint=CONSTRAINT_NONE,cpuset=/,global_oom,task_memcg=/docker/{ID},task=a,pid=1,uid=0"
        ));
        assert_eq!(parse(&host).and_then(|kill| container_in(kill.cgroup)), Some(ID), "of the whole machine");
        let forged = record(&format!(
            "constraint=CONSTRAINT_MEMCG,task_memcg=/other,task=x,task_memcg=/docker/{ID},task=y,pid=1"
        ));
        assert_eq!(parse(&forged).unwrap().cgroup, "/other");
        for other in [
            "",
            ";",
            "6,1,2,-;oom-kill:",
            "6,1,x,-;oom-kill:task_memcg=/a,task=b",
            "6,1,2,-;tail invoked oom-killer: x",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_time_of_a_record_is_that_of_the_machine() {
        let text = std::fs::read_to_string("/proc/uptime").unwrap();
        let uptime = Duration::from_secs_f64(text.split(' ').next().unwrap().parse().unwrap());
        let age = |since_boot| {
            let at = time_of(since_boot);
            SystemTime::now().duration_since(at).unwrap().as_secs()
        };
        assert!((10..20).contains(&age(uptime.checked_sub(Duration::from_secs(10)).unwrap())));
        assert_eq!((age(uptime), age(Duration::ZERO)), (0, 0));
    }
}
