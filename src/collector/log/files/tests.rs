use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use tempfile::TempDir;
use tokio::time::advance;

use super::*;
use crate::collector::log::board::{Kept, Rotation, Skipped};
use crate::collector::log::metrics;
use crate::collector::parsed;
use crate::metric::Families;

/// What the agent is to a log: it may be started again.
struct Fixture {
    folder: TempDir,
    keys: String,
    files: Files,
}

fn files(keys: &str, kept: Kept) -> Files {
    let [target] = parsed::<LogTarget>(&format!("[[log]]\nname = \"a\"\n{keys}")).try_into().unwrap();
    let patterns = Patterns::of(&target.patterns);
    let (board, matcher) = (Board::new(&patterns), patterns.matcher(patterns.select("")));
    Files::new(Arc::new(Shared { target, board, patterns, matcher }), kept.files)
}

impl Fixture {
    /// Follows `glob` of a folder of its own.
    fn new(glob: &str, keys: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        // The matcher of a small set is made quickly.
        let sets = if keys.contains("sets") { "" } else { "sets = [\"pool\"]\n" };
        let keys = format!("files = \"{}/{glob}\"\n{sets}{keys}", folder.path().display());
        let mut fixture = Self { files: files(&keys, Kept::default()), folder, keys };
        fixture.export();
        fixture
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, name: &str, text: impl AsRef<[u8]>) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap();
        file.write_all(text.as_ref()).unwrap();
    }

    fn tick(&mut self) {
        while self.files.tick() {}
    }

    /// As a poll does; what is kept then.
    fn export(&mut self) -> Kept {
        self.tick();
        self.files.shared.board.with(|board| {
            metrics::export(board, &self.files.shared.patterns, &mut Families::new());
            serde_json::from_value(board.to_state()).unwrap()
        })
    }

    /// Lets so much time pass that events are complete.
    async fn settle(&mut self) {
        self.tick();
        advance(Duration::from_secs(1)).await;
        self.tick();
    }

    /// Lines counted of a file.
    fn lines(&self, name: &str) -> u64 {
        self.files.shared.board.log(&self.path(name).display().to_string(), |log| log.lines)
    }

    fn rotations(&self, name: &str) -> [u64; Rotation::ALL.len()] {
        self.files.shared.board.log(&self.path(name).display().to_string(), |log| log.rotations).unwrap()
    }

    fn restart(&mut self, kept: Kept) {
        self.files = files(&self.keys, kept);
        self.export();
    }
}

fn line(number: u64) -> String {
    format!("1:M 02 Nov 2025 10:00:00.{number:06} * line {number} of a server's log\n")
}

#[tokio::test(start_paused = true)]
async fn a_file_is_read_from_its_end_and_a_new_one_from_its_beginning() {
    let mut log = Fixture::new("*.log", "", |folder| fs::write(folder.join("a.log"), "old 1\nold 2\nhal").unwrap());
    log.append("a.log", "f\nnew\nha");
    log.settle().await;
    assert_eq!(log.lines("a.log"), 2);
    log.append("a.log", "lf\n");
    log.append("b.log", "1\n2\n3\n");
    log.settle().await;
    assert_eq!(log.lines("a.log"), 3);
    advance(Duration::from_secs(11)).await;
    log.export();
    log.settle().await;
    assert_eq!(log.lines("b.log"), 3);
    let from_start =
        Fixture::new("*.log", "from = \"start\"\n", |folder| fs::write(folder.join("a.log"), "1\n2\n").unwrap());
    let mut from_start = from_start;
    from_start.settle().await;
    assert_eq!(from_start.lines("a.log"), 2);
}

