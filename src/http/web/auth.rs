//! `basic_auth_users`: HTTP basic auth against bcrypt hashes.
//!
//! A bcrypt verification costs some 50 ms of CPU by design, and a scraper comes every few seconds. So the outcome is
//! remembered under a keyed hash (HMAC-SHA-256 or longer, with a key drawn at start) of the credentials: the last right
//! password of each user, and the most recent wrong ones. What is not remembered is verified off the runtime's threads,
//! a few at a time, and those who wait take turns ([`Turns`]). Wrong guesses can therefore neither use up the CPU nor push out a
//! scraper, whether or not it is known already.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bcrypt::HashParts;
use hyper::header::HeaderValue;
use parking_lot::Mutex;
use reader::{Problem, Secret};
use tokio_rustls::rustls::SupportedCipherSuite;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::crypto::tls13::{Hkdf, OkmBlock};

use super::problem_of;
use super::turns::{Asker, Turns};

/// Wrong credentials that are remembered.
const REMEMBERED_FAILURES: usize = 256;
const KEY_BYTES: usize = 32;

type Tag = [u8; 32];

/// Whether a request may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The password is the user's.
    Allowed,
    /// No credentials, or wrong ones.
    Denied,
    /// Too many passwords wait to be verified.
    Busy,
}

/// The users and what is remembered of them.
pub(crate) struct Authenticator {
    users: BTreeMap<String, User>,
    hash: &'static dyn Hkdf,
    key: OkmBlock,
    failures: Mutex<VecDeque<Tag>>,
    turns: Arc<Turns>,
}

struct User {
    hash: Arc<str>,
    /// The tag of the credentials that were right the last time.
    accepted: ArcSwapOption<Tag>,
}

/// What a request claims, and the tag to remember it by.
pub(crate) struct Credentials {
    user: String,
    password: Vec<u8>,
    tag: Tag,
}

impl Authenticator {
    /// The users of the configuration; `None` without users, when nobody is asked.
    pub(super) fn new(users: &BTreeMap<String, Option<Secret>>, problems: &mut Vec<Problem>) -> Option<Self> {
        let before = problems.len();
        let mut known = BTreeMap::new();
        for (name, hash) in users {
            match check_hash(hash.as_ref().map_or("", Secret::reveal)) {
                Ok(hash) => {
                    known.insert(name.clone(), User { hash: hash.into(), accepted: ArcSwapOption::empty() });
                }
                Err(cause) => problems.push(problem_of(
                    &format!("basic_auth_users.{name}"),
                    None,
                    cause,
                    "make a hash with: htpasswd -nBC 10 \"\" | tr -d ':\\n'",
                )),
            }
        }
        if known.is_empty() || problems.len() > before {
            return None;
        }
        let provider = ring::default_provider();
        let mut key = [0; KEY_BYTES];
        let hash = provider.cipher_suites.iter().find_map(SupportedCipherSuite::tls13).map(|suite| suite.hkdf_provider);
        let (Some(hash), Ok(())) = (hash, provider.secure_random.fill(&mut key)) else {
            problems.push(problem_of(
                "basic_auth_users",
                None,
                "the operating system gives no random numbers",
                "check that getrandom(2) is allowed to the process",
            ));
            return None;
        };
        Some(Self {
            users: known,
            hash,
            key: OkmBlock::new(&key),
            failures: Mutex::new(VecDeque::with_capacity(REMEMBERED_FAILURES)),
            turns: Arc::default(),
        })
    }

    /// What is known of a request without a verification; the credentials to verify otherwise.
    pub(crate) fn check(&self, authorization: Option<&HeaderValue>) -> Result<Verdict, Credentials> {
        match authorization.and_then(|header| self.credentials(header)) {
            None => Ok(Verdict::Denied),
            Some(credentials) => self.remembered(&credentials).ok_or(credentials),
        }
    }

