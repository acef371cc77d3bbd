//! A new kind of target is one place and one line: the kind below is added in no other way than the shipped ones, and
//! everything that the agent does with a target works with it.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use manometer::app::{self, Agent, Overrides, Source};
use manometer::collector::{KINDS, entry};
use manometer::config::{Config, ConfigError, KindEntry};
use manometer::hub::Hub;
use manometer::metric::catalog;
use manometer::metric::text::Format;

use crate::support::http::Request;
use crate::support::wait::{SOON, until};

/// The new folder: a target is a file, whose size is watched.
mod file_size {
    use std::fs;
    use std::ops::{Deref, DerefMut};
    use std::path::PathBuf;
    use std::time::Duration;

    use manometer::collector::{Collector, Health, PollError, Reason, TargetKind};
    use manometer::config::{Defaults, TargetSettings};
    use manometer::metric::{Families, MetricInfo, metrics};
    use reader::{Reader, Table};
    use serde::Serialize;

    metrics! {
        fn metrics;
        UP: gauge "file_up" [] Bool, "Whether the file was found at the last poll.", "stat";
        SIZE: gauge "file_size" [] Count, "The size of the file.", "stat";
    }

    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub(super) struct FileTarget {
        #[serde(flatten)]
        common: TargetSettings,
        path: PathBuf,
    }

    impl Deref for FileTarget {
        type Target = TargetSettings;

        fn deref(&self) -> &TargetSettings {
            &self.common
        }
    }

    impl DerefMut for FileTarget {
        fn deref_mut(&mut self) -> &mut TargetSettings {
            &mut self.common
        }
    }

    impl TargetKind for FileTarget {
        type Collector = FileCollector;

        const TITLE: &'static str = "Files";
        const INTRO: &'static str = "Of each `[[file]]` target.";
        const DEFAULTS: Defaults = Defaults {
            interval: Duration::from_secs(1),
            deadline: Duration::from_secs(1),
            series_limit: 100,
            ..Defaults::USUAL
        };

        fn read(common: TargetSettings, table: &mut Table<'_>, reader: &Reader<'_>) -> Option<Self> {
            let path = table.string("path");
            if path.is_none() {
                table.problem(None, "path", None, "is missing; write the path of a file");
            }
            Some(Self { common, path: reader.resolve(&path?) })
        }

        fn address(&self) -> String {
            self.path.display().to_string()
        }

        fn collectors(self) -> impl Fn() -> FileCollector + Send + 'static {
            move || FileCollector(self.clone())
        }
    }

    pub(super) struct FileCollector(FileTarget);

    impl Collector for FileCollector {
        const NAME: &'static str = "file";
        type Snapshot = u64;

        fn metrics() -> Vec<MetricInfo> {
            metrics()
        }

        async fn poll(&mut self) -> Result<u64, PollError> {
            if self.0.path.ends_with("fifo") {
                // What no collector should do: it blocks a thread of the runtime, until somebody writes.
                let _ = fs::read(&self.0.path);
            }
            let attempt = || format!("looking at {}", self.0.address());
            let found = fs::metadata(&self.0.path);
            let found =
                found.map_err(|error| PollError::new(Reason::Connect, attempt(), error.to_string(), "create it"))?;
            Ok(found.len())
        }

        fn export(size: &u64, out: &mut Families) {
            out.push(&SIZE, [], *size as f64);
        }

        fn export_health(health: &Health<'_>, out: &mut Families) {
            out.push_bool(&UP, [], health.error.is_none());
        }
    }
}

/// The list with the one line that is new.
static WITH_FILES: LazyLock<Vec<KindEntry>> =
    LazyLock::new(|| KINDS.iter().copied().chain([entry::<file_size::FileTarget>()]).collect());

/// A file of five bytes, and a configuration that watches it, in a folder.
fn watched(rest: &str) -> (tempfile::TempDir, Source) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("watched"), "12345").unwrap();
    let file = folder.path().join("config.toml");
    let text = format!(
        "[web]\nlisten_address = \"127.0.0.1:0\"\n[[file]]\nname = \"log\"\npath = \"watched\"\ninterval = \"1s\"\n{rest}"
    );
    std::fs::write(&file, text).unwrap();
    (folder, Source { file: Some(file), overrides: Overrides::default(), kinds: WITH_FILES.as_slice() })
}

fn refused(text: &str) -> String {
    let read = |text: &str| -> Result<Config, ConfigError> {
        Config::parse(text, "config.toml".as_ref(), &|_| None, &WITH_FILES)
    };
    read(text).unwrap_err().to_string()
}

