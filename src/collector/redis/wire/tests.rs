use std::sync::Arc;
use std::time::Duration;

use tokio::io::{DuplexStream, duplex};

use super::*;
use crate::collector::redis::question::command;
use crate::net::Room;

const MIB: usize = 1 << 20;

/// A wire, and its other end.
fn wire(room: usize, pipe: usize) -> (Wire, DuplexStream, Arc<Room>) {
    let room = Room::of(room);
    let (near, far_end) = duplex(pipe);
    let mut wire = Wire::new(Box::new(near));
    wire.inbox.share = Share::of(Arc::clone(&room));
    wire.begin_poll(Instant::now() + Duration::from_secs(5));
    (wire, far_end, room)
}

/// Asks three questions of one command each, and lets the other end say this.
async fn told(wire: &mut Wire, server: &mut DuplexStream, said: &[u8]) -> (Vec<Vec<Value>>, Option<Ending>) {
    let commands = [command(&["A"]), command(&["B"]), command(&["C"])];
    let sent = commands.iter().map(|command| (std::slice::from_ref(command), Allowance::TEXT));
    let asking = wire.ask(sent, Instant::now() + Duration::from_secs(5));
    let telling = async {
        // The other end may be dropped by then.
        let _ = server.write_all(said).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        told = asking => told,
        () = telling => unreachable!(),
    }
}

fn text(length: usize) -> Vec<u8> {
    [format!("${length}\r\n").as_bytes(), &vec![b'x'; length], b"\r\n"].concat()
}

#[tokio::test]
async fn replies_that_were_heard_whole_count_whatever_comes_then() {
    let (mut wire, mut server, _) = wire(100 * MIB, 1000);
    let (heard, ending) = told(&mut wire, &mut server, b":1\r\n:2\r\n*65\r\n:1\r\n").await;
    assert_eq!(heard, [[Value::Int(1)], [Value::Int(2)]]);
    assert!(matches!(ending, Some(Ending::Unfit(Fault::Values(64)))), "{ending:?}");
}

#[tokio::test(start_paused = true)]
async fn silence_ends_with_the_time_and_an_end_with_its_words() {
    let (mut wire, mut server, _) = wire(100 * MIB, 1000);
    let (heard, ending) = told(&mut wire, &mut server, b":1\r\n*2\r\n:2\r\n").await;
    assert_eq!(heard, [[Value::Int(1)]]);
    assert!(matches!(ending, Some(Ending::Late)), "{ending:?}");
    let (mut wire, server, _) = self::wire(100 * MIB, 1000);
    drop(server);
    let ending = wire.ask_one(&command(&["A"]), far()).await.unwrap_err();
    assert_eq!(ending.to_string(), "it broke the connection: the server closed it");
}

#[tokio::test]
async fn what_reading_took_is_given_back() {
    let (mut wire, mut server, room) = wire(10 * MIB, 300_000);
    let (heard, ending) =
        told(&mut wire, &mut server, &[text(2 * MIB), text(10), b"+PONG\r\n".to_vec()].concat()).await;
    assert!(ending.is_none(), "{ending:?}");
    let [first, ..] = &heard[..] else { panic!("{}", heard.len()) };
    assert!(matches!(&first[..], [Value::BulkString(bytes)] if bytes.len() == 2 * MIB));
    let mut other = Share::of(Arc::clone(&room));
    assert!(other.hold(7 * MIB).now_or_never().is_none(), "it is held until the poll is over");
    assert!(wire.inbox.buffer.capacity() <= BUFFER, "the text went to its own place");
    wire.rest();
    assert_eq!(wire.inbox.buffer.capacity(), 0);
    assert_eq!(other.hold(7 * MIB).now_or_never(), Some(Ok(())));
    assert!(wire.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn a_reply_waits_for_room_and_is_refused_where_there_will_be_none() {
    let (mut wire, mut server, room) = wire(10 * MIB, 300_000);
    let mut other = Share::of(Arc::clone(&room));
    other.hold(8 * MIB).await.unwrap();
    let (_, ending) = told(&mut wire, &mut server, &text(6 * MIB)).await;
    assert!(matches!(ending, Some(Ending::Crowded)), "{ending:?}");
    let error = ending.unwrap().into_error("asking h for INFO".to_owned(), "INFO");
    assert_eq!(
        error.to_string(),
        "asking h for INFO: INFO: the replies of other targets took all memory that the agent has for them; it is asked again at \
         the next poll; if it stays so, give the agent more memory: a quarter of its limit is for replies"
    );
    // The wire that broke off has given back what it held.
    drop(wire);
    other.give_back();
    let (mut wire, mut server, _) = self::wire(10 * MIB, 300_000);
    let (_, ending) = told(&mut wire, &mut server, &text(9 * MIB)).await;
    let words = ending.unwrap().to_string();
    assert_eq!(words, "its reply has more than 8 MiB, which is all that the agent may hold of one with its memory");
}

#[tokio::test]
async fn a_server_that_does_not_read_on_while_its_replies_wait_is_heard() {
    let (mut wire, mut server, _) = wire(10 * MIB, 64);
    let commands: Vec<Cmd> = (0..100).map(|_| command(&["PING"])).collect();
    let asking = wire.ask([(&commands[..], Allowance::WORD)], far());
    let telling = async {
        let mut asked = [0; 14];
        for _ in 0..100 {
            server.read_exact(&mut asked).await.unwrap();
            server.write_all(b"+PONG and something more\r\n").await.unwrap();
        }
    };
    let ((heard, ending), ()) = tokio::join!(asking, telling);
    assert!(ending.is_none(), "{ending:?}");
    assert_eq!(heard[0].len(), 100);
}

#[tokio::test]
async fn what_nobody_asked_for_is_no_answer_to_the_next_question() {
    let (mut wire, mut server, _) = wire(10 * MIB, 1000);
    assert!(wire.is_quiet());
    server.write_all(b"+OK\r\n").await.unwrap();
    assert!(!wire.is_quiet());
    let (mut wire, mut server, _) = self::wire(10 * MIB, 1000);
    let (heard, _) = told(&mut wire, &mut server, b":1\r\n:2\r\n:3\r\n:4\r\n").await;
    assert_eq!(heard.len(), 3);
    assert!(!wire.is_quiet());
    let (mut wire, server, _) = self::wire(10 * MIB, 1000);
    drop(server);
    assert!(!wire.is_quiet());
}

/// What comes within a poll is bounded also where each reply is small.
#[tokio::test]
async fn a_poll_has_a_budget() {
    let (mut wire, mut server, _) = wire(500 * MIB, MIB);
    wire.inbox.heard = POLL_BUDGET - MIB;
    let (_, ending) = told(&mut wire, &mut server, &text(MIB)).await;
    assert!(matches!(ending, Some(Ending::Unfit(Fault::Bytes(POLL_BUDGET)))), "{ending:?}");
}