    /// Verifies the password that came from `peer`, and remembers the outcome.
    pub(crate) async fn verify(&self, credentials: Credentials, peer: Option<IpAddr>) -> Verdict {
        let asker = Asker::new(peer, self.digest(&credentials.user));
        let Some(turn) = self.turns.wait(asker).await else { return Verdict::Busy };
        // Of many requests with the same new password only the first needs to verify it.
        if let Some(verdict) = self.remembered(&credentials) {
            return verdict;
        }
        let Credentials { user, password, tag } = credentials;
        let known = self.users.get(&user);
        let hash = known.or_else(|| self.decoy(&user)).map(|user| Arc::clone(&user.hash));
        let verification = tokio::task::spawn_blocking(move || {
            // The turn ends with the work, and not with a request that was given up meanwhile.
            let _turn = turn;
            hash.is_some_and(|hash| bcrypt::verify(password, &hash).unwrap_or(false))
        });
        let Ok(matches) = verification.await else { return Verdict::Busy };
        match known {
            Some(user) if matches => {
                user.accepted.store(Some(Arc::new(tag)));
                Verdict::Allowed
            }
            _ => {
                self.remember_failure(tag);
                Verdict::Denied
            }
        }
    }

    fn credentials(&self, header: &HeaderValue) -> Option<Credentials> {
        let (scheme, encoded) = header.as_bytes().split_at_checked("Basic ".len())?;
        if !scheme.eq_ignore_ascii_case(b"basic ") {
            return None;
        }
        let mut plain = BASE64.decode(encoded.trim_ascii()).ok()?;
        let colon = memchr::memchr(b':', &plain)?;
        let tag = self.tag(&plain)?;
        let password = plain.split_off(colon + 1);
        plain.truncate(colon);
        Some(Credentials { user: String::from_utf8(plain).ok()?, password, tag })
    }

    fn tag(&self, credentials: &[u8]) -> Option<Tag> {
        self.hash.hmac_sign(&self.key, credentials).as_ref().first_chunk().copied()
    }

    // An attacker cannot choose the tag of a guess, so how long a comparison of tags takes tells nothing.
    fn remembered(&self, credentials: &Credentials) -> Option<Verdict> {
        if let Some(user) = self.users.get(&credentials.user)
            && user.accepted.load().as_deref() == Some(&credentials.tag)
        {
            return Some(Verdict::Allowed);
        }
        let failures = self.failures.lock();
        failures.contains(&credentials.tag).then_some(Verdict::Denied)
    }

    fn remember_failure(&self, tag: Tag) {
        let mut failures = self.failures.lock();
        if failures.len() >= REMEMBERED_FAILURES {
            failures.pop_front();
        }
        failures.push_back(tag);
    }

    /// A known user whose hash an unknown user's password is held against, so that both take equally long. It is the
    /// same one each time, since the hashes may differ in cost.
    fn decoy(&self, user: &str) -> Option<&User> {
        self.users.values().nth(usize::from(self.digest(user)) % self.users.len())
    }

    /// What tells users apart, nearly, and does not tell which there are.
    fn digest(&self, user: &str) -> u8 {
        self.tag(user.as_bytes()).map_or(0, |[first, ..]| first)
    }
}

