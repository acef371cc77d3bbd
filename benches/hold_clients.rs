//! Holds many named connections to a Redis on 127.0.0.1, for scripts/bench: `CLIENT LIST` has to list them all.
//!
//! It says `holding N` when all are open, and ends when its standard input does.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it talks to the script that started it")]

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::ExitCode;

use clap::Parser;

/// The pools which the connections are named after: `web-17`, `worker-18`.
const POOLS: [&str; 4] = ["web", "worker", "ws", "batch"];
/// Less than the ports that one address has for connections to one server.
const MOST: u32 = 20_000;

/// Holds connections to a Redis on 127.0.0.1 until standard input ends.
#[derive(Parser)]
struct Arguments {
    /// Redis's port.
    #[arg(long)]
    port: u16,
    /// How many connections.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
    clients: u32,
    /// How many of them subscribe to the channel `ticker:held`.
    #[arg(long, default_value_t = 0)]
    subscribers: u32,
}

/// One connection, of which Redis has carried out every command.
fn open(port: u16, number: u32, subscribes: bool) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let pool = POOLS[number as usize % POOLS.len()];
    let (subscribe, replies): (_, &[u8]) =
        if subscribes { ("SUBSCRIBE ticker:held\r\n", b"ticker:held\r\n:1\r\n") } else { ("", b"+OK\r\n") };
    stream.write_all(format!("CLIENT SETNAME {pool}-{number}\r\n{subscribe}").as_bytes())?;
    let mut reply = Vec::new();
    let mut chunk = [0; 256];
    while !reply.ends_with(replies) {
        let read = stream.read(&mut chunk)?;
        reply.extend_from_slice(&chunk[..read]);
        if read == 0 || reply.starts_with(b"-") {
            return Err(io::Error::other(format!("Redis said {:?}", String::from_utf8_lossy(&reply))));
        }
    }
    Ok(stream)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut held = Vec::new();
    for number in 0..arguments.clients {
        match open(arguments.port, number, number < arguments.subscribers) {
            Ok(stream) => held.push(stream),
            Err(error) => {
                eprintln!("hold_clients: connection {number} to port {}: {error}", arguments.port);
                return ExitCode::FAILURE;
            }
        }
    }
    println!("holding {}", held.len());
    // Any end of the input ends this program, one by an error too.
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    ExitCode::SUCCESS
}
