//! Reads the agent's standard input.
//!
//! A read of it cannot be ended, so one thread reads for the whole life of the process, whoever counts what it has read:
//! a reload of the configuration changes that.

use std::io::Read as _;
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, sleep, sleep_until};

use super::board::{Fault, Problem};
use super::counting::Counting;
use super::files::Shared;
use crate::collector::lines::{Bucket, Cut};

/// The label `log`.
pub(super) const NAME: &str = "stdin";

/// After so long without a line an event is complete.
const PAUSE: Duration = Duration::from_millis(500);

/// Between two looks at whether counting may begin.
const LOOK: Duration = Duration::from_millis(100);

/// Pieces that wait for who counts them; beyond it the writer waits.
const WAITING: usize = 4;

/// What was read, and what goes on over a change of hands.
struct Input {
    pieces: mpsc::Receiver<Vec<u8>>,
    cut: Cut,
}

static INPUT: LazyLock<Mutex<Input>> = LazyLock::new(|| {
    let (sender, pieces) = mpsc::channel(WAITING);
    let read = move || {
        let (mut input, mut buffer) = (std::io::stdin().lock(), vec![0; 64 << 10]);
        // An error is the end, as there is nothing that could be opened again.
        while let Ok(read @ 1..) = input.read(&mut buffer) {
            if sender.blocking_send(buffer[..read].to_vec()).is_err() {
                return;
            }
        }
    };
    // Without a thread there is no sender, which is an input that has ended.
    let _ = thread::Builder::new().name("log-stdin".to_owned()).spawn(read);
    Mutex::new(Input { pieces, cut: Cut::new() })
});

/// Counts the lines of standard input until it ends.
pub(super) async fn follow(shared: Arc<Shared>) {
    while !shared.board.is_shown(NAME) {
        sleep(LOOK).await;
    }
    let mut input = INPUT.lock().await;
    let mut counting = Counting::new(shared.patterns.events(""), ());
    let mut bucket = Bucket::new(shared.target.lines_per_second, shared.target.burst, Instant::now());
    shared.board.log(NAME, |log| log.is_open = true);
    let mut last = Instant::now();
    loop {
        let piece = tokio::select! {
            piece = input.pieces.recv() => piece,
            () = sleep_until(last + PAUSE), if counting.is_open() => {
                counting.flush(&shared.matcher);
                shared.board.log(NAME, |log| log.add(counting.take()));
                continue;
            }
        };
        last = Instant::now();
        let mut lines = 0;
        let mut each = |line: crate::collector::lines::CutLine<'_>| {
            lines += 1;
            counting.line(&shared.matcher, &line, ());
        };
        let is_over = piece.is_none();
        match piece {
            Some(piece) => input.cut.feed(&piece, &mut each),
            None => input.cut.complete(&mut each),
        }
        if is_over {
            counting.flush(&shared.matcher);
        }
        shared.board.log(NAME, |log| log.add(counting.take()));
        if is_over {
            break;
        }
        let pause = bucket.take(lines, Instant::now());
        if !pause.is_zero() {
            sleep(pause).await;
            shared.board.log(NAME, |log| log.paused += pause);
        }
    }
    shared.board.log(NAME, |log| log.is_open = false);
    let problem = Problem {
        fault: Some(Fault::Io),
        attempt: "reading standard input".to_owned(),
        cause: "it has ended".to_owned(),
        advice: "start the agent behind the program whose output it is to read: program | manometer run",
    };
    shared.board.problem(NAME, Some(problem));
}
