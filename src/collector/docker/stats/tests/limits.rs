//! What a container may use, and what its machine has.

use super::*;

#[test]
fn limits_are_those_of_the_inspection() {
    let spec = |limits: Limits, json: &str| lines_of(read(json), Some(limits), "container_spec_");
    assert_eq!(
        spec(Limits::default(), V1_UNLIMITED),
        [
            "container_spec_cpu_period 100000",
            "container_spec_cpu_shares 1024",
            "container_spec_memory_limit_bytes 0",
            "container_spec_memory_reservation_limit_bytes 0",
            "container_spec_memory_swap_limit_bytes 0",
        ]
    );
    // `--cpus=4 --memory=4g`, and a soft limit.
    let large = Limits {
        nano_cpus: 4_000_000_000,
        cpuset: 0,
        memory: 4 << 30,
        memory_swap: 6 << 30,
        memory_reservation: 1 << 30,
        cpu_shares: 512,
        ..Limits::default()
    };
    let expected = |swap: &str| {
        [
            "container_spec_cpu_period 100000",
            "container_spec_cpu_quota 400000",
            "container_spec_cpu_shares 512",
            "container_spec_memory_limit_bytes 4294967296",
            "container_spec_memory_reservation_limit_bytes 1073741824",
            swap,
        ]
        .map(str::to_owned)
    };
    assert_eq!(spec(large, V1_UNLIMITED), expected("container_spec_memory_swap_limit_bytes 6442450944"));
    assert_eq!(spec(large, V2_44), expected("container_spec_memory_swap_limit_bytes 2147483648"));
    let quota = |limits: Limits| spec(limits, V2_44).into_iter().find(|line| line.contains("quota"));
    let odd = Limits { cpu_period: 50_000, cpu_quota: 12_345, ..Limits::default() };
    assert_eq!(quota(odd).as_deref(), Some("container_spec_cpu_quota 12345"));
    assert_eq!(quota(Limits { cpu_quota: -1, ..Limits::default() }), None);
    // A swap of its own is unlimited.
    let endless = spec(Limits { memory: 1 << 30, memory_swap: -1, ..Limits::default() }, V2_44);
    assert!(endless.contains(&"container_spec_memory_swap_limit_bytes 0".to_owned()), "{endless:?}");
    // Without a sample the engine's control groups, and with them the meaning of the swap, are not known.
    let swap =
        spec(large, V2_44.split_once(r#","memory_stats""#).map(|(head, _)| format!("{head}}}")).unwrap().as_str());
    assert!(!swap.iter().any(|line| line.contains("swap")), "{swap:?}");
}

#[test]
fn limits_of_what_does_not_run_are_not_shown() {
    let limits = Limits { memory: 1 << 30, ..Limits::default() };
    for state in RunState::ALL {
        let container = Container { state, ..container("ticker", Some(limits)) };
        let text = text_of(&[container], &Usage::default());
        assert_eq!(text.contains("container_spec_memory_limit_bytes"), state.has_usage(), "{state:?}");
    }
}

#[test]
fn the_machine_is_known_from_what_runs_on_it() {
    let machine = |limits: Option<Limits>, json: &str| -> Vec<String> {
        let text = exposed(&container("ticker", limits), read(json), Derived::default());
        text.lines().filter(|line| line.starts_with("machine_")).map(str::to_owned).collect()
    };
    let unlimited = Some(Limits::default());
    assert_eq!(machine(unlimited, V1_UNLIMITED), ["machine_cpu_cores 2", "machine_memory_bytes 25276502016"]);
    assert_eq!(machine(Some(Limits { memory: 1, ..Limits::default() }), V1_LIMITED), ["machine_cpu_cores 2"]);
    assert_eq!(machine(None, V1_UNLIMITED), ["machine_cpu_cores 2"]);
    assert_eq!(machine(None, WINDOWS), ["machine_cpu_cores 8"]);
    let no_limit = V1_UNLIMITED.replace("25276502016", "9223372036854771712");
    assert_eq!(machine(unlimited, &no_limit), ["machine_cpu_cores 2"]);
    assert_eq!(text_of(&[], &Usage::default()).lines().filter(|line| line.starts_with("machine")).count(), 0);
}
