use super::*;
use serde_json::json;
use sightline_domain::rules::tally::Counts;

fn week(name: &str, labels: &[(&str, u64)], completed: i64, failed: i64) -> Week {
    let mut ended = Ended::default();
    let counts = [("Completed", completed), ("Failed", failed), ("Calls", completed * 2), ("Microdollars", completed * 2_275)];
    ended.add(&counts.into_iter().map(|(name, number)| (name.to_owned(), number)).collect::<Counts>());
    Week {
        name: name.to_owned(),
        monday: 0,
        labels: labels.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect(),
        reasons: if failed > 0 { Ranking::from([("Recognition.Throttled".to_owned(), 1)]) } else { Ranking::new() },
        days: BTreeMap::from([(format!("day of {name}"), ended)]),
    }
}

fn weeks() -> [Week; 2] {
    [week("2026-W47", &[("person", 8), ("cat\u{1b}", 2)], 10, 0), week("2026-W48", &[("person", 4), ("car", 6)], 9, 1)]
}

#[test]
fn labels_are_ranked_over_all_weeks_and_days_follow_in_their_order() {
    let rows = rows(&weeks(), 2);
    assert_eq!(json!(rows[0]), json!({"Kind": "LABEL", "Name": "person", "Images": 12, "ByWeek": {"2026-W47": 8, "2026-W48": 4}}));
    assert_eq!(json!(rows[1])["Name"], "car");
    assert_eq!(
        json!(rows[2]),
        json!({"Kind": "DAY", "Day": "day of 2026-W47", "Completed": 10, "Withheld": 0, "Rejected": 0, "Failed": 0, "Calls": 20, "DollarsPerThousand": 2.275})
    );
    assert_eq!(json!(rows.last().unwrap()), json!({"Kind": "REASON", "Name": "Recognition.Throttled", "Images": 1}));
    assert_eq!(rows.len(), 5);
}

#[test]
fn the_table_has_bars_and_a_section_each() {
    let weeks = weeks();
    let shown = sections(&weeks, &rows(&weeks, 10));
    for part in ["2026-W47 TO 2026-W48", "████████████████████", "█▄", "·█", "COMPLETED", "2.27", "REJECTED OR FAILED BECAUSE"]
    {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    assert!(!shown.contains('\u{1b}') && shown.contains("cat\u{fffd}"), "{shown}");
    assert_eq!(shown.matches("\n\n").count(), 2);
}

#[test]
fn a_section_without_lines_is_left_out() {
    let weeks = [week("2026-W48", &[], 1, 0)];
    let shown = sections(&weeks, &rows(&weeks, 10));
    assert!(!shown.contains("LABEL") && !shown.contains("BECAUSE") && shown.contains("COMPLETED"), "{shown}");
}
