//! Reads an opened log until there is a reason not to.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::{DRAIN, Follower, Verdict};
use crate::collector::docker::engine::short;
use crate::collector::docker::logs::decode::Malformed;
use crate::collector::docker::logs::metrics::Reopened;
use crate::collector::docker::logs::reader::Reader;
use crate::collector::docker::logs::source::{Body, Source};
use crate::collector::docker::logs::totals::Totals;
use crate::net::jittered;

/// Until then a log shows by its first byte whether it is that of a terminal; afterwards the engine is asked.
const FIRST_BYTE: Duration = Duration::from_secs(1);

/// After so long without a line an event is complete: what belongs together is written at once.
const PAUSE: Duration = Duration::from_millis(500);

/// Why an opened log is not read any more.
pub(super) enum End {
    /// The engine ended it.
    Finished,
    /// The run is over, and nothing has come for long enough.
    Drained,
    /// Nothing was written for long.
    Idle,
    Broken(Reopened),
    Stop(Verdict),
}

impl<S: Source> Follower<S> {
    pub(super) async fn read(&mut self, mut body: S::Body) -> End {
        let Some(cursor) = self.cursor.take() else { return End::Finished };
        let binding = Arc::clone(&self.signal.borrow().binding);
        let mut reader = Reader::new(cursor, body.framed(), binding);
        let end = self.read_on(&mut body, &mut reader).await;
        reader.flush();
        self.cursor = Some(reader.cursor);
        end
    }

    async fn read_on(&mut self, body: &mut S::Body, reader: &mut Reader) -> End {
        let (shared, id) = (Arc::clone(&self.shared), self.id.clone());
        let mut terminal = std::pin::pin!(async {
            sleep(FIRST_BYTE).await;
            shared.source.has_terminal(&id).await
        });
        let mut is_known = false;
        let idle = jittered(self.shared.settings.idle_refresh);
        let mut quiet_since = Instant::now();
        let mut last_line = Instant::now();
        loop {
            if !is_known && let Some(framed) = reader.decoder.framed() {
                is_known = true;
                if let Some(end) = self.learn(!framed) {
                    return end;
                }
            }
            let is_over = self.is_over();
            let patience = if is_over { DRAIN } else { idle };
            tokio::select! {
                chunk = body.chunk() => {
                    let binding = Arc::clone(&self.signal.borrow().binding);
                    match chunk {
                        Ok(Some(bytes)) => {
                            reader.decoder.look(&bytes);
                            if !is_known && reader.decoder.framed() == Some(false) && !self.shared.settings.tty {
                                return End::Stop(Verdict::Terminal);
                            }
                            match reader.feed(&bytes, &binding) {
                                Ok(lines) => self.pace(lines, &binding.totals).await,
                                Err(malformed) => return End::Broken(self.broken(&malformed)),
                            }
                            quiet_since = Instant::now();
                            last_line = quiet_since;
                        }
                        Ok(None) => {
                            reader.finish(&binding);
                            return End::Finished;
                        }
                        Err(_) => return End::Broken(Reopened::Error),
                    }
                }
                () = sleep_until(last_line + PAUSE), if reader.is_open() => reader.flush(),
                terminal = &mut terminal, if !is_known => {
                    is_known = true;
                    if let Some(end) = self.learn(terminal == Some(true)) {
                        return end;
                    }
                }
                changed = self.signal.changed() => {
                    if changed.is_err() || self.signal.borrow().unwanted {
                        return End::Stop(Verdict::Unwanted);
                    }
                    if is_known {
                        // It may have another name now.
                        self.is_readable();
                    }
                    if !is_over {
                        quiet_since = Instant::now();
                    }
                }
                () = sleep_until(quiet_since + patience) => return if is_over { End::Drained } else { End::Idle },
            }
        }
    }

    /// It is known whether the container has a terminal: a log that is left out ends here, any other can be read.
    fn learn(&self, has_terminal: bool) -> Option<End> {
        if has_terminal && !self.shared.settings.tty {
            return Some(End::Stop(Verdict::Terminal));
        }
        self.is_readable();
        None
    }

    fn is_readable(&self) {
        self.signal.borrow().binding.totals.readable.store(true, Relaxed);
    }

    fn broken(&self, malformed: &Malformed) -> Reopened {
        match malformed {
            Malformed::Frame => {
                tracing::warn!(
                    container = short(&self.id),
                    "the engine sends a log that cannot be read; opening it again"
                );
                Reopened::Protocol
            }
            Malformed::Engine(said) => {
                tracing::debug!(container = short(&self.id), %said, "the engine could not read on in a log; opening it again");
                Reopened::Error
            }
        }
    }

    /// Lets the time pass for which nothing more may be read.
    async fn pace(&mut self, lines: u64, totals: &Totals) {
        let mut left = self.bucket.take(lines, Instant::now());
        while !left.is_zero() {
            let part = left.min(Duration::from_secs(1));
            sleep(part).await;
            left -= part;
            Totals::add(&totals.paused, u64::try_from(part.as_micros()).unwrap_or(u64::MAX));
        }
    }
}
