//! A real redis-server of the test's own.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use redis::{Client, Connection, FromRedisValue, IntoConnectionInfo as _, RedisConnectionInfo, RedisResult};
use tempfile::TempDir;

use super::port;
use super::process::Process;
use super::tls::Certificates;
use super::wait::{SOON, until};

/// What a server is started with.
#[derive(Default)]
pub(crate) struct Builder {
    lines: Vec<String>,
    /// Another server than the machine's redis-server.
    program: Option<PathBuf>,
    password: Option<String>,
    tls: bool,
    sentinel: bool,
}

/// A running server. It ends when it is dropped.
pub(crate) struct RedisServer {
    process: Process,
    program: PathBuf,
    dir: TempDir,
    pub(crate) port: u16,
    /// That of the cluster's bus.
    pub(crate) bus_port: u16,
    pub(crate) tls_port: Option<u16>,
    password: Option<String>,
    sentinel: bool,
}

impl Builder {
    /// A line of redis.conf.
    pub(crate) fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Another server than the machine's redis-server, like those of [`pypi`](super::pypi).
    pub(crate) fn program(mut self, program: PathBuf) -> Self {
        self.program = Some(program);
        self
    }

    /// The default user's password.
    pub(crate) fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self.line(format!("requirepass {password}"))
    }

    /// A TLS port beside the plain one, whose certificates are the caller's lines.
    pub(crate) fn with_tls_port(mut self) -> Self {
        self.tls = true;
        self
    }

    /// A TLS port beside the plain one.
    pub(crate) fn tls(mut self, certificates: &Certificates, ask_client: bool) -> Self {
        self.tls = true;
        let file = |name| certificates.file(name).display().to_string();
        self.line(format!("tls-cert-file {}", file("server.crt")))
            .line(format!("tls-key-file {}", file("server.key")))
            .line(format!("tls-ca-cert-file {}", file("ca.crt")))
            .line(format!("tls-auth-clients {}", if ask_client { "yes" } else { "no" }))
    }

    /// A sentinel that watches `master` alone, under the name `main`.
    pub(crate) fn sentinel_of(self, master: &RedisServer) -> Self {
        self.sentinel_with_quorum(master, 1)
    }

    /// One of several, of which so many must take it for down.
    pub(crate) fn sentinel_with_quorum(mut self, master: &RedisServer, quorum: u32) -> Self {
        self.sentinel = true;
        self.line(format!("sentinel monitor main 127.0.0.1 {} {quorum}", master.port))
    }

    /// A replica of `master`.
    pub(crate) fn replica_of(self, master: &RedisServer) -> Self {
        self.line(format!("replicaof 127.0.0.1 {}", master.port)).line("repl-diskless-sync-delay 0")
    }

    pub(crate) fn start(self) -> RedisServer {
        // Another process may take the port in between; then the server ends at once.
        (0..5).find_map(|_| self.try_start()).expect("redis-server starts")
    }

    fn try_start(&self) -> Option<RedisServer> {
        let dir = tempfile::tempdir().unwrap();
        let (port, bus_port, tls_port) = (port::free(), port::free(), self.tls.then(port::free));
        let program = self.program.clone().unwrap_or_else(|| "redis-server".into());
        let mut config = format!("port {port}\nbind 127.0.0.1\ndir {}\nsave \"\"\n", dir.path().display());
        // Redis 6.2 refuses to start with keys that came later.
        if program != super::pypi::redis_6_2() {
            write!(config, "cluster-port {bus_port}\nenable-debug-command yes\n").unwrap();
        }
        if let Some(tls_port) = tls_port {
            writeln!(config, "tls-port {tls_port}").unwrap();
        }
        for line in &self.lines {
            config.push_str(line);
            config.push('\n');
        }
        std::fs::write(dir.path().join("redis.conf"), config).unwrap();
        let mut server = RedisServer {
            process: spawn(&program, dir.path(), self.sentinel),
            program,
            sentinel: self.sentinel,
            dir,
            port,
            bus_port,
            tls_port,
            password: self.password.clone(),
        };
        let answered = until(SOON, "redis-server answers PING or ends", || {
            if server.process.ended().is_some() { Some(false) } else { server.pings().then_some(true) }
        });
        answered.then_some(server)
    }
}

fn spawn(program: &Path, dir: &Path, sentinel: bool) -> Process {
    Process::spawn(
        Command::new(program)
            .arg(dir.join("redis.conf"))
            .args(sentinel.then_some("--sentinel"))
            .current_dir(dir)
            .stdout(std::fs::File::options().create(true).append(true).open(dir.join("log")).unwrap())
            .stderr(Stdio::null()),
    )
}

impl RedisServer {
    pub(crate) fn builder() -> Builder {
        Builder::default()
    }

    /// With nothing but a port.
    pub(crate) fn start() -> Self {
        Self::builder().start()
    }

    /// The address without credentials.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A file of the server's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn try_connect(&self) -> RedisResult<Connection> {
        // CLIENT SETINFO is unknown to Redis 7.0 and would raise the error counters that tests look at.
        let mut settings = RedisConnectionInfo::default().set_skip_set_lib_name();
        if let Some(password) = &self.password {
            settings = settings.set_password(password);
        }
        let client = Client::open(self.url().into_connection_info()?.set_redis_settings(settings))?;
        let connection = client.get_connection_with_timeout(SOON)?;
        connection.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(connection)
    }

    /// A connection as the default user.
    #[track_caller]
    pub(crate) fn connect(&self) -> Connection {
        self.try_connect().unwrap_or_else(|error| panic!("connecting to port {}: {error}", self.port))
    }

    /// Runs one command as the default user, on a connection of its own.
    pub(crate) fn try_command<T: FromRedisValue>(&self, words: &[&str]) -> RedisResult<T> {
        command(words).query(&mut self.try_connect()?)
    }

    /// [`try_command`](Self::try_command) where success is expected.
    #[track_caller]
    pub(crate) fn command<T: FromRedisValue>(&self, words: &[&str]) -> T {
        self.try_command(words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    fn pings(&self) -> bool {
        // A server that loads or has lost its master is up as well.
        match self.try_command::<redis::Value>(&["PING"]) {
            Ok(_) => true,
            Err(error) => matches!(error.code(), Some("MASTERDOWN" | "LOADING")),
        }
    }

    /// The value of a field of INFO.
    #[track_caller]
    pub(crate) fn info(&self, field: &str) -> Option<String> {
        let info: String = self.command(&["INFO", "everything"]);
        let line = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        line.map(|value| value.trim().to_owned())
    }

    /// The server stops in its tracks: connections are taken by the kernel and nothing answers.
    pub(crate) fn freeze(&self) {
        self.process.signal("STOP");
    }

    pub(crate) fn thaw(&self) {
        self.process.signal("CONT");
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again after [`kill`](Self::kill), on the same port.
    pub(crate) fn start_again(&mut self) {
        self.process = spawn(&self.program, self.dir.path(), self.sentinel);
        until(SOON, "the server answers again", || self.pings().then_some(()));
    }
}

/// A command of these words.
pub(crate) fn command(words: &[&str]) -> redis::Cmd {
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    command
}
