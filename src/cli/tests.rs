use std::io;
use std::time::{Duration, Instant};

use clap::error::ErrorKind as ClapError;

use super::*;

/// A pipe whose reader is gone, or a disk that is full.
struct Failing(ErrorKind);

impl Write for Failing {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    assert!(write(&mut Failing(ErrorKind::BrokenPipe), b"text").is_ok());
    assert_eq!(
        write(&mut Failing(ErrorKind::StorageFull), b"text").unwrap_err().kind(),
        ErrorKind::StorageFull,
        "but a disk that is full is one"
    );
}

#[test]
fn what_blocks_a_thread_does_not_keep_the_process() {
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let begun = Instant::now();
    let outcome = block_on(async {
        let (started, running) = tokio::sync::oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let _ = started.send(());
            blocked.recv_timeout(Duration::from_secs(30))
        });
        running.await
    });
    assert_eq!(outcome.unwrap(), Ok(()));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    drop(release);
}

#[test]
fn poll_refuses_what_it_would_ignore() {
    for option in ["--web.listen-address=127.0.0.1:1", "--web.config.file=w", "--log.level=info", "--log.format=json"] {
        let error = Cli::try_parse_from(["manometer", "poll", option]).unwrap_err();
        assert_eq!(error.kind(), ClapError::UnknownArgument, "{option}");
        Cli::try_parse_from(["manometer", "run", option]).unwrap();
    }
    let cli = Cli::try_parse_from(["manometer", "poll", "--config", "a.toml", "--target", "main"]).unwrap();
    let Command::Poll { config, target } = cli.command else { panic!("{:?}", cli.command) };
    assert_eq!((config.config, target.as_deref()), (Some(PathBuf::from("a.toml")), Some("main")));
}

#[test]
fn healthcheck_takes_the_addresses_that_run_takes() {
    for (addresses, first) in
        [("127.0.0.1:1,[::1]:2", "127.0.0.1:1"), ("[::1]:2,127.0.0.1:1", "[::1]:2"), ("127.0.0.1:3", "127.0.0.1:3")]
    {
        let option = format!("--web.listen-address={addresses}");
        Cli::try_parse_from(["manometer", "run", &option]).unwrap();
        let cli = Cli::try_parse_from(["manometer", "healthcheck", &option]).unwrap();
        let Command::Healthcheck(arguments) = cli.command else { panic!("{:?}", cli.command) };
        assert_eq!(arguments.listen_addresses[0], first.parse().unwrap());
    }
    let error = Cli::try_parse_from(["manometer", "healthcheck", "--web.listen-address=localhost"]).unwrap_err();
    assert_eq!(error.kind(), ClapError::ValueValidation);
}

#[test]
fn a_command_line_that_begins_with_a_flag_is_that_of_run() {
    let parsed = |words: &[&str]| parse(words.iter().map(OsString::from).collect());
    let cli = parsed(&["manometer", "--web.listen-address=:9121", "--log.level=WARNING"]).unwrap();
    let Command::Run(arguments) = cli.command else { panic!("{:?}", cli.command) };
    assert_eq!(arguments.listen_addresses, ["[::]:9121".parse().unwrap()]);
    assert_eq!(arguments.log_level, Some(LogLevel::Warn));
    for (flag, kind) in [("--help", ClapError::DisplayHelp), ("-V", ClapError::DisplayVersion)] {
        assert_eq!(parsed(&["manometer", flag]).unwrap_err().kind(), kind);
    }
    assert!(parsed(&["manometer"]).is_err());
}
