//! The command line.
//!
//! Exit codes: 0 done, 1 a target (or the agent that `healthcheck` asks) failed, a mapping that `map` tries does not find
//! everything, `logs test` finds nothing, or `render --check` found what is stale, 64 wrong usage or configuration, 70 the agent could not run, or
//! not write. Those of `check` are Nagios's: 0 fine, 1 warning, 2 critical, 3 unknown.

mod check;
mod config;
mod hardening;
mod healthcheck;
mod log;
mod logs;
mod malloc;
mod map;
mod poll;
mod render;
mod topology;

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use tokio::runtime::Builder;
use tracing::debug;

use crate::app::{self, Overrides, Source, StartError};
use crate::collector::KINDS;
use crate::config::{Config, LogFormat, LogLevel, listen_address, redis_exporter};
use crate::net::descriptors;

/// Wrong usage or configuration (EX_USAGE of sysexits.h).
const EXIT_USAGE: u8 = 64;
/// The agent itself could not run (EX_SOFTWARE).
const EXIT_SOFTWARE: u8 = 70;

/// The files of which the first one that is there is read when none is named.
const DEFAULT_CONFIGS: [&str; 2] = ["config.toml", "/etc/manometer/config.toml"];

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (revision ", env!("MANOMETER_GIT_REVISION"), ")");

/// Prometheus exporter and alerting agent for Redis-backed real-time services.
#[derive(Debug, Parser)]
#[command(name = "manometer", version = VERSION, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Poll the targets and serve their metrics until SIGTERM.
    Run(SourceArgs),
    /// Poll each target once and print the exposition; exit 1 if a target failed.
    Poll {
        #[command(flatten)]
        config: ConfigArgs,
        /// Poll this target alone, and print it without the label target.
        #[arg(long, value_name = "NAME")]
        target: Option<String>,
    },
    /// Poll each target twice in less than two seconds and print what the alerts say of it, causes first; exit 0 if nothing is
    /// wrong, 1 for a warning, 2 if something is critical, 3 if that is not known (Nagios's convention).
    Check {
        #[command(flatten)]
        config: ConfigArgs,
        /// Look at this target and what it stands on alone.
        #[arg(long, value_name = "NAME")]
        target: Option<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Poll each target once and print who stands on whom, and how that is known; exit 1 if a target failed.
    Topology {
        #[command(flatten)]
        config: ConfigArgs,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Look at a configuration without running it.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at mappings, try them on a body, and draft new ones.
    #[command(subcommand)]
    Map(map::MapCommand),
    /// Try log patterns on a log, and look at the ready ones.
    #[command(subcommand)]
    Logs(logs::LogsCommand),
    /// Write alert rules, their tests, dashboards and documentation from the policy.
    Render(render::RenderArgs),
    /// Ask the agent that `run` with the same arguments would be whether it is healthy; exit 0 or 1 (for container health
    /// checks: without arguments in a container, the agent that is its first process).
    Healthcheck(SourceArgs),
    /// Print a completion script.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the man page.
    Man,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Validate what `run` would be started with and report everything that is wrong with it; exit 64 if something is.
    Check(LookArgs),
    /// Print the configuration in force, defaults filled in and secrets redacted.
    Show(LookArgs),
}

/// Which configuration is looked at.
#[derive(Debug, Args)]
struct LookArgs {
    /// The file; without it what `run` would read.
    file: Option<PathBuf>,
    #[command(flatten)]
    source: SourceArgs,
}

/// Where the configuration comes from.
#[derive(Debug, Args)]
struct ConfigArgs {
    /// The configuration; ./config.toml or /etc/manometer/config.toml if it exists, else the environment (REDIS_URL ...).
    #[arg(long, value_name = "FILE", env = "MANOMETER_CONFIG")]
    config: Option<PathBuf>,
}

/// Where the configuration comes from, and what overrides it.
#[derive(Debug, Args)]
struct SourceArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Address to listen on, IP:PORT or :PORT for all; may be given several times.
    #[arg(
        long = "web.listen-address",
        value_name = "ADDRESS",
        env = "MANOMETER_WEB_LISTEN_ADDRESS",
        value_delimiter = ',',
        value_parser = listen_address
    )]
    listen_addresses: Vec<SocketAddr>,
    /// exporter-toolkit web configuration: TLS and basic auth.
    #[arg(long = "web.config.file", value_name = "FILE", env = "MANOMETER_WEB_CONFIG_FILE")]
    web_config_file: Option<PathBuf>,
    /// Let POST /-/reload read the configuration again; SIGHUP does always.
    #[arg(long = "web.enable-lifecycle", env = "MANOMETER_WEB_ENABLE_LIFECYCLE", value_parser = FalseyValueParser::new())]
    enable_lifecycle: bool,
    /// The least severe level that is logged.
    #[arg(long = "log.level", value_name = "LEVEL", env = "MANOMETER_LOG_LEVEL", ignore_case = true)]
    log_level: Option<LogLevel>,
    /// How a line is written.
    #[arg(long = "log.format", value_name = "FORMAT", env = "MANOMETER_LOG_FORMAT", ignore_case = true)]
    log_format: Option<LogFormat>,
}

