//! The latency of images as a histogram: unlike medians, its buckets are counters that can be added up.

use crate::model::clock::EpochMillis;
use std::collections::BTreeMap;

/// The attribute of each bucket, and its upper bound (inclusive) in milliseconds.
const BUCKETS: [(&str, EpochMillis); 15] = [
    ("Within500ms", 500),
    ("Within1s", 1_000),
    ("Within2s", 2_000),
    ("Within3s", 3_000),
    ("Within5s", 5_000),
    ("Within10s", 10_000),
    ("Within20s", 20_000),
    ("Within30s", 30_000),
    ("Within1m", 60_000),
    ("Within2m", 120_000),
    ("Within5m", 300_000),
    ("Within15m", 900_000),
    ("Within1h", 3_600_000),
    ("Within6h", 21_600_000),
    ("Within1d", 86_400_000),
];

/// The bucket for everything longer.
const BEYOND: &str = "Beyond1d";

/// The attribute of the bucket for a duration.
pub fn bucket(millis: EpochMillis) -> &'static str {
    BUCKETS.iter().find(|(_, upper)| millis <= *upper).map_or(BEYOND, |(name, _)| name)
}

/// The `quantile` (0 to 1) of the latencies in `counts` (attribute → number), in milliseconds; `None` if there are none.
///
/// It is interpolated within its bucket, so it is approximate. If it is longer than a day, the result is a day.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "an approximate value for people")]
pub fn quantile(counts: &BTreeMap<String, i64>, quantile: f64) -> Option<EpochMillis> {
    let count = |name: &str| counts.get(name).copied().unwrap_or_default().max(0);
    let total: i64 = BUCKETS.iter().map(|(name, _)| count(name)).sum::<i64>() + count(BEYOND);
    if total == 0 {
        return None;
    }
    let wanted = total as f64 * quantile.clamp(0.0, 1.0);
    let (mut lower, mut below) = (0, 0.0);
    for (name, upper) in BUCKETS {
        let here = count(name) as f64;
        if here > 0.0 && below + here >= wanted {
            let within = (wanted - below) / here;
            return Some(lower + ((upper - lower) as f64 * within).round() as EpochMillis);
        }
        (lower, below) = (upper, below + here);
    }
    Some(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(millis: &[EpochMillis]) -> BTreeMap<String, i64> {
        let mut counts = BTreeMap::new();
        for millis in millis {
            *counts.entry(bucket(*millis).to_owned()).or_default() += 1;
        }
        counts
    }

    #[test]
    fn the_upper_bound_of_a_bucket_is_inclusive() {
        assert_eq!((bucket(0), bucket(500), bucket(501), bucket(86_400_001)), ("Within500ms", "Within500ms", "Within1s", BEYOND));
    }

    #[test]
    fn a_quantile_is_within_its_bucket() {
        let ninety_fast_ten_slow = counts(&[vec![1_500; 90], vec![8_000; 10]].concat());
        let read = |share| quantile(&ninety_fast_ten_slow, share).unwrap();
        assert!((1_001..=2_000).contains(&read(0.5)) && (5_001..=10_000).contains(&read(0.95)), "{} {}", read(0.5), read(0.95));
        assert!(read(0.5) < read(0.9) && read(0.95) < read(0.99));
    }

    #[test]
    fn there_is_no_quantile_without_images_and_it_is_at_most_a_day() {
        assert_eq!(quantile(&BTreeMap::new(), 0.5), None);
        assert_eq!(quantile(&counts(&[EpochMillis::MAX]), 0.5), Some(86_400_000));
        assert_eq!(quantile(&BTreeMap::from([("Within1s".to_owned(), -1)]), 0.5), None);
    }
}
