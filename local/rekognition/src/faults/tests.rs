use serde_json::json;

use super::*;

fn fault(value: serde_json::Value) -> Fault {
    serde_json::from_value(value).unwrap()
}

#[test]
fn a_fault_hits_its_operation_and_image_so_many_times() {
    let faults = Faults::default();
    faults.add(fault(json!({"operation": "DetectText", "image": "/a/", "mode": "throttle", "times": 2})));

    assert_eq!(faults.hit(Operation::DetectLabels, "x/a/y"), None);
    assert_eq!(faults.hit(Operation::DetectText, "x/b/y"), None);
    assert_eq!(faults.hit(Operation::DetectText, ""), None, "inline bytes have no key");
    assert!(faults.hit(Operation::DetectText, "x/a/y").is_some());
    assert_eq!(serde_json::to_value(faults.list()).unwrap()[0]["times"], 1);
    assert!(faults.hit(Operation::DetectText, "x/a/y").is_some());
    assert_eq!(faults.hit(Operation::DetectText, "x/a/y"), None);
    assert!(faults.list().is_empty());
}

#[test]
fn faults_without_times_stay_until_they_are_removed() {
    let faults = Faults::default();
    let id = faults.add(fault(json!({"operation": "*", "mode": "close"})));
    for operation in Operation::ALL {
        assert_eq!(faults.hit(operation, ""), Some(Effect::Close));
    }
    assert!(faults.remove(id));
    assert!(!faults.remove(id));
    assert_eq!(faults.hit(Operation::DetectText, ""), None);
}

#[test]
fn a_share_of_the_calls_is_hit_the_same_in_each_run() {
    let hits = || {
        let faults = Faults::default();
        faults.add(fault(json!({"operation": "*", "mode": "internal", "share": 0.01})));
        (0..10_000).map(|_| faults.hit(Operation::DetectLabels, "").is_some()).collect::<Vec<_>>()
    };
    let first = hits();

    let count = first.iter().filter(|hit| **hit).count();
    assert!((70..=130).contains(&count), "{count}");
    assert!(!first[..20].contains(&true), "no run of hits at the start");
    assert_eq!(first, hits());
}

#[test]
fn what_one_fault_spares_the_next_may_hit() {
    let faults = Faults::default();
    faults.add(fault(json!({"operation": "*", "mode": "internal", "share": 0.000_001})));
    faults.add(fault(json!({"operation": "*", "mode": "close", "times": 1})));

    assert_eq!(faults.hit(Operation::DetectText, ""), Some(Effect::Close));
    let left = serde_json::to_value(faults.list()).unwrap();
    assert_eq!((&left[0]["matched"], &left[0]["hit"], left.as_array().unwrap().len()), (&json!(1), &json!(0), 1));
}

#[test]
fn a_fault_that_makes_no_sense_is_not_planned() {
    for value in [
        json!({"operation": "*", "mode": "slow"}),
        json!({"operation": "*", "mode": "answer"}),
        json!({"operation": "*", "mode": "hang", "times": 0}),
        json!({"operation": "*", "mode": "hang", "share": 0.0}),
        json!({"operation": "*", "mode": "hang", "share": 1.01}),
    ] {
        assert!(fault(value.clone()).check().is_err(), "{value}");
    }
    for value in [
        json!({"operation": "*", "mode": "explode"}),
        json!({"operation": "Sing", "mode": "hang"}),
        json!({"operation": "*", "mode": "hang", "time": 1}),
    ] {
        assert!(serde_json::from_value::<Fault>(value.clone()).is_err(), "{value}");
    }
}