impl ConfigArgs {
    fn source(self, overrides: Overrides) -> Source {
        Source { file: self.config.or_else(default_config), overrides, kinds: KINDS }
    }
}

/// The file that is read when none is named.
fn default_config() -> Option<PathBuf> {
    DEFAULT_CONFIGS.iter().map(PathBuf::from).find(|file| file.exists())
}

impl LookArgs {
    fn source(mut self) -> Source {
        self.source.config.config = self.file.or(self.source.config.config);
        self.source.source()
    }
}

impl SourceArgs {
    fn source(self) -> Source {
        self.config.source(Overrides {
            listen_addresses: self.listen_addresses,
            web_config_file: self.web_config_file,
            enable_lifecycle: self.enable_lifecycle,
            log_level: self.log_level,
            log_format: self.log_format,
        })
    }
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|command| command == "run") {
        malloc::fix_threshold(&arguments);
    }
    let kept = hardening::harden();
    let cli = match parse(arguments.clone()) {
        Ok(cli) => cli,
        Err(error) => {
            let texts: Vec<String> = arguments.iter().map(|text| text.to_string_lossy().into_owned()).collect();
            let foreign = redis_exporter::refused(texts.iter().skip(1).map(String::as_str));
            if error.use_stderr() && !foreign.is_empty() {
                return fail(EXIT_USAGE, &foreign.join("\n"));
            }
            // Help and version go to stdout and are no error.
            let _ = error.print();
            let is_check = texts.get(1).is_some_and(|command| command == "check");
            let code = if is_check { check::EXIT_UNKNOWN } else { EXIT_USAGE };
            return if error.use_stderr() { ExitCode::from(code) } else { ExitCode::SUCCESS };
        }
    };
    let done = match cli.command {
        Command::Run(source) => run(source, &kept),
        Command::Poll { config, target } => poll::poll(&config.source(Overrides::default()), target.as_deref()),
        Command::Check { config, target, json } => {
            Ok(check::check(&config.source(Overrides::default()), target.as_deref(), json))
        }
        Command::Topology { config, json } => topology::topology(&config.source(Overrides::default()), json),
        Command::Config(ConfigCommand::Check(look)) => config::check(&look.source()),
        Command::Config(ConfigCommand::Show(look)) => config::show(&look.source()),
        Command::Map(command) => map::run(command),
        Command::Logs(command) => Ok(logs::run(&command)),
        Command::Render(arguments) => render::render(&arguments),
        Command::Healthcheck(arguments) => Ok(healthcheck::healthcheck(arguments)),
        Command::Completions { shell } => {
            // Into memory first: the generator panics where it cannot write.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "manometer", &mut script);
            Ok(print(&script))
        }
        Command::Man => {
            let mut page = Vec::new();
            let rendered = clap_mangen::Man::new(Cli::command()).render(&mut page);
            rendered.map(|()| print(&page)).map_err(|error| Refused(EXIT_SOFTWARE, error.to_string()))
        }
    };
    done.unwrap_or_else(|Refused(code, message)| fail(code, &message))
}