#[test]
fn it_is_configured() {
    let (_folder, source) = watched("");
    let config = source.read().unwrap();
    assert_eq!(config.targets.len(), 1);
    let shown = config.to_toml().unwrap();
    assert!(
        shown.contains("[[file]]\nname = \"log\"\ninterval = \"1s\"\ndeadline = \"500ms\"\nseries_limit = 100\n"),
        "{shown}"
    );
    let again = Config::parse(&shown, "config.toml".as_ref(), &|_| None, &WITH_FILES).unwrap();
    assert_eq!(Config { origin: config.origin.clone(), ..again }, config);
    assert_eq!(
        refused(""),
        "config.toml: redis: no target is configured; add [[redis]], [[service]], [[docker]], [[kafka]], [[log]], [[mongodb]] or \
         [[file]] with name and address, or [host]"
    );
    assert_eq!(
        refused("[[redis]]\nname = \"a\"\nurl = \"h\"\n[[file]]\nname = \"a\"\npath = \"x\"\ndeadline = \"1s\"\n"),
        "config.toml:4: file[0].name = \"a\": redis[0] in line 1 has this name too; names must differ\n\
         config.toml:4: file[0].deadline = \"1s\": must be shorter than the interval, which is 1s; polls never overlap"
    );
    assert_eq!(
        refused("[[file]]\nname = \"a\"\npaht = \"x\"\n"),
        "config.toml:1: file[0].path: is missing; write the path of a file\n\
         config.toml:3: file[0].paht: unknown key; did you mean path?"
    );
}

#[test]
fn its_name_is_a_scope_of_thresholds() {
    let scope = |target: &str| format!("[[thresholds.redis_down]]\ntarget = {target:?}\ncritical_for = \"5m\"\n");
    let (folder, source) = watched(&scope("log"));
    let of_log = |policy: &policy::Policy| policy.alert("RedisDown").unwrap().levels[0].scopes[0].targets == ["log"];
    assert!(of_log(&source.read().unwrap().policy));
    let file = folder.path().join("config.toml");
    assert!(of_log(&Config::apply_thresholds(&file, policy::shipped().unwrap(), &WITH_FILES).unwrap()));
    let error = watched(&scope("lag")).1.read().unwrap_err().to_string();
    assert!(error.contains("\"lag\": no target has this name; there are log"), "{error}");
}

#[test]
fn it_is_in_the_catalog() {
    let page = catalog::markdown(&app::catalog_of(&WITH_FILES));
    assert!(page.contains("Files\n\nOf each `[[file]]` target."), "{page}");
    assert!(page.contains("`file_size`"), "{page}");
    assert_eq!(catalog::problems(&app::catalog_of(&WITH_FILES)), Vec::<String>::new());
}

#[tokio::test]
async fn it_is_polled_once() {
    let (folder, source) = watched("");
    let config = source.read().unwrap();
    let hub = Arc::new(Hub::new(|_| {}));
    app::poll_once(&config.targets, &hub).await;
    let text = || String::from_utf8(hub.render(Format::Prometheus).plain().to_vec()).unwrap();
    assert!(text().contains("file_size{target=\"log\"} 5\n"), "{}", text());
    std::fs::remove_file(folder.path().join("watched")).unwrap();
    app::poll_once(&config.targets, &hub).await;
    assert!(text().contains("file_up{target=\"log\"} 0\n") && !text().contains("file_size"), "{}", text());
}

fn body(address: SocketAddr, path: &str) -> String {
    Request::get(path).try_send(address).map(|response| response.text()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_watched_and_served() {
    let (folder, source) = watched("");
    let config = source.read().unwrap();
    let agent = Agent::start(source, config).await.unwrap();
    let address = agent.addresses()[0];
    let has = move |line: &str| body(address, "/metrics").contains(line);
    let checked = tokio::task::spawn_blocking(move || {
        until(SOON, "the first poll", || has("file_size{target=\"log\"} 5\n").then_some(()));
        let alone = body(address, "/scrape?target=log");
        assert!(alone.contains("\nfile_size 5\n") && alone.contains("\nfile_up 1\n"), "{alone}");
        assert!(alone.contains("manometer_target_up{collector=\"file\"} 1\n"), "{alone}");
        let status = body(address, "/api/v1/targets");
        assert!(status.contains("\"name\":\"log\",\"source\":\"configuration\",\"collector\":\"file\""), "{status}");
        let mut file = std::fs::OpenOptions::new().append(true).open(folder.path().join("watched")).unwrap();
        file.write_all(b"678").unwrap();
        until(SOON, "the next poll", || has("file_size{target=\"log\"} 8\n").then_some(()));
    });
    checked.await.unwrap();
    agent.stop().await;
}

#[tokio::test]
async fn polls_that_hold_all_their_threads_hold_up_neither_an_answer_nor_the_end() {
    let blocking = (0..8).map(|number| format!("[[file]]\nname = \"blocks{number}\"\npath = \"fifo\"\n"));
    let blocking = blocking.collect::<Vec<_>>().concat();
    let (folder, source) = watched(&blocking);
    let fifo = folder.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let config = source.read().unwrap();
    let agent = Agent::start(source, config).await.unwrap();
    let address = agent.addresses()[0];
    let asked = tokio::task::spawn_blocking(move || {
        /// Linux' number; the standard library has no word for it.
        const O_NONBLOCK: i32 = 0o4000;
        // A pipe can be opened for writing and without waiting once somebody has it open to read.
        let open = || OpenOptions::new().write(true).custom_flags(O_NONBLOCK).open(&fifo).ok();
        let writer = until(SOON, "a poll that blocks its thread", open);
        for _ in 0..20 {
            let text = body(address, "/metrics");
            assert!(text.contains("\nmanometer_targets 9\n"), "{text}");
        }
        writer
    });
    let _writer = asked.await.unwrap();
    let begun = Instant::now();
    agent.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
