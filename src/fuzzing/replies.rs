//! Replies of Redis, and bodies of services.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use reader::{Names, Reader};

use super::assert_exposable;
use crate::collector::Collector as _;
use clientlist::{BufferLimits, ClassLimit, ClientTracker, Options, Pool, summarize};

use crate::collector::redis::clients::export;
use crate::collector::redis::info;
use crate::collector::service::{ServiceCollector, Snapshot};
use crate::mapping::profile::PROFILES;
use crate::mapping::{Body, BodyFormat, Mapping, Pointer, discover, evaluate, parse};
use crate::metric::{Families, Rejections};

/// Series that a target may have here.
const LIMIT: usize = 100;

/// INFO: what it names is exported once, within the limit of the target; a line that stands twice is left out and counted.
pub(super) fn info(reply: &[u8]) {
    let mut keys = HashSet::new();
    let lines = reply.split(|byte| *byte == b'\n').filter(|line| line.contains(&b':'));
    let is_twice = !lines.map(|line| line.split(|byte| *byte == b':').next()).all(|key| keys.insert(key));
    let mut families = Families::with_limit(LIMIT);
    info::export(&info::parse(reply), Some(16), Some(1.0), &mut families);
    assert!(families.series() <= LIMIT);
    let Rejections { duplicate, name, .. } = assert_exposable(families);
    assert_eq!(name, 0);
    assert!(duplicate == 0 || is_twice, "{duplicate}");
}

/// CLIENT LIST: every client is counted once in each sum, and what clients name is bounded.
pub(super) fn client_list(reply: &[u8]) {
    static NAMES: LazyLock<Names> = LazyLock::new(|| {
        let reader = Reader::new("names = [\"web*\"]", Path::new("pool.toml"), &|_| None);
        reader.root().map(|mut table| Names::read(&mut table, "names")).unwrap_or_default()
    });
    let pool = Pool { names: NAMES.clone(), max: Some(10), ..Pool::new("web") };
    let options = Options { top_k: 3, pools: vec![pool], ..Options::default() };
    let limit = ClassLimit { hard_bytes: 1_000, soft_bytes: 100, soft_seconds: 60 };
    let limits = BufferLimits { normal: limit, replica: limit, pubsub: limit };
    let mut tracker = ClientTracker::default();
    let start = Instant::now();
    let first = summarize(reply, &options, Some(&limits), &mut tracker, start);
    let second = summarize(reply, &options, Some(&limits), &mut tracker, start + Duration::from_secs(1));

    assert_eq!(first.clients(), second.clients());
    assert_eq!(first.by_name.iter().map(|(_, count)| count).sum::<u64>(), first.clients());
    assert!(first.by_name.len() <= 4 && first.by_library.len() <= 4 && first.top_output_buffers.len() <= 3);

    let mut families = Families::new();
    export(&second, &mut families);
    assert_eq!(assert_exposable(families), Rejections::default());
}

static MAPPINGS: LazyLock<Vec<Arc<Mapping>>> =
    LazyLock::new(|| PROFILES.iter().filter_map(|shipped| shipped.mapping().ok()).collect());

/// A body in any format that says its own names: every profile reads it, within its limits.
pub(super) fn mapping(bytes: &[u8]) {
    for format in [BodyFormat::Json, BodyFormat::Python, BodyFormat::Prometheus] {
        let Ok(body) = Body::read(format, bytes) else { continue };
        MAPPINGS.iter().for_each(|mapping| export_all(mapping, &body));
        let series: usize = body.families.iter().map(|family| family.samples.len()).sum();
        assert!(series <= bytes.len() / 2);
    }
    if let Some((text, pointer)) =
        std::str::from_utf8(bytes).ok().and_then(|text| Some((text, text.parse::<Pointer>().ok()?)))
    {
        assert_eq!(pointer.to_string(), text);
    }
}

/// What a mapping makes of a body at each of its endpoints.
fn export_all(mapping: &Mapping, body: &Body) {
    for endpoint in 0..mapping.endpoints.len() {
        for (rule, points) in &evaluate(mapping, endpoint, &body.tree).points {
            // One more for what is beyond it.
            assert!(points.len() <= mapping.rules[*rule].limit + 1);
            assert!(points.iter().all(|point| point.reading.number().is_none_or(f64::is_finite)));
        }
    }
    // Series that pass through are the service's own: they may be NaN, and are refused by name elsewhere.
    let of = |_| Some(Body { tree: body.tree.clone(), families: Vec::new() });
    let bodies: Vec<_> = (0..mapping.endpoints.len()).map(of).collect();
    let (snapshot, _) = Snapshot::of_bodies(mapping, &bodies, Duration::from_mins(5));
    let mut families = Families::with_limit(LIMIT);
    ServiceCollector::export(&snapshot, &mut families);
    assert!(families.series() <= LIMIT);
    let Rejections { duplicate, name, .. } = assert_exposable(families);
    assert_eq!((duplicate, name), (0, 0));
}

/// A mapping and, behind a byte 0, a body for it: what is accepted reads any body within its limits.
pub(super) fn mapping_text(input: &[u8]) {
    let (text, body) = halves(input);
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Ok(mapping) = parse(text, Path::new("mapping.toml"), &Arc::default()) else { return };
    for endpoint in &mapping.endpoints {
        if let Ok(body) = endpoint.read(body) {
            export_all(&mapping, &body);
        }
    }
}

/// Two answers of a service, with a byte 0 between them: what is drafted from them is a mapping, and reads both.
pub(super) fn mapping_draft(input: &[u8]) {
    let (first, second) = halves(input);
    let options = discover::DraftOptions {
        url: "http://service:8000".to_owned(),
        path: "/stats".to_owned(),
        status: 200,
        pause: Duration::from_secs(1),
        prefix: "shop_".to_owned(),
        service: None,
    };
    let Ok(draft) = discover::draft(&options, first, second) else { return };
    let mapping = match parse(&draft.text, Path::new("draft.toml"), &Arc::default()) {
        Ok(mapping) => mapping,
        Err(error) => panic!("{error}\n{}", draft.text),
    };
    for body in [first, second] {
        assert!(mapping.endpoints[0].read(body).is_ok(), "{}", draft.text);
    }
}

/// What stands before and behind the first byte 0.
fn halves(input: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(0, input).unwrap_or(input.len());
    (&input[..end], input.get(end + 1..).unwrap_or_default())
}
