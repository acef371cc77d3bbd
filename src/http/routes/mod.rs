//! The routes.
//!
//! * `GET /`: the status page
//! * `GET /metrics`: everything, in the format that the client prefers
//! * `GET /scrape?target=NAME`: one target, without the `target` label; `&node=NODE` for one instance of a target that has
//!   several; without a target what the agent says of itself
//! * `GET /sd`: the targets and the agent itself for Prometheus' `http_sd_configs`, each to be scraped through `/scrape`;
//!   `?collector=redis` for one kind
//! * `GET /api/v1/targets`: the state of the targets as JSON
//! * `GET /api/v1/topology`: who stands on whom, and how that is known, as JSON
//! * `GET /runbooks/NAME`: what to do about an alert; without a name the list of them
//! * `GET /-/healthy`, `GET /-/ready`: liveness, and whether every target has been polled once
//! * `POST /-/reload`: reads the configuration again, where that is switched on

mod json;
mod lifecycle;
mod negotiate;
mod page;
mod runbooks;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ACCEPT, ALLOW, CONTENT_ENCODING, HeaderValue, USER_AGENT, VARY};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use parking_lot::Mutex;
use tokio::sync::{OnceCell, Semaphore, mpsc, oneshot};
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::Instant;

use self::negotiate::{content_type, preferred_format, takes_gzip};
use crate::http::server::{Handler, PLAIN, Peer, host, respond};
use crate::hub::{Exposition, Hub, Key, scraper, slot};
use crate::metric::text::Format;

/// What `/sd` calls the agent itself among the collectors.
const AGENT: &str = "agent";

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

/// Asks the agent to read its configuration again; the answer is the error text, if any.
pub type ReloadRequest = oneshot::Sender<Result<(), String>>;

/// What the routes answer from.
pub struct Routes {
    hub: Arc<Hub>,
    /// Who waits for the rendering that begins next, of each format.
    next: [Mutex<Arc<OnceCell<Arc<Exposition>>>>; 2],
    /// One rendering at a time, also while nobody waits for it any more.
    turn: Arc<Semaphore>,
    reload: mpsc::Sender<ReloadRequest>,
    settings: ArcSwap<Settings>,
    unknown_targets: Arc<AtomicU64>,
    runbooks: Runbooks,
}

/// What the configuration says of the routes.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The name of the environment, shown on the status page.
    pub environment: Option<String>,
    /// Whether `POST /-/reload` does anything.
    pub enable_lifecycle: bool,
}

