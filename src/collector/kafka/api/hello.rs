//! The first questions on a connection: what the broker can be asked, and who asks.

use super::{Ask, Version};
use crate::collector::kafka::wire::{Malformed, Reader, Writer};

/// Which questions in which versions the broker answers.
pub(in crate::collector::kafka) struct ApiVersions;

/// A question that the broker answers, and its versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::collector::kafka) struct Answered {
    pub(in crate::collector::kafka) key: i16,
    pub(in crate::collector::kafka) least: i16,
    pub(in crate::collector::kafka) most: i16,
}

impl Ask for ApiVersions {
    const KEY: i16 = 18;
    const NAME: &'static str = "ApiVersions";
    const VERSIONS: &'static [Version] = &[Version::classic(0)];
    type Reply = (i16, Vec<Answered>);

    fn write(&self, _version: i16, _out: &mut Writer) {}

    fn read(_version: i16, reply: &mut Reader<'_>) -> Result<Self::Reply, Malformed> {
        let code = reply.i16()?;
        let answered = reply.array(|api| Ok(Answered { key: api.i16()?, least: api.i16()?, most: api.i16()? }))?;
        Ok((code, answered))
    }
}

/// Begins SASL with a mechanism; the reply names those that the broker offers.
pub(in crate::collector::kafka) struct SaslHandshake(pub(in crate::collector::kafka) &'static str);

impl Ask for SaslHandshake {
    const KEY: i16 = 17;
    const NAME: &'static str = "SaslHandshake";
    const VERSIONS: &'static [Version] = &[Version::classic(1)];
    type Reply = (i16, Vec<String>);

    fn write(&self, _version: i16, out: &mut Writer) {
        out.string(self.0);
    }

    fn read(_version: i16, reply: &mut Reader<'_>) -> Result<Self::Reply, Malformed> {
        Ok((reply.i16()?, reply.array(|name| name.string().map(str::to_owned))?))
    }
}

/// A message of the mechanism, to which the broker has its own.
pub(in crate::collector::kafka) struct SaslAuthenticate(pub(in crate::collector::kafka) Vec<u8>);

/// What the broker says to a message of the mechanism.
pub(in crate::collector::kafka) struct Authenticated {
    pub(in crate::collector::kafka) code: i16,
    pub(in crate::collector::kafka) words: Option<String>,
    pub(in crate::collector::kafka) message: Vec<u8>,
}

impl Ask for SaslAuthenticate {
    const KEY: i16 = 36;
    const NAME: &'static str = "SaslAuthenticate";
    const VERSIONS: &'static [Version] = &[Version::classic(0)];
    type Reply = Authenticated;

    fn write(&self, _version: i16, out: &mut Writer) {
        out.blob(&self.0);
    }

    fn read(_version: i16, reply: &mut Reader<'_>) -> Result<Self::Reply, Malformed> {
        Ok(Authenticated {
            code: reply.i16()?,
            words: reply.nullable()?.map(str::to_owned),
            message: reply.blob()?.to_owned(),
        })
    }
}