/// The hash if it is one that can be verified.
fn check_hash(hash: &str) -> Result<&str, &'static str> {
    if hash.is_empty() {
        return Err("no password hash");
    }
    match HashParts::from_str(hash) {
        Ok(parts) if (4..=31).contains(&parts.get_cost()) => Ok(hash),
        Ok(_) => Err("a bcrypt hash whose cost is not between 4 and 31"),
        Err(_) => Err("not a bcrypt hash"),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    /// The lowest cost, so that tests are quick.
    fn hash(password: &str) -> String {
        bcrypt::hash(password, 4).unwrap()
    }

    fn authenticator(users: &[(&str, &str)]) -> Authenticator {
        let users = users.iter().map(|(name, password)| ((*name).to_owned(), Some(Secret::new(hash(password)))));
        Authenticator::new(&users.collect(), &mut Vec::new()).unwrap()
    }

    fn basic(credentials: &str) -> HeaderValue {
        HeaderValue::try_from(format!("Basic {}", BASE64.encode(credentials))).unwrap()
    }

    async fn verdict(auth: &Authenticator, header: Option<&HeaderValue>) -> Verdict {
        match auth.check(header) {
            Ok(verdict) => verdict,
            Err(credentials) => auth.verify(credentials, None).await,
        }
    }

    #[tokio::test]
    async fn matrix() {
        let auth = authenticator(&[("alice", "open:sesame"), ("bob", "hunter2")]);
        let cases = [
            ("alice:open:sesame", Verdict::Allowed),
            ("bob:hunter2", Verdict::Allowed),
            ("alice:hunter2", Verdict::Denied),
            ("bob:open:sesame", Verdict::Denied),
            ("mallory:hunter2", Verdict::Denied),
            ("alice:", Verdict::Denied),
            (":hunter2", Verdict::Denied),
            ("bob", Verdict::Denied),
        ];
        for round in ["verified", "remembered"] {
            for (credentials, expected) in cases {
                assert_eq!(verdict(&auth, Some(&basic(credentials))).await, expected, "{credentials} {round}");
            }
        }
        assert_eq!(verdict(&auth, None).await, Verdict::Denied);
        for header in ["", "Basic", "Basic ", "Basic !", "Bearer Ym9iOmh1bnRlcjI=", "BasicYm9iOmh1bnRlcjI="] {
            assert_eq!(verdict(&auth, Some(&HeaderValue::from_static(header))).await, Verdict::Denied, "{header}");
        }
        let lower = HeaderValue::from_static("basic Ym9iOmh1bnRlcjI=");
        assert_eq!(verdict(&auth, Some(&lower)).await, Verdict::Allowed);
    }

    #[tokio::test]
    async fn an_outcome_is_remembered() {
        let auth = authenticator(&[("bob", "hunter2")]);
        assert!(auth.check(Some(&basic("bob:hunter2"))).is_err());
        assert_eq!(verdict(&auth, Some(&basic("bob:hunter2"))).await, Verdict::Allowed);
        assert!(matches!(auth.check(Some(&basic("bob:hunter2"))), Ok(Verdict::Allowed)));
        assert_eq!(verdict(&auth, Some(&basic("bob:wrong"))).await, Verdict::Denied);
        assert!(matches!(auth.check(Some(&basic("bob:wrong"))), Ok(Verdict::Denied)));
    }

    #[tokio::test]
    async fn failures_are_bounded_and_never_push_out_a_success() {
        let auth = authenticator(&[("bob", "hunter2")]);
        assert_eq!(verdict(&auth, Some(&basic("bob:hunter2"))).await, Verdict::Allowed);
        for guess in 0..=REMEMBERED_FAILURES {
            assert_eq!(verdict(&auth, Some(&basic(&format!("bob:{guess}")))).await, Verdict::Denied);
        }
        assert_eq!(auth.failures.lock().len(), REMEMBERED_FAILURES);
        assert!(matches!(auth.check(Some(&basic("bob:hunter2"))), Ok(Verdict::Allowed)));
    }

    #[tokio::test]
    async fn a_full_queue_says_so() {
        let auth = authenticator(&[("bob", "hunter2")]);
        let asker = |place: u8| Asker::new(Some(IpAddr::from([10, 0, 0, place])), 0);
        let mut waits: Vec<_> = (0..66).map(|place| Box::pin(auth.turns.wait(asker(place)))).collect();
        let running: Vec<_> = waits.iter_mut().map(|wait| wait.as_mut().now_or_never()).collect();
        assert_eq!(verdict(&auth, Some(&basic("bob:hunter2"))).await, Verdict::Busy);
        drop((waits, running));
        assert_eq!(verdict(&auth, Some(&basic("bob:hunter2"))).await, Verdict::Allowed);
    }

    #[test]
    fn every_wrong_hash_is_named_and_none_is_shown() {
        let yaml = "basic_auth_users:\n  empty: ''\n  null_: \n  plain: hunter2\n  \
                    cheap: $2y$03$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n";
        let users = crate::http::web::parse(yaml).unwrap().basic_auth_users.unwrap();
        let mut problems = Vec::new();
        assert!(Authenticator::new(&users, &mut problems).is_none());
        let fix = "make a hash with: htpasswd -nBC 10 \"\" | tr -d ':\\n'";
        let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                ("basic_auth_users.cheap", "a bcrypt hash whose cost is not between 4 and 31"),
                ("basic_auth_users.empty", "no password hash"),
                ("basic_auth_users.null_", "no password hash"),
                ("basic_auth_users.plain", "not a bcrypt hash"),
            ]
            .map(|(key, cause)| format!("{key}: {cause}; {fix}"))
        );
        assert!(problems.iter().all(|problem| !problem.to_string().contains("hunter2")));
    }

    #[test]
    fn no_users_ask_nobody() {
        assert!(Authenticator::new(&BTreeMap::new(), &mut Vec::new()).is_none());
    }
}