/// What finds the text of a runbook, in Markdown, by its name; the index has the empty one.
pub type Runbooks = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl Routes {
    /// Routes over `hub`, counted in `stats`; reloads are asked for through `reload`, pages of `runbooks` served.
    #[must_use]
    pub fn new(
        hub: Arc<Hub>,
        reload: mpsc::Sender<ReloadRequest>,
        unknown_targets: Arc<AtomicU64>,
        runbooks: Runbooks,
    ) -> Self {
        let (next, turn) = (Default::default(), Arc::new(Semaphore::new(1)));
        Self { hub, next, turn, reload, settings: ArcSwap::default(), unknown_targets, runbooks }
    }

    /// From now on the routes are as `settings` say.
    pub fn configure(&self, settings: Settings) {
        self.settings.store(Arc::new(settings));
    }

    async fn answer(&self, request: Request<()>) -> Response<Full<Bytes>> {
        let (parts, ()) = request.into_parts();
        let reading = matches!(parts.method, Method::GET | Method::HEAD);
        match parts.uri.path() {
            "/-/reload" => self.lifecycle(&parts.method, &parts.headers).await,
            "/" | "/metrics" | "/scrape" | "/sd" | "/api/v1/targets" | "/api/v1/topology" | "/-/healthy"
            | "/-/ready"
                if !reading =>
            {
                not_allowed("GET, HEAD")
            }
            path if path.starts_with(runbooks::PATH) && !reading => not_allowed("GET, HEAD"),
            path if path.starts_with(runbooks::PATH) => self.runbook(&path[runbooks::PATH.len()..]),
            "/metrics" => {
                self.scraped(&parts, None);
                self.metrics(&parts.headers).await
            }
            "/scrape" => self.scrape(&parts).await,
            "/" => {
                let settings = self.settings.load();
                let environment = settings.environment.as_deref();
                respond(StatusCode::OK, HTML, page::render(environment, &self.hub.statuses(), &self.hub.notices()))
            }
            "/sd" => match host::of(&parts.headers) {
                Some(host) => self.service_discovery(host, parameter(&parts, "collector").as_deref()),
                None => respond(StatusCode::BAD_REQUEST, PLAIN, "a Host header is needed: targets lead back to it\n"),
            },
            "/api/v1/targets" => {
                respond(StatusCode::OK, JSON, json::targets(&self.hub.statuses(), &self.hub.notices()))
            }
            "/api/v1/topology" => {
                let view = self.hub.topology().view(SystemTime::now());
                respond(StatusCode::OK, JSON, json::topology(&view))
            }
            "/-/healthy" => respond(StatusCode::OK, PLAIN, "manometer is healthy\n"),
            "/-/ready" => self.ready(),
            _ => respond(StatusCode::NOT_FOUND, PLAIN, "not found; the routes are listed at /\n"),
        }
    }

    async fn metrics(&self, headers: &HeaderMap) -> Response<Full<Bytes>> {
        let (format, escaping) = preferred_format(headers);
        match self.rendered(format).await {
            Ok(exposition) => expose(exposition, content_type(format, escaping), headers).await,
            Err(_) => respond(StatusCode::INTERNAL_SERVER_ERROR, PLAIN, "rendering failed; see the log\n"),
        }
    }

    /// The exposition of all targets as they are now. A hundred scrapers after a change cost two renderings: the first has one,
    /// and all that come meanwhile share the one that begins after it. Clients that go away cost no more than that.
    async fn rendered(&self, format: Format) -> Result<Arc<Exposition>, JoinError> {
        if let Some(exposition) = self.hub.current(format).or_else(|| self.hub.render_if_short(format)) {
            return Ok(exposition);
        }
        let next = &self.next[slot(format)];
        let cell = Arc::clone(&next.lock());
        let render = || async {
            let turn = Arc::clone(&self.turn).acquire_owned().await;
            // Who comes from here on may want what this rendering does not show.
            *next.lock() = Arc::default();
            let hub = Arc::clone(&self.hub);
            spawn_blocking(move || {
                let _turn = turn;
                hub.render(format)
            })
            .await
        };
        cell.get_or_try_init(render).await.map(Arc::clone)
    }

    async fn scrape(&self, parts: &Parts) -> Response<Full<Bytes>> {
        let (format, escaping) = preferred_format(&parts.headers);
        let Some(target) = parameter(parts, "target") else {
            let hub = Arc::clone(&self.hub);
            return match spawn_blocking(move || Arc::new(hub.render_own(format))).await {
                Ok(own) => expose(own, content_type(format, escaping), &parts.headers).await,
                Err(_) => respond(StatusCode::INTERNAL_SERVER_ERROR, PLAIN, "rendering failed; see the log\n"),
            };
        };
        let key = Key { target, node: parameter(parts, "node").filter(|node| !node.is_empty()) };
        let Some(exposition) = self.hub.render_target(&key, format) else {
            if !self.hub.nodes(&key.target).is_empty() {
                let text = "the target has several nodes: ask for one of them with &node=NODE; /sd lists them\n";
                return respond(StatusCode::NOT_FOUND, PLAIN, text);
            }
            self.unknown_targets.fetch_add(1, Ordering::Relaxed);
            // The name is not repeated: it may be an address with a password, from a scrape config of redis_exporter.
            let text = "no such target; only the names of config.toml are served, /sd lists them\n";
            return respond(StatusCode::NOT_FOUND, PLAIN, text);
        };
        self.scraped(parts, Some(&key));
        expose(exposition, content_type(format, escaping), &parts.headers).await
    }

    /// Records a scrape, whose rhythm the polls may follow; a person who looks has none.
    fn scraped(&self, parts: &Parts, target: Option<&Key>) {
        let header = |name| parts.headers.get(name).map_or(&b""[..], HeaderValue::as_bytes);
        let is_browser = memchr::memmem::find(header(ACCEPT), b"text/html").is_some();
        if parts.method == Method::GET && !is_browser {
            let address = parts.extensions.get::<Peer>().map(|Peer(ip)| *ip);
            self.hub.rhythm().scraped(target, scraper(address, header(USER_AGENT)), Instant::now());
        }
    }

    /// The targets, or those of one collector, and the agent itself.
    fn service_discovery(&self, host: &str, collector: Option<&str>) -> Response<Full<Bytes>> {
        let mut statuses = self.hub.statuses();
        if let Some(wanted) = collector.filter(|wanted| *wanted != AGENT) {
            statuses.retain(|status| status.collector == wanted);
        }
        let targets = if collector == Some(AGENT) { &[][..] } else { &statuses };
        let is_agent_wanted = collector.is_none_or(|wanted| wanted == AGENT);
        let site = self.hub.site();
        let site = site.as_ref().map(|site| site.as_str());
        respond(StatusCode::OK, JSON, json::service_discovery(host, site, targets, is_agent_wanted.then_some(AGENT)))
    }

    fn runbook(&self, name: &str) -> Response<Full<Bytes>> {
        match (self.runbooks)(name) {
            Some(markdown) => respond(StatusCode::OK, HTML, runbooks::render(&markdown)),
            None => respond(StatusCode::NOT_FOUND, PLAIN, "no such runbook; /runbooks/ lists them\n"),
        }
    }

    fn ready(&self) -> Response<Full<Bytes>> {
        let waiting = self.hub.statuses().iter().filter(|status| status.last_poll.is_none()).count();
        if waiting == 0 {
            respond(StatusCode::OK, PLAIN, "manometer is ready\n")
        } else {
            respond(StatusCode::SERVICE_UNAVAILABLE, PLAIN, format!("{waiting} targets have not been polled yet\n"))
        }
    }
}

impl Handler for Routes {
    async fn handle(&self, request: Request<()>) -> Response<Full<Bytes>> {
        self.answer(request).await
    }
}

/// Serves an exposition's shared bytes, plain or gzip as the client prefers.
async fn expose(exposition: Arc<Exposition>, content_type: &'static str, headers: &HeaderMap) -> Response<Full<Bytes>> {
    let gzip = takes_gzip(headers);
    let body = if !gzip {
        exposition.plain()
    } else if let Some(body) = exposition.gzip_at_hand() {
        body
    } else {
        match spawn_blocking(move || exposition.gzip()).await {
            Ok(body) => body,
            Err(_) => return respond(StatusCode::INTERNAL_SERVER_ERROR, PLAIN, "compressing failed; see the log\n"),
        }
    };
    let mut response = respond(StatusCode::OK, content_type, body);
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if gzip {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// The value of a parameter of the query.
fn parameter(parts: &Parts, name: &str) -> Option<String> {
    let query = parts.uri.query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn not_allowed(allow: &'static str) -> Response<Full<Bytes>> {
    let mut response = respond(StatusCode::METHOD_NOT_ALLOWED, PLAIN, format!("only {allow} here\n"));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

#[cfg(test)]
mod tests;
