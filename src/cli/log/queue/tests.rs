use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read as _, pipe};
use std::thread;

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pipe::fcntl_setpipe_size;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;

/// Bytes of the smallest pipe, and of a line: the queue holds 256 of them.
const PIPE: usize = 4096;
const LINE: usize = 1024;

/// A pipe that is full.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().unwrap();
    fcntl_setpipe_size(&writer, PIPE).unwrap();
    writer.write_all(&[b'\n'; PIPE]).unwrap();
    (reader, writer)
}

/// A queue whose thread writes to `out`, and what it counts.
fn queue(out: impl Write + AsFd + Send + 'static) -> (Arc<Queue>, &'static AtomicU64) {
    let dropped = Box::leak(Box::new(AtomicU64::new(0)));
    let queue = Queue::new(dropped);
    let layer = fmt::layer().without_time().with_target(false).with_ansi(false).with_writer(Arc::clone(&queue));
    let writing = Arc::clone(&queue);
    thread::spawn(move || {
        let log = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(log, || writing.write_to(out));
    });
    (queue, dropped)
}

/// A line that begins with its number.
fn line(number: usize) -> String {
    format!("{number:.<width$}\n", width = LINE - 1)
}

/// Pushes the first line, and waits until it is on its way.
fn push_first(queue: &Queue) {
    queue.push(line(0).as_bytes());
    let mut state = queue.state.lock();
    while !(state.is_writing && state.waiting.is_empty()) {
        drop(state);
        thread::yield_now();
        state = queue.state.lock();
    }
}

/// The next `count` lines that are not empty, each up to its first dot.
fn read(from: &mut PipeReader, count: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut text, mut buffer) = (Vec::new(), [0; LINE]);
    while lines.len() < count {
        let length = from.read(&mut buffer).unwrap();
        text.extend_from_slice(&buffer[..length]);
        let Some(end) = text.iter().rposition(|byte| *byte == b'\n') else { continue };
        let whole = String::from_utf8(text.drain(..=end).collect()).unwrap();
        let whole = whole.lines().filter(|line| !line.is_empty());
        lines.extend(whole.map(|line| line.split('.').next().unwrap().trim().to_owned()));
    }
    lines
}

#[test]
fn what_nobody_reads_is_dropped_over_the_bound_and_the_gap_is_told_in_its_place() {
    let (mut reader, writer) = full_pipe();
    let (queue, dropped) = queue(writer);
    push_first(&queue);
    (1..=259).for_each(|number| queue.push(line(number).as_bytes()));
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
    let mut expected: Vec<String> = (0..=256).map(|number| number.to_string()).collect();
    expected
        .push("WARN log lines were dropped, because nobody read the log or it could not be written lines=3".to_owned());
    assert_eq!(read(&mut reader, 258), expected);
    queue.push(line(300).as_bytes());
    assert_eq!(read(&mut reader, 1), ["300"]);
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
}

#[test]
fn the_end_waits_for_a_reader_and_not_for_long() {
    let (mut reader, writer) = full_pipe();
    let (queue, _) = queue(writer);
    push_first(&queue);
    let begun = Instant::now();
    queue.flush(Duration::from_millis(50));
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_millis(50) && waited < Duration::from_secs(10), "{waited:?}");
    let reading = thread::spawn(move || (read(&mut reader, 1), reader));
    queue.flush(Duration::from_secs(30));
    assert!(!queue.state.lock().is_writing);
    assert_eq!(reading.join().unwrap().0, ["0"]);
}

#[test]
fn a_full_disk_costs_lines_and_nothing_else() {
    let (queue, dropped) = queue(File::options().write(true).open("/dev/full").unwrap());
    (0..5).for_each(|number| queue.push(line(number).as_bytes()));
    queue.flush(Duration::from_secs(30));
    assert_eq!((dropped.load(Ordering::Relaxed), queue.state.lock().untold), (5, 5));
}

#[test]
fn a_pipe_that_somebody_else_made_impatient_loses_no_line() {
    let (mut reader, writer) = full_pipe();
    fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    let (queue, dropped) = queue(writer);
    push_first(&queue);
    (1..9).for_each(|number| queue.push(line(number).as_bytes()));
    assert_eq!(read(&mut reader, 9), ["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
    assert_eq!(dropped.load(Ordering::Relaxed), 0);
}
