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
fn a_fault_that_makes_no_sense_is_not_planned() {
    for value in [
        json!({"operation": "*", "mode": "slow"}),
        json!({"operation": "*", "mode": "answer"}),
        json!({"operation": "*", "mode": "hang", "times": 0}),
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
