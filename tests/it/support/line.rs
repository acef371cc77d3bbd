//! A line that can be slow.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::fake::Fake;
use super::wait::pause;

/// A line on which everything takes a time in each direction.
pub(crate) struct Line {
    fake: Fake,
    time: Arc<Mutex<Duration>>,
}

impl Line {
    /// To `address`; for now it takes no time.
    pub(crate) fn start(address: SocketAddr) -> Self {
        let time = Arc::new(Mutex::new(Duration::ZERO));
        let carried = Arc::clone(&time);
        let fake = Fake::start(move |client| {
            let Ok(server) = TcpStream::connect(address) else { return };
            let (Ok(requests), Ok(replies)) = (client.try_clone(), server.try_clone()) else { return };
            let time = Arc::clone(&carried);
            let there = std::thread::spawn(move || carry(requests, server, &time));
            carry(replies, client, &carried);
            let _ = there.join();
        });
        Self { fake, time }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.fake.address()
    }

    pub(crate) fn take(&self, time: Duration) {
        *self.time.lock().unwrap() = time;
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, time: &Mutex<Duration>) {
    let mut buffer = vec![0; 1 << 20];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let time = *time.lock().unwrap();
        pause(time);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
