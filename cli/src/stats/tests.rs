use super::*;
use serde_json::json;
use sightline_domain::rules::tally::Counts;

fn now() -> Now {
    Now {
        in_flight: 3,
        waiting_for_review: 1,
        oldest_review_requested: Some(HOUR),
        failed: 2,
        rejected: 5,
        dead_letters: 6,
        last_reconcile: Some(47 * HOUR + 55 * 60_000),
    }
}

fn figures(counts: &[(&str, i64)]) -> Figures {
    let mut ended = Ended::default();
    ended.add(&counts.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect::<Counts>());
    Figures::new(&ended, (0, 48 * HOUR), now())
}

#[test]
fn the_figures_are_those_of_the_counters() {
    let figures =
        figures(&[("Completed", 90), ("Withheld", 2), ("Failed", 4), ("Calls", 200), ("Microdollars", 240_000), ("Within2s", 92)]);
    let printed = json!(figures);
    assert_eq!((&printed["Images"], &printed["ImagesPerHour"], &printed["DollarsPerThousand"]), (&json!(96), &json!(2.0), &json!(2.5)));
    assert!((figures.error_rate.unwrap() - 4.0 / 96.0).abs() < 1e-12);
    assert_eq!(printed["Now"]["WaitingForReview"], 1);
    let shown = facts(&figures).render();
    for part in [
        "96, 2.0 an hour",
        "4.2 %",
        "p50 1.5, p95 1.9, p99 1.9",
        "$2.50 per 1,000",
        "3 images",
        "asked for 47h ago",
        "and 5 rejected",
        "5m ago",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
}

#[test]
fn without_images_there_are_no_rates() {
    let figures = figures(&[]);
    assert_eq!((figures.error_rate, figures.p50, figures.dollars_per_thousand), (None, None, None));
    assert!(json!(figures).get("ErrorRate").is_none());
    assert!(facts(&figures).render().contains("p50 –"), "{}", facts(&figures).render());
}

#[test]
fn ages_are_read_at_a_glance() {
    let ages = [0, 119_000, 120_000, 2 * HOUR, 48 * HOUR].map(age);
    assert_eq!(ages, ["0s", "119s", "2m", "2h", "2d"]);
}
