//! Labels of the sample photos.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail at once")]

mod common;

use common::{models, sample};
use sightline_vision::Label;

fn labels(name: &str) -> Vec<Label> {
    models().labels(&sample(name)).unwrap()
}

fn confidence(labels: &[Label], name: &str) -> f32 {
    labels.iter().find(|label| label.name == name).map_or(0., |label| label.confidence)
}

#[test]
fn a_portrait_shows_one_person_where_she_stands() {
    let labels = labels("astronaut.jpg");
    let person = labels.iter().find(|label| label.name == "Person").unwrap();
    assert!(person.confidence >= 80., "{}", person.confidence);
    assert_eq!(person.aliases, ["Human"]);
    let sure: Vec<_> = person.instances.iter().filter(|instance| instance.confidence >= 50.).collect();
    let [instance] = sure.as_slice() else { panic!("{sure:?}") };
    assert!(instance.bounding_box.left < 0.2 && instance.bounding_box.width > 0.5, "{instance:?}");
    assert!(confidence(&labels, "Text") < 50.);
}

#[test]
fn a_cat_is_an_animal_and_no_person() {
    let labels = labels("cat.webp");
    assert!(confidence(&labels, "Cat") >= 95.);
    assert!(confidence(&labels, "Animal") >= confidence(&labels, "Cat"));
    assert!(confidence(&labels, "Person") < 50. && confidence(&labels, "Text") < 50.);
}

#[test]
fn a_table_with_coffee_shows_a_cup() {
    let labels = labels("coffee.jpg");
    assert!(confidence(&labels, "Cup") >= 95.);
    assert!(confidence(&labels, "Person") < 50. && confidence(&labels, "Text") < 50.);
}

#[test]
fn a_printed_page_shows_text_and_is_not_taken_for_a_refrigerator() {
    let labels = labels("printed-page.png");
    assert!(confidence(&labels, "Text") >= 90.);
    assert!(confidence(&labels, "Refrigerator") < 50.);
    let text = labels.iter().find(|label| label.name == "Text").unwrap();
    assert_eq!(text.categories, ["Text and Documents"]);
}

#[test]
fn a_rocket_shows_neither_people_nor_text() {
    let labels = labels("rocket.jpg");
    assert!(confidence(&labels, "Person") < 50. && confidence(&labels, "Text") < 50.);
}

#[test]
fn labels_are_sorted_and_each_parent_is_listed_at_least_as_surely() {
    let labels = labels("coffee.jpg");
    assert!(labels.windows(2).all(|pair| pair[0].confidence >= pair[1].confidence));
    for label in &labels {
        for parent in &label.parents {
            assert!(confidence(&labels, parent) >= label.confidence, "{} {parent}", label.name);
        }
    }
}