/// A command that gives up: its exit code, and why.
#[derive(Debug)]
struct Refused(u8, String);

impl From<String> for Refused {
    /// The arguments are wrong, or what they name is.
    fn from(message: String) -> Self {
        Self(EXIT_USAGE, message)
    }
}

impl From<StartError> for Refused {
    fn from(error: StartError) -> Self {
        Self(if error.is_usage() { EXIT_USAGE } else { EXIT_SOFTWARE }, error.to_string())
    }
}

/// Reads the configuration, and says what is to be said of it although it can be used.
fn read(source: &Source) -> Result<Config, Refused> {
    let config = source.read()?;
    config.warnings.iter().for_each(|warning| note(warning));
    Ok(config)
}

/// The same with the targets that appear by themselves, as far as one look finds them.
fn read_with_found(source: &Source) -> Result<Config, Refused> {
    let mut config = read(source)?;
    if config.discover.is_on() {
        block_on(app::find(&mut config, source.kinds))?.iter().for_each(|notice| note(notice));
    }
    Ok(config)
}

/// Reads a command line. One that begins with a flag is that of `run`, so that arguments may follow the image's name.
fn parse(mut arguments: Vec<OsString>) -> Result<Cli, clap::Error> {
    let first = arguments.get(1).map(|first| first.to_string_lossy().into_owned()).unwrap_or_default();
    if first.starts_with('-') && !matches!(first.as_str(), "-h" | "--help" | "-V" | "--version") {
        arguments.insert(1, "run".into());
    }
    Cli::from_arg_matches(&without_empty(Cli::command()).try_get_matches_from(arguments)?)
}

/// The command with empty variables (`${X:-}` of a compose file) as if they were not set.
fn without_empty(command: clap::Command) -> clap::Command {
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    let command = command.mut_args(|arg| {
        if arg.get_env().is_some_and(is_empty) { arg.env(clap::builder::Resettable::Reset) } else { arg }
    });
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, without_empty))
}

fn run(arguments: SourceArgs, kept: &[(&str, io::Error)]) -> Result<ExitCode, Refused> {
    let source = arguments.source();
    let config = source.read()?;
    let log =
        log::init(config.log).map_err(|error| Refused(EXIT_SOFTWARE, format!("cannot start the log: {error}")))?;
    for (what, error) in kept {
        debug!(what, %error, "the kernel does not let go of it");
    }
    // One thread for all that goes out: it computes nothing that takes long, and targets have threads of their own.
    let outcome = block_on_with(&mut Builder::new_current_thread(), app::run(source, config));
    match outcome.and_then(|outcome| outcome.map_err(Refused::from)) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(Refused(code, message)) => {
            log.note(&message);
            Ok(ExitCode::from(code))
        }
    }
}

/// Runs a future to its end. What still blocks a thread then, like a name server that does not answer, is left behind:
/// the process is about to end.
fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Refused> {
    block_on_with(Builder::new_multi_thread().worker_threads(2), future)
}

fn block_on_with<T>(runtime: &mut Builder, future: impl Future<Output = T>) -> Result<T, Refused> {
    descriptors::raise();
    let runtime = runtime.max_blocking_threads(8).enable_all().build();
    let runtime = runtime.map_err(|error| Refused(EXIT_SOFTWARE, format!("cannot start the runtime: {error}")))?;
    let outcome = runtime.block_on(future);
    runtime.shutdown_background();
    Ok(outcome)
}

/// Says why, and returns the exit code.
fn fail(code: u8, message: &str) -> ExitCode {
    note(message);
    ExitCode::from(code)
}

/// Says something that does not belong to the output.
fn note(message: &str) {
    for line in message.lines() {
        // Where stderr cannot be written, the exit code says it.
        let _ = writeln!(std::io::stderr(), "{}{line}", log::NOTE);
    }
}

/// Writes to stdout.
fn print(text: &[u8]) -> ExitCode {
    match write(&mut std::io::stdout().lock(), text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(EXIT_SOFTWARE, &error.to_string()),
    }
}

/// A reader that went away (`| head`) is no error.
fn write(out: &mut impl Write, text: &[u8]) -> std::io::Result<()> {
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
