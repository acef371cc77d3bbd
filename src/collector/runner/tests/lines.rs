//! What the log says of a target.

use super::*;

/// The log lines of this thread until the guard is dropped.
fn log() -> (Arc<Mutex<Vec<u8>>>, tracing::subscriber::DefaultGuard) {
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Lines {
        fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(line);
            Ok(line.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let lines = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&lines);
    let layer = tracing_subscriber::fmt().without_time().with_target(false).with_ansi(false);
    (lines, tracing::subscriber::set_default(layer.with_writer(move || Lines(Arc::clone(&writer))).finish()))
}

#[tokio::test(start_paused = true)]
async fn a_target_that_flaps_is_a_few_lines() {
    let (lines, _guard) = log();
    // Between two outcomes, and in the end down for good.
    let flaps = [Step::Fail(Reason::Refused), Step::Fail(Reason::Timeout)].repeat(20);
    let run = start_at(
        &[&[Step::Value(1.0)][..], &flaps, &[Step::Value(1.0), Step::Fail(Reason::Auth)]].concat(),
        Interval::Every(Duration::from_secs(10)),
    );
    tokio::time::sleep(Duration::from_mins(20)).await;
    run.stop.cancel();
    let text = String::from_utf8(lines.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = text.lines().map(str::trim_start).collect();
    let refused = "WARN poll failed target_name=t reason=refused error=asking: it said no; ask again";
    let timeout = "WARN poll failed target_name=t reason=timeout error=asking: it said no; ask again";
    assert_eq!(
        lines,
        [
            "INFO target is up target_name=t address=nowhere",
            refused,
            timeout,
            refused,
            timeout,
            refused,
            "WARN it changes all the time; changes are logged again when there was none for 300s target_name=t",
            "INFO it has stopped changing all the time target_name=t outcome=\"auth\" left_out=37",
        ]
    );
}
