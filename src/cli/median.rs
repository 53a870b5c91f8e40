//! The one number for several of which some may be far out.

/// The middle one; of an even number the mean of the middle two. Zero of none.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_middle_of_any_number_of_values_is_found() {
        assert_eq!(median([]), 0.0);
        assert_eq!(median([3.0, 1.0, 90.0]), 3.0);
        assert_eq!(median([4.0, 1.0, 90.0, 2.0]), 3.0);
    }
}
