//! The Rekognition quota that a deployment assumes, in calls a second.

/// Regions whose default quota of `DetectLabels`, `DetectModerationLabels` and `DetectText` is 50 calls a second
/// (AWS General Reference, Amazon Rekognition endpoints and quotas).
const LARGE_REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];

/// Calls a second per operation: the setting `rekognitionCallsPerSecond`, or the default quota of `region` if the setting is 0.
pub fn calls_per_second(setting: u32, region: &str) -> u32 {
    match setting {
        0 if LARGE_REGIONS.contains(&region) => 50,
        0 => 5,
        set => set,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_wins_and_zero_means_the_default_quota_of_the_region() {
        for (setting, region, expected) in
            [(0, "us-east-1", 50), (0, "us-west-2", 50), (0, "eu-west-1", 50), (0, "eu-central-1", 5), (0, "", 5), (20, "us-east-1", 20)]
        {
            assert_eq!(calls_per_second(setting, region), expected, "{setting} {region}");
        }
    }
}
