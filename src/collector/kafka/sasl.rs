//! SASL: how the agent proves who it is. PLAIN is the password; SCRAM (RFC 5802) is a proof of it, and has the broker prove that
//! it knows it too.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reader::Secret;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{digest, hmac, pbkdf2};

use super::api::code;
use super::api::hello::{SaslAuthenticate, SaslHandshake};
use super::error;
use super::link::Link;
use super::settings::{INSTEAD, Mechanism};
use crate::collector::PollError;

/// Rounds of a hash that a broker may ask for: Kafka's own most is 16384, and each costs time.
const MAX_ROUNDS: u32 = 200_000;

/// Without flags of channel binding, of which Kafka knows none.
const GS2: &str = "n,,";

/// Says who the agent is.
pub(super) async fn prove(
    link: &mut Link,
    mechanism: Mechanism,
    username: &str,
    password: &Secret,
) -> Result<(), PollError> {
    let (refusal, offered) = link.ask(&SaslHandshake(mechanism.name())).await?;
    let endpoint = link.endpoint().clone();
    match refusal {
        code::NONE => {}
        code::UNSUPPORTED_MECHANISM => {
            let cause = format!("{} is not enabled", mechanism.name());
            let advice = other_than(&offered);
            return Err(error::unauthenticated(&endpoint, cause, advice));
        }
        code::ILLEGAL_SASL_STATE => {
            let advice =
                "the listener on this port wants no user; leave out username and password, or take another port";
            return Err(error::unauthenticated(&endpoint, code::meaning(refusal), advice));
        }
        _ => return Err(error::refused("SaslHandshake", &endpoint, refusal)),
    }
    let Some(mut scram) = Scram::new(mechanism, username, password) else {
        let message = format!("\0{username}\0{}", password.reveal());
        return exchange(link, message.into_bytes()).await.map(|_| ());
    };
    let doubt = |cause: &'static str| error::unauthenticated(&endpoint, cause, "is this the broker that it should be?");
    let challenge = exchange(link, scram.first()).await?;
    let proof = scram.proof(&challenge).map_err(doubt)?;
    let verdict = exchange(link, proof).await?;
    scram.verify(&verdict).map_err(doubt)
}

/// What to do where a broker does not take the mechanism, but these.
fn other_than(offered: &[String]) -> String {
    let is_offered = |known: &&str| offered.iter().any(|name| name == known);
    let known: Vec<&str> = Mechanism::ALL.iter().map(|known| known.name()).filter(is_offered).collect();
    if known.is_empty() {
        let offered = if offered.is_empty() { "none".to_owned() } else { offered.join(", ") };
        return format!("the broker offers {offered}, of which the agent speaks none; {INSTEAD}");
    }
    format!("set sasl_mechanism to one that is: {}", known.join(", ").to_ascii_lowercase())
}

async fn exchange(link: &mut Link, message: Vec<u8>) -> Result<Vec<u8>, PollError> {
    let said = link.ask(&SaslAuthenticate(message)).await?;
    if said.code == code::NONE {
        return Ok(said.message);
    }
    let words = said.words.unwrap_or_else(|| code::meaning(said.code));
    let words: String = words.chars().filter(|char| !char.is_control()).take(200).collect();
    Err(error::unauthenticated(link.endpoint(), words, "check username, password and sasl_mechanism"))
}

/// One conversation of SCRAM.
struct Scram<'p> {
    hmac: hmac::Algorithm,
    pbkdf2: pbkdf2::Algorithm,
    digest: &'static digest::Algorithm,
    password: &'p Secret,
    /// The first message, without its head.
    bare: String,
    nonce: String,
    /// What the broker is to sign with, and what.
    expected: Option<hmac::Tag>,
}

impl<'p> Scram<'p> {
    /// `None` of a mechanism that is none of SCRAM.
    fn new(mechanism: Mechanism, username: &str, password: &'p Secret) -> Option<Self> {
        let mut random = [0; 24];
        SystemRandom::new().fill(&mut random).ok()?;
        Self::with_nonce(mechanism, username, password, STANDARD.encode(random))
    }

    fn with_nonce(mechanism: Mechanism, username: &str, password: &'p Secret, nonce: String) -> Option<Self> {
        let (hmac, pbkdf2, digest) = match mechanism {
            Mechanism::Plain => return None,
            Mechanism::ScramSha256 => (hmac::HMAC_SHA256, pbkdf2::PBKDF2_HMAC_SHA256, &digest::SHA256),
            Mechanism::ScramSha512 => (hmac::HMAC_SHA512, pbkdf2::PBKDF2_HMAC_SHA512, &digest::SHA512),
        };
        let username = username.replace('=', "=3D").replace(',', "=2C");
        let bare = format!("n={username},r={nonce}");
        Some(Self { hmac, pbkdf2, digest, password, bare, nonce, expected: None })
    }

    fn first(&self) -> Vec<u8> {
        format!("{GS2}{}", self.bare).into_bytes()
    }

