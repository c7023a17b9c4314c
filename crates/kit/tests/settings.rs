//! Settings from the environment.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

use sightline_kit::settings::{Reader, from};
use std::collections::HashMap;

fn read<T>(pairs: &[(&str, &str)], read: impl FnOnce(&mut Reader<'_>) -> T) -> Result<T, Vec<String>> {
    let environment: HashMap<String, String> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    from(&|name| environment.get(name).cloned(), read).map_err(|error| error.problems)
}

#[test]
fn a_text_setting_must_be_present_and_not_empty() {
    assert_eq!(read(&[("TABLE", "records")], |reader| reader.text("TABLE")), Ok("records".to_owned()));
    assert_eq!(read(&[("TABLE", "")], |reader| reader.text("TABLE")), Err(vec!["TABLE is missing".to_owned()]));
    assert_eq!(read(&[], |reader| reader.text("TABLE")), Err(vec!["TABLE is missing".to_owned()]));
}

#[test]
fn a_number_is_read_or_named() {
    let days = |value| read(&[("DAYS", value)], |reader| reader.parsed("DAYS", 730_u32));
    assert_eq!(days("0"), Ok(0));
    for wrong in ["", "-1", "1.5", "many", "4294967296", " 7"] {
        assert_eq!(days(wrong), Err(vec!["DAYS is not a valid u32".to_owned()]), "{wrong:?}");
    }
    assert_eq!(read(&[], |reader| reader.parsed("DAYS", 730_u32)), Ok(730));
}

#[test]
fn a_percentage_is_within_its_bounds() {
    let share = |value| read(&[("SHARE", value)], |reader| reader.percent("SHARE", 80.0));
    for good in ["0", "100", "62.5"] {
        assert!(share(good).is_ok(), "{good}");
    }
    for wrong in ["-0.1", "100.1", "NaN", "inf"] {
        assert_eq!(share(wrong), Err(vec!["SHARE is not within 0 to 100".to_owned()]), "{wrong}");
    }
}

#[test]
fn json_of_the_wrong_shape_is_reported_with_the_reason() {
    let list = |value| read(&[("LIST", value)], |reader| reader.json::<Vec<String>>("LIST", vec![]));
    assert_eq!(list(r#"["a"]"#), Ok(vec!["a".to_owned()]));
    for wrong in ["", "a", "{}", "[1]"] {
        let problems = list(wrong).unwrap_err();
        assert!(problems[0].starts_with("LIST is not JSON of the expected shape: "), "{problems:?}");
    }
}

#[test]
fn a_problem_added_by_the_caller_is_reported() {
    let problems = read(&[], |reader| reader.problem("TABLE and INDEX are the same".to_owned())).unwrap_err();
    assert_eq!(problems, ["TABLE and INDEX are the same"]);
}
