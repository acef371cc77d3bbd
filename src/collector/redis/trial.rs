//! Trials of what was left out.

use tokio::time::{Instant, timeout_at};

use super::RedisCollector;
use super::ask::Talk;
use super::ping;
use super::session::SET_NAME;
use crate::collector::Reason;

impl RedisCollector {
    /// Tries one thing that was left out, on a connection of its own: whatever comes of it, the poll has its answers.
    pub(super) async fn try_again(&mut self, talk: &mut Talk) {
        let due = talk.due.take();
        let name_due = self.support.is_due(SET_NAME) || self.name_late;
        let ping_due = self.support.is_due(ping::COMMAND);
        if (due.is_none() && !name_due && !ping_due) || Instant::now() >= talk.until {
            return;
        }
        let named = name_due || self.support.may_ask(SET_NAME);
        let mut link = match timeout_at(talk.until, self.connect(named)).await {
            Ok(Ok(link)) => link,
            Ok(Err(error)) if error.reason != Reason::Timeout => return,
            _ => {
                if name_due {
                    self.name_late = false;
                    self.support.is_silent(SET_NAME, self.target.deadline);
                }
                return;
            }
        };
        self.name_late = false;
        link.begin_poll(talk.until);
        match link.name_broke.take() {
            Some(why) => self.support.broke(SET_NAME, &why),
            // The connection that is open gives way to a named one.
            None if name_due => talk.link = None,
            None => {}
        }
        let Some((place, request)) = due else {
            if ping_due
                && let Err(ending) =
                    ping::measure(&self.target, &mut link, &mut self.support, &mut self.pings, talk.until).await
            {
                self.support.ended(ping::COMMAND, &ending, self.target.deadline);
            }
            return;
        };
        match link.ask([request.sent()], talk.until).await {
            (_, Some(ending)) => self.support.ended(request.name, &ending, self.target.deadline),
            (replies, None) => {
                let replies = replies.into_iter().flatten().collect();
                self.hear(talk, place, &request, replies).await;
            }
        }
    }
}
