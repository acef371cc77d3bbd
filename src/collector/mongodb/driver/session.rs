//! A connected driver and the runtime that it lives on.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mongodb::bson::{Document, doc};
use mongodb::error::{Error, ErrorKind};
use mongodb::event::EventHandler;
use mongodb::event::sdam::SdamEvent;
use mongodb::options::{AuthMechanism, ClientOptions, Credential, ServerAddress, ServerMonitoringMode, TlsOptions};
use mongodb::{Client, Database};
use reader::Secret;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::timeout_at;

use super::super::{MongodbTarget, Snapshot};
use super::{fault, reply};
use crate::collector::{PollError, Reason};
use crate::net::{Endpoint, Reached, tls};

/// The name that the agent's connections show in currentOp and in the server's log.
const APP_NAME: &str = "manometer";

/// How long it may take to learn from where the agent reaches the server: a poll waits for it.
const PATIENCE: Duration = Duration::from_millis(200);

/// The code of a command that the server does not know.
const COMMAND_NOT_FOUND: i32 = 59;

/// Why nothing was told.
pub(super) enum Failure {
    /// The connection broke, which of one that was kept says nothing of the server.
    Broken(PollError),
    /// Anything else.
    Final(PollError),
}

impl Failure {
    pub(super) fn into_error(self) -> PollError {
        match self {
            Self::Broken(error) | Self::Final(error) => error,
        }
    }
}

/// What the driver heard of the server in the background.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    /// Why it could not ask the server whether it lives.
    pub(super) failure: Option<Error>,
    /// The newest wire version that the server speaks.
    pub(super) wire_version: Option<i32>,
}

/// A connected driver and the runtime that it lives on.
pub(super) struct Session {
    /// Dropped first, on its runtime.
    client: Option<Client>,
    runtime: Option<Runtime>,
    heard: watch::Receiver<Heard>,
    opened: Instant,
    reached: Option<Reached>,
    /// Whether it was asked where that is: once, for a name server that hangs is no reason to be down.
    was_asked: bool,
}

impl Session {
    /// Makes the driver; it connects when it is asked.
    pub(super) fn open(target: &MongodbTarget, password: Option<Arc<Secret>>) -> Result<Self, PollError> {
        let attempt = || format!("preparing to connect to {}", target.endpoint);
        let runtime = Builder::new_current_thread().enable_all().thread_name("mongodb-name").build();
        let runtime = runtime.map_err(|error| {
            PollError::new(Reason::Internal, attempt(), error.to_string(), "raise the limits of the agent's process")
        })?;
        let (tell, heard) = watch::channel(Heard::default());
        let client = {
            let _here = runtime.enter();
            Client::with_options(options(target, password, tell))
        };
        let client = client.map_err(|error| fault::of(&error, &Heard::default(), target, &attempt()))?;
        Ok(Self {
            client: Some(client),
            runtime: Some(runtime),
            heard,
            opened: Instant::now(),
            reached: None,
            was_asked: false,
        })
    }

    /// Whether it was opened so long ago that its certificate may have been renewed since.
    pub(super) fn is_outdated(&self, target: &MongodbTarget) -> bool {
        target.tls.is_some() && self.opened.elapsed() >= tls::MAX_AGE
    }

    /// Asks hello and serverStatus. The runtime runs as long as this takes.
    pub(super) fn ask(&mut self, target: &MongodbTarget, until: Instant) -> Result<Snapshot, Failure> {
        let (Some(runtime), Some(client)) = (&self.runtime, &self.client) else {
            let error = PollError::new(Reason::Internal, "asking", "there is no driver", "report it, with the log");
            return Err(Failure::Final(error));
        };
        let mut heard = self.heard.clone();
        heard.mark_unchanged();
        let database = client.database("admin");
        let asked = runtime.block_on(async {
            let told = async {
                tokio::select! {
                    biased;
                    told = commands(&database) => told,
                    (error, attempt) = refused(&mut heard) => Err((error, attempt)),
                }
            };
            let told = timeout_at(until.into(), told).await;
            if told.as_ref().is_ok_and(Result::is_ok) && !std::mem::replace(&mut self.was_asked, true) {
                let patience = until.min(Instant::now() + PATIENCE);
                self.reached = timeout_at(patience.into(), reached(&target.endpoint)).await.ok().flatten();
            }
            told
        });
        let heard = self.heard.borrow().clone();
        match asked {
            Ok(Ok((hello, status))) => {
                let attempt = || format!("serverStatus of {}", target.endpoint);
                reply::read(&hello, &status, self.reached).map_err(|cause| {
                    let advice = "is it MongoDB, 4.4 or newer?";
                    Failure::Final(PollError::new(Reason::Decode, attempt(), cause, advice))
                })
            }
            Ok(Err((error, question))) => {
                let attempt = match question {
                    Some(question) => format!("{question} of {}", target.endpoint),
                    None => format!("connecting to {}", target.endpoint),
                };
                let is_broken = fault::is_broken(&error);
                let error = fault::of(&error, &heard, target, &attempt);
                Err(if is_broken { Failure::Broken(error) } else { Failure::Final(error) })
            }
            Err(_) => Err(Failure::Final(fault::late(&heard, target))),
        }
    }
}

