//! So many calls a minute for each client.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Calls of one client in a minute.
pub(crate) const CALLS: u32 = 60;
const WINDOW: Duration = Duration::from_mins(1);
/// Clients that are remembered; beyond it those whose minute is over are forgotten.
const CLIENTS: usize = 1_024;

/// Counts each client's calls in minutes which begin with a call.
#[derive(Debug, Default)]
pub(crate) struct CallLimit {
    clients: Mutex<HashMap<IpAddr, (Instant, u32)>>,
}

impl CallLimit {
    /// Counts a call, or says how long the client has to wait.
    pub(crate) fn take(&self, now: Instant, client: IpAddr) -> Result<(), Duration> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |since: &Instant| now.saturating_duration_since(*since) >= WINDOW;
        if clients.len() >= CLIENTS {
            clients.retain(|_, (since, _)| !over(since));
        }
        let (since, calls) = clients.entry(client).or_insert((now, 0));
        if over(since) {
            (*since, *calls) = (now, 0);
        }
        if *calls >= CALLS {
            return Err(WINDOW.saturating_sub(now.saturating_duration_since(*since)));
        }
        *calls += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn client(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn sixty_calls_a_minute_and_client() {
        let (limit, start) = (CallLimit::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        for call in 0..60 {
            assert_eq!(limit.take(at(call / 2), client(1)), Ok(()));
        }
        assert_eq!(limit.take(at(40), client(1)), Err(Duration::from_secs(20)));
        assert_eq!(limit.take(at(40), client(2)), Ok(()));
        assert_eq!(limit.take(at(60), client(1)), Ok(()));
    }

    #[test]
    fn clients_are_forgotten() {
        let (limit, start) = (CallLimit::default(), Instant::now());
        for number in 0..1_024 {
            limit.take(start, client(number)).unwrap();
        }
        limit.take(start + Duration::from_mins(2), client(5_000)).unwrap();
        assert_eq!(limit.clients.lock().unwrap().len(), 1);
    }
}
