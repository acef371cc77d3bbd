//! What makes a kind of target: the type of its settings, which says how they are read and what watches such a target.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::DerefMut;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::Collector;
use super::runner::{self, Member, Name, Roll};
use crate::config::{Defaults, Found, Instances, KindEntry, Look, Lookup, Target, TargetSettings, Targets};
use crate::hub::Hub;
use crate::net::TlsSettings;

use crate::topology::{Role, Said};
use reader::{Problem, Reader, Table};

/// The settings of one kind of target. A value is one target; it can be read as the settings that every target has.
pub trait TargetKind:
    DerefMut<Target = TargetSettings> + Clone + Debug + PartialEq + Serialize + Send + Sync + 'static
{
    /// What watches such a target. Its name is also that of the table.
    type Collector: Collector;

    /// The heading in the documentation.
    const TITLE: &'static str;

    /// One paragraph for the documentation.
    const INTRO: &'static str;

    /// The common settings that a table does not set.
    const DEFAULTS: Defaults;

    /// What it is to others.
    const ROLE: Role = Role::Other;

    /// The schemes of its addresses, the usual one first, where such targets may be found and not only configured.
    const SCHEMES: &'static [&'static str] = &[];

    /// Puts into a table of defaults what such a target cannot do without and gets where it is found.
    fn stand_in(_table: &mut Table<'_>) {}

    /// Reads what its table has beside the common settings; `None` if something without which there is no target is
    /// wrong, and reported.
    fn read(common: TargetSettings, table: &mut Table<'_>, reader: &Reader<'_>) -> Option<Self>;

    /// Reports targets that are right each for itself and not together; beside each stands the line of its table.
    fn check_together(_targets: &[(Option<usize>, Self)], _reader: &Reader<'_>) {}

    /// The targets that the environment describes, where there is no file.
    fn from_environment(_env: Lookup<'_>, _problems: &mut Vec<Problem>) -> Vec<Self> {
        Vec::new()
    }

    /// Where it is, without credentials: for people.
    fn address(&self) -> String;

    /// The host and port whose addresses are its instances, for a target with `instances = "resolved"`; `None` where its
    /// address is not such a name.
    fn name_with_addresses(&self) -> Option<(String, u16)> {
        None
    }

    /// Who its instances are, for a target that has several: those of its name, unless its servers tell.
    fn roll(&self) -> Option<Box<dyn Roll>> {
        resolved(self)
    }

    /// Becomes the instance that its roll names so, beside the address, which it has already.
    fn take_place(&mut self, _member: &Member) {}

    /// The line of the configuration that would bring a metric, if the settings leave it out. Of what a server or a service
    /// may or may not have, nothing is known here.
    fn left_out(&self, _metric: &str) -> Option<String> {
        None
    }

    /// How it is spoken to, where that is TLS.
    fn tls(&self) -> Option<&TlsSettings> {
        None
    }

    /// What makes its collectors: the first one, and another one after a panic. What must outlive a panic is shared by
    /// them.
    fn collectors(self) -> impl Fn() -> Self::Collector + Send + 'static;

    /// The same target where there will be no second poll to which something could be left.
    #[must_use]
    fn for_one_poll(self) -> Self {
        self
    }
}

/// The row of a kind in the list of kinds.
#[must_use]
pub const fn entry<K: TargetKind>() -> KindEntry {
    KindEntry {
        key: K::Collector::NAME,
        only: K::DEFAULTS.only,
        title: K::TITLE,
        intro: K::INTRO,
        role: K::ROLE,
        metrics: K::Collector::metrics,
        schemes: K::SCHEMES,
        stand_in: K::stand_in,
        found: found::<K>,
        read: read::<K>,
        from_environment: |env, problems| erased(K::from_environment(env, problems)),
    }
}

fn read<K: TargetKind>(tables: Vec<Table<'_>>, reader: &Reader<'_>) -> Targets {
    let read = |table: Table<'_>| Some((table.line, read_one::<K>(table, reader)?));
    let targets: Vec<(Option<usize>, K)> = tables.into_iter().filter_map(read).collect();
    K::check_together(&targets, reader);
    erased(targets.into_iter().map(|(_, target)| target))
}

fn read_one<K: TargetKind>(mut table: Table<'_>, reader: &Reader<'_>) -> Option<K> {
    let labels_at = table.line_of("labels");
    let common = TargetSettings::read(&mut table, &K::DEFAULTS);
    check_labels::<K>(&common, &table, labels_at);
    let target = K::read(common, &mut table, reader);
    if let Some(target) = &target
        && target.instances == Some(Instances::Resolved)
        && target.name_with_addresses().is_none()
    {
        table.problem(None, "instances", None, "resolved needs a url with a host name and a port");
    }
    table.finish();
    target
}

fn found<K: TargetKind>(table: Table<'_>, reader: &Reader<'_>, found: Found) -> Option<Arc<dyn Target>> {
    let mut target: K = read_one(table, reader)?;
    target.found = Some(found);
    Some(Arc::new(target))
}

/// Reports labels that the kind's own metrics have.
fn check_labels<K: TargetKind>(common: &TargetSettings, table: &Table<'_>, line: Option<usize>) {
    if common.labels.is_empty() {
        return;
    }
    let metrics = K::Collector::metrics();
    for (name, _) in common.labels.iter() {
        if let Some(metric) = metrics.iter().find(|metric| metric.labels.contains(&name.as_str())) {
            let message = format!("is a label of {}; choose another name", metric.name);
            table.problem(line, &format!("labels.{name}"), None, message);
        }
    }
}

fn erased<K: TargetKind>(targets: impl IntoIterator<Item = K>) -> Targets {
    targets.into_iter().map(|target| Arc::new(target) as Arc<dyn Target>).collect()
}

impl<K: TargetKind> Target for K {
    fn settings(&self) -> &TargetSettings {
        self
    }

    fn said(&self) -> Said {
        let TargetSettings { name, uses, container, .. } = &**self;
        let (collector, role) = (K::Collector::NAME, K::ROLE);
        Said { name: name.clone(), collector, role, uses: uses.clone(), container: container.clone() }
    }

    fn is_same(&self, other: &dyn Target) -> bool {
        (other as &dyn Any).downcast_ref() == Some(self)
    }

    fn left_out(&self, metric: &str) -> Option<String> {
        TargetKind::left_out(self, metric)
    }

    fn to_toml(&self) -> Result<String, toml::ser::Error> {
        if K::DEFAULTS.only.is_some() {
            toml::to_string(&BTreeMap::from([(K::Collector::NAME, self)]))
        } else {
            toml::to_string(&BTreeMap::from([(K::Collector::NAME, [self])]))
        }
    }

    fn watch(&self, hub: Arc<Hub>, stop: CancellationToken) -> BoxFuture<'static, ()> {
        runner::watch(runner::at(self.clone()), self.roll(), hub, stop)
    }

    fn poll_once(&self, hub: Arc<Hub>) -> BoxFuture<'static, ()> {
        let target = self.clone().for_one_poll();
        let roll = target.roll();
        Box::pin(runner::poll_once(runner::at(target), roll, hub))
    }

    fn look(&self, look: Look) -> BoxFuture<'static, ()> {
        let target = self.clone().for_one_poll();
        let roll = target.roll();
        Box::pin(runner::look(runner::at(target), roll, look))
    }
}

/// The roll of a target whose instances are the addresses of its name.
pub(super) fn resolved(target: &impl TargetKind) -> Option<Box<dyn Roll>> {
    let name = target.name_with_addresses().filter(|_| target.instances == Some(Instances::Resolved))?;
    Some(Box::new(Name::new(target.name.clone(), name)))
}

/// The targets of one kind that a valid configuration has, for tests and what is fuzzed.
#[cfg(any(test, fuzzing))]
pub(crate) fn parsed<K: TargetKind>(text: &str) -> Vec<K> {
    let env = |name: &str| (name == "API_KEY").then(|| "hunter2".to_owned());
    let path = std::path::Path::new("/etc/manometer/config.toml");
    let config = crate::config::Config::parse(text, path, &env, super::KINDS);
    config.unwrap_or_else(|error| panic!("{error}")).targets_of().cloned().collect()
}
