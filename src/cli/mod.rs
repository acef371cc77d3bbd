//! The command line.
//!
//! Exit codes: 0 done, 1 a target (or the agent that `healthcheck` asks) failed, a mapping that `map` tries does not find
//! everything, or `render --check` found what is stale, 64 wrong usage or configuration, 70 the agent could not run, or
//! not write.

mod check;
mod healthcheck;
mod log;
mod logfmt;
mod map;
mod poll;
mod render;

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::app::{self, Overrides, Source};
use crate::collector::KINDS;
use crate::config::{DEFAULT_LISTEN_ADDRESS, LogFormat, LogLevel};

/// Wrong usage or configuration (EX_USAGE of sysexits.h).
const EXIT_USAGE: u8 = 64;
/// The agent itself could not run (EX_SOFTWARE).
const EXIT_SOFTWARE: u8 = 70;

/// The file that is read when none is named.
const DEFAULT_CONFIG: &str = "config.toml";

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
    /// Look at a configuration without running it.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at mappings, try them on a body, and draft new ones.
    #[command(subcommand)]
    Map(map::MapCommand),
    /// Write alert rules, their tests, dashboards and documentation from the policy.
    Render(render::RenderArgs),
    /// Ask a running agent whether it is healthy; exit 0 or 1 (for container health checks).
    Healthcheck {
        /// Where the agent listens; of a list, as `run` takes it, the first is asked.
        #[arg(
            long = "web.listen-address",
            env = "MANOMETER_WEB_LISTEN_ADDRESS",
            default_value = DEFAULT_LISTEN_ADDRESS,
            value_parser = healthcheck::first_address
        )]
        address: SocketAddr,
    },
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
    /// Validate a file and report everything that is wrong with it; exit 64 if something is.
    Check {
        /// The file.
        #[arg(default_value = DEFAULT_CONFIG)]
        file: PathBuf,
    },
    /// Print the configuration in force, defaults filled in and secrets redacted.
    Show {
        /// The file.
        #[arg(default_value = DEFAULT_CONFIG)]
        file: PathBuf,
    },
}

/// Where the configuration comes from.
#[derive(Debug, Args)]
struct ConfigArgs {
    /// The configuration; ./config.toml if it exists, else the environment (REDIS_URL ...).
    #[arg(long, value_name = "FILE", env = "MANOMETER_CONFIG")]
    config: Option<PathBuf>,
}

/// Where the configuration comes from, and what overrides it.
#[derive(Debug, Args)]
struct SourceArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Address to listen on; may be given several times.
    #[arg(
        long = "web.listen-address",
        value_name = "ADDRESS",
        env = "MANOMETER_WEB_LISTEN_ADDRESS",
        value_delimiter = ','
    )]
    listen_addresses: Vec<SocketAddr>,
    /// exporter-toolkit web configuration: TLS and basic auth.
    #[arg(long = "web.config.file", value_name = "FILE", env = "MANOMETER_WEB_CONFIG_FILE")]
    web_config_file: Option<PathBuf>,
    /// The least severe level that is logged.
    #[arg(long = "log.level", value_name = "LEVEL", env = "MANOMETER_LOG_LEVEL")]
    log_level: Option<LogLevel>,
    /// How a line is written.
    #[arg(long = "log.format", value_name = "FORMAT", env = "MANOMETER_LOG_FORMAT")]
    log_format: Option<LogFormat>,
}

impl ConfigArgs {
    fn source(self, overrides: Overrides) -> Source {
        let default = Path::new(DEFAULT_CONFIG);
        let file = self.config.or_else(|| default.exists().then(|| default.to_owned()));
        Source { file, overrides, kinds: KINDS }
    }
}

impl SourceArgs {
    fn source(self) -> Source {
        self.config.source(Overrides {
            listen_addresses: self.listen_addresses,
            web_config_file: self.web_config_file,
            log_level: self.log_level,
            log_format: self.log_format,
        })
    }
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout and are no error.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(EXIT_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match cli.command {
        Command::Run(source) => run(source),
        Command::Poll { config, target } => poll::poll(&config.source(Overrides::default()), target.as_deref()),
        Command::Config(ConfigCommand::Check { file }) => check::check(&file),
        Command::Config(ConfigCommand::Show { file }) => check::show(&file),
        Command::Map(command) => map::run(command),
        Command::Render(arguments) => render::render(&arguments),
        Command::Healthcheck { address } => healthcheck::healthcheck(address),
        Command::Completions { shell } => {
            // Into memory first: the generator panics where it cannot write.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "manometer", &mut script);
            print(&script)
        }
        Command::Man => {
            let mut page = Vec::new();
            match clap_mangen::Man::new(Cli::command()).render(&mut page) {
                Ok(()) => print(&page),
                Err(error) => fail(EXIT_SOFTWARE, &error.to_string()),
            }
        }
    }
}

fn run(arguments: SourceArgs) -> ExitCode {
    let source = arguments.source();
    let config = match source.read() {
        Ok(config) => config,
        Err(error) => return fail(EXIT_USAGE, &error.to_string()),
    };
    log::init(config.log);
    match block_on(app::run(source, config)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => fail(if error.is_usage() { EXIT_USAGE } else { EXIT_SOFTWARE }, &error.to_string()),
        Err(error) => fail(EXIT_SOFTWARE, &format!("cannot start the runtime: {error}")),
    }
}

/// Runs a future to its end. What still blocks a thread then, like a name server that does not answer, is left behind:
/// the process is about to end.
fn block_on<T>(future: impl Future<Output = T>) -> std::io::Result<T> {
    // Two workers are enough for a thousand targets: polling is waiting.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).max_blocking_threads(8).enable_all().build()?;
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
#[expect(clippy::print_stderr, reason = "the command line's own place for errors")]
fn note(message: &str) {
    eprintln!("manometer: {message}");
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
