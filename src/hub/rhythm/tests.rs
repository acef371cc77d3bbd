use super::*;

const PROMETHEUS: u64 = 1;
const OTHER: u64 = 2;

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// A target that is followed, and where time begins.
fn followed() -> (Rhythm, Key, Instant) {
    let (rhythm, key) = (Rhythm::default(), Key::of("main"));
    let _ = rhythm.follow(&key);
    (rhythm, key, Instant::now() + seconds(1_000.0))
}

/// Scrapes every `period` seconds, from `first` on.
fn scrape(rhythm: &Rhythm, target: Option<&Key>, by: u64, first: Instant, period: f64, times: u32) {
    (0..times).for_each(|time| rhythm.scraped(target, by, first + seconds(period) * time));
}

/// The period that is followed, in tenths of a second.
fn period(rhythm: &Rhythm, key: &Key, now: Instant) -> Option<f64> {
    rhythm.beat(key, now).map(|beat| (beat.period.as_secs_f64() * 10.0).round() / 10.0)
}

#[test]
fn the_shortest_regular_scrapes_lead_until_they_stop() {
    let (rhythm, key, start) = followed();
    let at = |after| start + seconds(after);
    scrape(&rhythm, None, PROMETHEUS, start, 15.0, 2);
    assert_eq!(period(&rhythm, &key, at(16.0)), None, "two are no rhythm");
    scrape(&rhythm, None, PROMETHEUS, at(30.0), 15.0, 5);
    assert_eq!(period(&rhythm, &key, at(91.0)), Some(15.0));
    scrape(&rhythm, Some(&key), OTHER, at(61.0), 5.0, 7);
    let beat = rhythm.beat(&key, at(92.0)).unwrap();
    assert_eq!((period(&rhythm, &key, at(92.0)), beat.share), (Some(5.0), None), "its own scrapes");
    assert_eq!(period(&rhythm, &Key::of("cache"), at(92.0)), Some(15.0), "those of another target are not its own");
    scrape(&rhythm, None, PROMETHEUS, at(105.0), 15.0, 2);
    assert_eq!(period(&rhythm, &key, at(121.0)), Some(15.0), "they stopped");
    assert_eq!(period(&rhythm, &key, at(400.0)), None, "nobody scrapes");
}

#[test]
fn among_equals_the_first_leads_and_a_target_that_nobody_follows_is_not_remembered() {
    let (rhythm, key, start) = followed();
    scrape(&rhythm, None, PROMETHEUS, start, 15.0, 4);
    scrape(&rhythm, None, OTHER, start + seconds(4.0), 15.0, 4);
    let now = start + seconds(50.0);
    assert_eq!(rhythm.beat(&key, now).unwrap().next, start + seconds(60.0));
    rhythm.scraped(None, OTHER, start + seconds(64.0));
    rhythm.scraped(None, OTHER, start + seconds(79.0));
    rhythm.scraped(None, OTHER, start + seconds(94.0));
    assert_eq!(rhythm.beat(&key, start + seconds(95.0)).unwrap().next, start + seconds(109.0), "the first one stopped");
    scrape(&rhythm, Some(&Key::of("made up")), OTHER, start, 5.0, 4);
    assert_eq!(rhythm.known.lock().of_each.len(), 1);
}

#[test]
fn any_number_of_scrapers_is_bounded() {
    let (rhythm, key, start) = followed();
    scrape(&rhythm, None, PROMETHEUS, start, 15.0, 3);
    for by in 100..1_000 {
        rhythm.scraped(None, by, start + seconds(31.0));
        rhythm.scraped(None, PROMETHEUS, start + seconds(45.0));
    }
    assert_eq!(rhythm.known.lock().of_all.0.len(), SCRAPERS);
    assert_eq!(period(&rhythm, &key, start + seconds(46.0)), Some(15.0));
}

#[tokio::test(start_paused = true)]
async fn who_follows_is_woken_when_there_are_scrapes_to_follow() {
    let (rhythm, key, start) = followed();
    let changed = rhythm.follow(&key);
    scrape(&rhythm, None, PROMETHEUS, start, 15.0, 2);
    assert!(tokio::time::timeout(seconds(1.0), changed.notified()).await.is_err());
    scrape(&rhythm, None, PROMETHEUS, start + seconds(30.0), 15.0, 1);
    changed.notified().await;
    scrape(&rhythm, None, PROMETHEUS, start + seconds(45.0), 15.0, 9);
    assert!(tokio::time::timeout(seconds(1.0), changed.notified()).await.is_err(), "nothing has changed");
}

#[test]
fn a_poll_of_its_own_scrapes_ends_before_the_next_one() {
    let next = Instant::now() + seconds(1_000.0);
    let beat = Beat { period: seconds(15.0), next, share: None };
    let slot = |after: f64| {
        let after = if after < 0.0 { next - seconds(-after) } else { next + seconds(after) };
        let slot = beat.slot(after, seconds(1.0));
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap();
        if slot < next { -millis(next - slot) } else { millis(slot - next) }
    };
    assert_eq!(
        [-20.0, -14.0, -1.5, -1.0, -0.5, 0.0, 13.0, 14.0, 100.0].map(slot),
        [-16_000, -1_000, -1_000, 14_000, 14_000, 14_000, 14_000, 29_000, 104_000]
    );
}

#[test]
fn targets_of_one_scrape_are_spread_and_each_stays_where_it_is() {
    let next = Instant::now() + seconds(1_000.0);
    let places: Vec<f64> = (0..1_000)
        .map(|number| {
            let beat = Beat { period: seconds(10.0), next, share: Some(share(&Key::of(&format!("target-{number}")))) };
            let slot = beat.slot(next, seconds(0.5));
            assert_eq!(beat.slot(slot, seconds(0.5)), slot + seconds(10.0));
            (slot - next).as_secs_f64()
        })
        .collect();
    assert!(places.iter().all(|place| (0.5..=9.0).contains(place)));
    assert!(places.iter().all(|place| (place * 5.0 - (place * 5.0).round()).abs() < 1e-6), "a few begin together");
    for tenth in 1..9 {
        let count = places.iter().filter(|place| (f64::from(tenth)..f64::from(tenth + 1)).contains(*place)).count();
        assert!((80..=160).contains(&count), "{count} of 1000 in the second from {tenth}");
    }
    let slow = Beat { period: seconds(10.0), next, share: Some(0.85) };
    assert_eq!(
        slow.slot(next, seconds(4.0)),
        next + seconds(6.0),
        "it begins earlier, to have ended when the scrape comes"
    );
}
