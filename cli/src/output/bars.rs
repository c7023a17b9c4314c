//! Small bars of block characters.

/// Eighths of a block, from left to right.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/// Heights, from nothing to full.
const HEIGHTS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A bar of `number`, of which `longest` is as wide as `width` characters. What is not nothing shows at least an eighth.
pub fn bar(number: u64, longest: u64, width: usize) -> String {
    let eighths = scaled(number, longest, width * 8);
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS.get(eighths % 8).unwrap_or(&""))
}

/// A column per number, each as high as its share of the highest.
pub fn columns(numbers: &[u64]) -> String {
    let highest = numbers.iter().copied().max().unwrap_or_default();
    // An empty column would look like the end of the row.
    let height = |number: &u64| if *number == 0 { '·' } else { *HEIGHTS.get(scaled(*number, highest, 8)).unwrap_or(&'█') };
    numbers.iter().map(height).collect()
}

fn scaled(number: u64, longest: u64, steps: usize) -> usize {
    if number == 0 || longest == 0 {
        return 0;
    }
    let steps = u128::try_from(steps).unwrap_or_default();
    let scaled = (u128::from(number) * steps + u128::from(longest) / 2) / u128::from(longest);
    usize::try_from(scaled.clamp(1, steps)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_in_proportion_and_show_the_least_of_something() {
        assert_eq!(bar(10, 10, 4), "████");
        assert_eq!(bar(5, 10, 4), "██");
        assert_eq!(bar(3, 16, 2), "▍");
        assert_eq!((bar(1, 1_000_000, 4).as_str(), bar(0, 10, 4).as_str(), bar(0, 0, 4).as_str()), ("▏", "", ""));
        assert_eq!(bar(u64::MAX, u64::MAX, 3), "███");
    }

    #[test]
    fn columns_show_ups_and_downs() {
        assert_eq!(columns(&[0, 1, 4, 8]), "·▁▄█");
        assert_eq!(columns(&[0, 0]), "··");
        assert_eq!(columns(&[]), "");
    }
}