    /// The proof for a challenge.
    fn proof(&mut self, challenge: &[u8]) -> Result<Vec<u8>, &'static str> {
        const MALFORMED: &str = "the challenge is malformed";
        let challenge = std::str::from_utf8(challenge).map_err(|_| MALFORMED)?;
        let field = |name: &str| challenge.split(',').find_map(|field| field.strip_prefix(name));
        let (nonce, salt, rounds) = (field("r="), field("s="), field("i="));
        let nonce = nonce.filter(|nonce| nonce.len() > self.nonce.len() && nonce.starts_with(&self.nonce));
        let nonce = nonce.ok_or("the challenge is to another conversation")?;
        let salt = salt.and_then(|salt| STANDARD.decode(salt).ok()).ok_or(MALFORMED)?;
        let rounds: NonZeroU32 = rounds.and_then(|rounds| rounds.parse().ok()).ok_or(MALFORMED)?;
        if rounds.get() > MAX_ROUNDS {
            return Err("the challenge asks for too many rounds");
        }
        let mut salted = vec![0; self.digest.output_len()];
        pbkdf2::derive(self.pbkdf2, rounds, &salt, self.password.reveal().as_bytes(), &mut salted);
        let salted = hmac::Key::new(self.hmac, &salted);
        let end = format!("c={},r={nonce}", STANDARD.encode(GS2));
        let signed = format!("{},{challenge},{end}", self.bare);
        let client_key = hmac::sign(&salted, b"Client Key");
        let stored = hmac::Key::new(self.hmac, digest::digest(self.digest, client_key.as_ref()).as_ref());
        let signature = hmac::sign(&stored, signed.as_bytes());
        let proof: Vec<u8> =
            client_key.as_ref().iter().zip(signature.as_ref()).map(|(key, signature)| key ^ signature).collect();
        let server_key = hmac::Key::new(self.hmac, hmac::sign(&salted, b"Server Key").as_ref());
        self.expected = Some(hmac::sign(&server_key, signed.as_bytes()));
        Ok(format!("{end},p={}", STANDARD.encode(proof)).into_bytes())
    }

    /// Whether the broker knows the password too.
    fn verify(&self, verdict: &[u8]) -> Result<(), &'static str> {
        let verdict = std::str::from_utf8(verdict).unwrap_or_default();
        let signature = verdict.split(',').find_map(|field| field.strip_prefix("v="));
        let signature = signature.and_then(|signature| STANDARD.decode(signature).ok());
        match (&self.expected, signature) {
            (Some(expected), Some(signature)) if expected.as_ref() == signature => Ok(()),
            _ => Err("the broker does not know the password"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_depends_on_what_the_broker_offers() {
        let told = |offered: &[&str]| other_than(&offered.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            told(&["GSSAPI", "SCRAM-SHA-256", "PLAIN"]),
            "set sasl_mechanism to one that is: plain, scram-sha-256"
        );
        assert_eq!(
            told(&["GSSAPI", "OAUTHBEARER"]),
            "the broker offers GSSAPI, OAUTHBEARER, of which the agent speaks none; give the agent a user of scram-sha-512, scram-sha-256 or plain on a \
             listener that has it, or a certificate in [kafka.tls]"
        );
    }

    /// The conversation of RFC 7677.
    #[test]
    fn a_conversation_goes_as_in_the_standard() {
        let password = Secret::new("pencil");
        let nonce = "rOprNGfwEbeRWgbNEkqO".to_owned();
        let mut scram = Scram::with_nonce(Mechanism::ScramSha256, "user", &password, nonce).unwrap();
        assert_eq!(scram.first(), b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let challenge = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let proof = scram.proof(challenge).unwrap();
        let expected = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        assert_eq!(String::from_utf8(proof).unwrap(), expected);
        assert_eq!(scram.verify(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Ok(()));
        for wrong in [&b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5="[..], b"e=other-error", b"", b"\xff"] {
            assert_eq!(scram.verify(wrong), Err("the broker does not know the password"));
        }
    }

    #[test]
    fn a_challenge_is_checked_before_it_is_worked_on() {
        let password = Secret::new("pencil");
        let proof = |challenge: &str| {
            let mut scram = Scram::with_nonce(Mechanism::ScramSha512, "a=b,c", &password, "abc".to_owned()).unwrap();
            assert_eq!(scram.first(), b"n,,n=a=3Db=2Cc,r=abc");
            assert_eq!(scram.verify(b"v="), Err("the broker does not know the password"));
            scram.proof(challenge.as_bytes()).map(|_| ())
        };
        assert_eq!(proof("r=abcd,s=AAAA,i=1"), Ok(()));
        assert_eq!(proof("r=abc,s=AAAA,i=1"), Err("the challenge is to another conversation"));
        assert_eq!(proof("r=xyz,s=AAAA,i=1"), Err("the challenge is to another conversation"));
        for malformed in ["r=abcd,s=A,i=1", "r=abcd,s=AAAA,i=0", "r=abcd,s=AAAA,i=x", "r=abcd,i=1", "r=abcd,s=AAAA"] {
            assert_eq!(proof(malformed), Err("the challenge is malformed"), "{malformed}");
        }
        assert_eq!(proof("r=abcd,s=AAAA,i=4000000000"), Err("the challenge asks for too many rounds"));
    }
}