#[tokio::test(start_paused = true)]
async fn rotations_lose_nothing_and_count_nothing_twice() {
    let mut log = Fixture::new("redis.log", "", |folder| fs::write(folder.join("redis.log"), line(0)).unwrap());
    log.append("redis.log", line(1));
    log.settle().await;
    log.append("redis.log", line(2));
    fs::rename(log.path("redis.log"), log.path("redis.log.1")).unwrap();
    log.append("redis.log.1", line(3));
    log.append("redis.log", line(4));
    log.settle().await;
    // The writer is told late.
    log.append("redis.log.1", line(5));
    log.settle().await;
    assert_eq!((log.lines("redis.log"), log.rotations("redis.log")), (5, [1, 0]));
    log.append("redis.log", line(6));
    log.append("redis.log", "half");
    log.tick();
    log.append("redis.log", " a line\n");
    fs::copy(log.path("redis.log"), log.path("redis.log.0")).unwrap();
    OpenOptions::new().write(true).truncate(true).open(log.path("redis.log")).unwrap();
    log.append("redis.log", line(7));
    log.append("redis.log", line(8).repeat(20));
    log.settle().await;
    assert_eq!((log.lines("redis.log"), log.rotations("redis.log")), (5 + 2 + 21, [1, 1]));
    advance(Duration::from_mins(2)).await;
    log.settle().await;
    assert_eq!(log.lines("redis.log"), 28);
    assert_eq!(log.files.slots.iter().flat_map(Slot::ids).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn rotated_files_that_the_pattern_means_too_are_not_counted_again() {
    let mut log = Fixture::new("redis.log*", "", |folder| fs::write(folder.join("redis.log"), line(0)).unwrap());
    log.append("redis.log", line(1));
    log.settle().await;
    for number in 2..5 {
        fs::copy(log.path("redis.log"), log.path(&format!("redis.log.{number}"))).unwrap();
        fs::write(log.path("redis.log"), line(number)).unwrap();
        for _ in 0..10 {
            advance(Duration::from_secs(11)).await;
            log.export();
        }
        fs::rename(log.path("redis.log"), log.path(&format!("redis.log.old{number}"))).unwrap();
        log.append("redis.log", line(100 + number));
        for _ in 0..10 {
            advance(Duration::from_secs(11)).await;
            log.export();
        }
    }
    log.settle().await;
    let sum: u64 = log.files.shared.board.with(|board| board.logs.values().map(|log| log.lines).sum());
    assert_eq!((log.lines("redis.log"), sum), (7, 7));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_log_is_never_opened() {
    let mut log = Fixture::new("*", "max_files = 2\n", |folder| {
        for (name, text) in [("a.gz", "x"), ("b.xz", "x"), ("c.log", "x\n"), ("d.log", "x\n"), ("e.log", "x\n")] {
            fs::write(folder.join(name), text).unwrap();
        }
        fs::create_dir(folder.join("folder")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.join("device")).unwrap();
        // Opening one to read would wait for a writer.
        assert!(Command::new("mkfifo").arg(folder.join("fifo")).status().unwrap().success());
    });
    log.settle().await;
    let (skipped, open) = log.files.shared.board.with(|board| (board.skipped.unwrap(), board.logs.len()));
    let of = |skip: Skipped| skipped[skip as usize];
    assert_eq!((of(Skipped::Limit), of(Skipped::Type), of(Skipped::Compressed), open), (1, 3, 2, 2));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_files_are_bounded() {
    let mut log = Fixture::new("*.log", "", |folder| {
        for number in 0..10_000 {
            fs::write(folder.join(format!("{number}.log")), "").unwrap();
        }
    });
    let started = std::time::Instant::now();
    log.settle().await;
    let (skipped, logs) = log.files.shared.board.with(|board| (board.skipped.unwrap(), board.logs.len()));
    assert_eq!((skipped[Skipped::Limit as usize], logs), (9_900, 100));
    assert_eq!(log.files.slots.iter().flat_map(Slot::ids).count(), 100);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn long_lines_and_bytes_that_are_no_text_are_counted_and_bounded() {
    let keys = "sets = [\"redis\"]\n";
    let mut log = Fixture::new("a.log", keys, |folder| fs::write(folder.join("a.log"), "").unwrap());
    log.append("a.log", vec![b'x'; 20 << 20]);
    log.append("a.log", b"\n\xff\xfe redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. \xf0\n");
    log.settle().await;
    let name = log.path("a.log").display().to_string();
    let index =
        log.files.shared.patterns.names(u128::MAX).find(|(_, name)| *name == "redis_connection_failed").unwrap().0;
    let counts = log.files.shared.board.log(&name, |log| (log.lines, log.truncated, log.matches[index], log.position));
    assert_eq!((counts.0, counts.1, counts.2), (2, 1, 1));
    assert_eq!(counts.3.unwrap().1, 0);
    // A program that does not append leaves a hole when its log is cut.
    let file = OpenOptions::new().write(true).open(log.path("a.log")).unwrap();
    file.set_len(0).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"one\ntwo\n", 30 << 20).unwrap();
    log.settle().await;
    let counts = log.files.shared.board.log(&name, |log| (log.lines, log.truncated, log.rotations.unwrap()));
    assert_eq!(counts, (4, 1, [0, 1]));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_grows_too_fast_waits() {
    let keys = "lines_per_second = 100\nburst = 100\n";
    let mut log = Fixture::new("a.log", keys, |folder| fs::write(folder.join("a.log"), "").unwrap());
    log.append("a.log", "x\n".repeat(200_000));
    log.tick();
    let name = log.path("a.log").display().to_string();
    let (paused, position) = log.files.shared.board.log(&name, |log| (log.paused, log.position.unwrap()));
    assert!(paused > Duration::from_mins(10), "{paused:?}");
    assert_eq!(position, (262_144, 400_000 - 262_144));
    advance(paused + Duration::from_secs(1)).await;
    log.settle().await;
    assert_eq!(log.files.shared.board.log(&name, |log| log.position.unwrap()), (400_000, 0));
}

#[tokio::test(start_paused = true)]
async fn an_inode_that_is_used_again_is_another_file() {
    let mut log = Fixture::new("a.log", "", |folder| fs::write(folder.join("a.log"), line(1)).unwrap());
    log.append("a.log", line(2));
    log.settle().await;
    let mut kept = log.export();
    fs::write(log.path("a.log"), [line(3), line(4), line(5)].concat()).unwrap();
    log.restart(kept);
    log.settle().await;
    assert_eq!(log.lines("a.log"), 3);
    kept = log.export();
    // A place that is of no file at all.
    for places in kept.files.values_mut() {
        places[0].inode += 1;
        places[0].offset = u64::MAX;
    }
    log.restart(kept);
    log.settle().await;
    assert_eq!(log.lines("a.log"), 3);
}

/// What happens to a log.
#[derive(Debug, Clone, Copy)]
enum Step {
    Write(u8),
    Rename,
    CopyTruncate,
    Look,
    Export,
    Restart(Down),
}

/// What happens while the agent is down.
#[derive(Debug, Clone, Copy)]
enum Down {
    Nothing,
    Rename,
    CopyTruncate,
}

/// A log that is written and rotated, and what was exported of it.
struct Written {
    log: Fixture,
    lines: u64,
    rotations: u32,
    kept: Kept,
    exported: u64,
    of_earlier_runs: u64,
}

impl Written {
    fn write(&mut self, lines: u8) {
        for _ in 0..lines {
            self.lines += 1;
            self.log.append("redis.log", line(self.lines));
        }
    }

    fn rename(&mut self) {
        self.rotations += 1;
        fs::rename(self.log.path("redis.log"), self.log.path(&format!("redis.log.{}", self.rotations))).unwrap();
        self.log.append("redis.log", "");
    }

    fn copy_truncate(&mut self) {
        self.rotations += 1;
        fs::copy(self.log.path("redis.log"), self.log.path(&format!("redis.log.{}", self.rotations))).unwrap();
        OpenOptions::new().write(true).truncate(true).open(self.log.path("redis.log")).unwrap();
        self.write(1);
    }

    fn export(&mut self) {
        self.kept = self.log.export();
        self.exported = self.of_earlier_runs + self.log.lines("redis.log");
    }

    async fn step(&mut self, step: Step) {
        // A file that comes and goes between two looks was never seen.
        if matches!(step, Step::Rename | Step::CopyTruncate) {
            self.log.tick();
        }
        match step {
            Step::Write(lines) => self.write(lines),
            Step::Rename => self.rename(),
            Step::CopyTruncate => self.copy_truncate(),
            Step::Look => self.log.settle().await,
            Step::Export => self.export(),
            Step::Restart(down) => {
                match down {
                    Down::Nothing => {}
                    Down::Rename => self.rename(),
                    Down::CopyTruncate => self.copy_truncate(),
                }
                self.write(2);
                let kept = std::mem::take(&mut self.kept);
                self.log.restart(kept);
                self.of_earlier_runs = self.exported;
                self.export();
            }
        }
        if matches!(step, Step::Rename | Step::CopyTruncate) {
            self.log.tick();
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let down = prop_oneof![Just(Down::Nothing), Just(Down::Rename), Just(Down::CopyTruncate)];
    let step = prop_oneof![
        4 => (1..9_u8).prop_map(Step::Write),
        1 => Just(Step::Rename),
        1 => Just(Step::CopyTruncate),
        2 => Just(Step::Look),
        2 => Just(Step::Export),
        1 => down.prop_map(Step::Restart),
    ];
    proptest::collection::vec(step, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_line_is_exported_once_whatever_happens(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let log = Fixture::new("redis.log", "", |folder| fs::write(folder.join("redis.log"), line(0)).unwrap());
            let mut written =
                Written { log, lines: 0, rotations: 0, kept: Kept::default(), exported: 0, of_earlier_runs: 0 };
            written.export();
            for step in &steps {
                // What is rotated twice between an export and the restart was never seen either.
                if matches!(step, Step::Restart(_)) {
                    written.export();
                }
                written.step(*step).await;
            }
            written.log.settle().await;
            written.export();
            assert_eq!(written.exported, written.lines, "{steps:?}");
        });
    }
}