impl Drop for Session {
    /// The driver's end belongs to its own runtime, which waits for nothing.
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        {
            let _here = runtime.enter();
            self.client = None;
        }
        runtime.shutdown_background();
    }
}

/// What went wrong, and at which question; `None` before the first one.
type Fault = (Error, Option<&'static str>);

async fn commands(database: &Database) -> Result<(Document, Document), Fault> {
    let hello = match database.run_command(doc! { "hello": 1 }).await {
        Err(error) if code(&error) == Some(COMMAND_NOT_FOUND) => {
            // MongoDB before 4.4.2.
            database.run_command(doc! { "isMaster": 1 }).await
        }
        other => other,
    };
    let hello = hello.map_err(|error| (error, Some("hello")))?;
    let status = database.run_command(doc! { "serverStatus": 1 }).await;
    Ok((hello, status.map_err(|error| (error, Some("serverStatus")))?))
}

/// Waits until the driver hears that nothing will come of connecting: it would go on trying until its own time is over.
async fn refused(heard: &mut watch::Receiver<Heard>) -> Fault {
    loop {
        if heard.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        let failure = heard.borrow_and_update().failure.clone();
        if let Some(failure) = failure.filter(fault::is_final) {
            return (failure, None);
        }
    }
}

/// The code of an error that the server answered with.
fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(command) => Some(command.code),
        _ => None,
    }
}

/// How the driver is to behave: one server, whatever it says of others; one connection for questions, opened when it is needed.
fn options(target: &MongodbTarget, password: Option<Arc<Secret>>, tell: watch::Sender<Heard>) -> ClientOptions {
    let address = match &target.endpoint {
        Endpoint::Tcp { host, port } => ServerAddress::Tcp { host: host.clone(), port: Some(*port) },
        Endpoint::Unix(path) => ServerAddress::Unix { path: path.clone() },
    };
    let mut options = ClientOptions::builder()
        .hosts(vec![address])
        .app_name(APP_NAME.to_owned())
        .direct_connection(true)
        .max_pool_size(1)
        .max_connecting(1)
        .retry_reads(false)
        .retry_writes(false)
        // On a stream a third connection measures round trips.
        .server_monitoring_mode(ServerMonitoringMode::Poll)
        .connect_timeout(target.deadline.mul_f64(0.7))
        .server_selection_timeout(target.deadline.mul_f64(0.8))
        .build();
    options.tls = target.tls.as_ref().map(|tls| {
        let files =
            TlsOptions::builder().ca_file_path(tls.ca_file.clone()).cert_key_file_path(tls.cert_key_file.clone());
        files.build().into()
    });
    options.credential = credential(target, password);
    options.sdam_event_handler = Some(EventHandler::callback(move |event| match event {
        SdamEvent::ServerHeartbeatFailed(event) => tell.send_modify(|heard| heard.failure = Some(event.failure)),
        SdamEvent::ServerHeartbeatSucceeded(event) => {
            let wire_version = event.reply.get_i32("maxWireVersion").ok();
            tell.send_modify(|heard| *heard = Heard { failure: None, wire_version });
        }
        _ => {}
    }));
    options
}

fn credential(target: &MongodbTarget, password: Option<Arc<Secret>>) -> Option<Credential> {
    let mechanism = target.auth_mechanism.as_deref().and_then(|name| match name {
        "SCRAM-SHA-256" => Some(AuthMechanism::ScramSha256),
        "SCRAM-SHA-1" => Some(AuthMechanism::ScramSha1),
        "MONGODB-X509" => Some(AuthMechanism::MongoDbX509),
        "PLAIN" => Some(AuthMechanism::Plain),
        _ => None,
    });
    if target.username.is_none() && mechanism.is_none() {
        return None;
    }
    let password = password.map(|password| password.reveal().to_owned());
    let mut credential = Credential::default();
    (credential.username, credential.password) = (target.username.clone(), password);
    (credential.source, credential.mechanism) = (target.auth_source.clone(), mechanism);
    Some(credential)
}

/// Where the driver got to, which it does not tell: known where there is only one place.
async fn reached(endpoint: &Endpoint) -> Option<Reached> {
    let Endpoint::Tcp { host, port } = endpoint else { return Some(Reached::Socket) };
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), *port)).await.ok()?.collect();
    let [peer] = addresses[..] else { return None };
    // No packet is sent: the kernel tells from which address one would go.
    let any: SocketAddr = if peer.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(peer).ok()?;
    Some(Reached::Address { peer, is_own: socket.local_addr().ok()?.ip() == peer.ip() })
}
