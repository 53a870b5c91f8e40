//! Where the holes of a plane lie, and how deep a pixel lies in one.

/// First and last column and row with a hole: `[left, top, right, bottom]`, all inside.
pub(super) fn bounds(hole: &[bool], width: usize) -> Option<[usize; 4]> {
    let mut found: Option<[usize; 4]> = None;
    for (y, row) in hole.chunks_exact(width).enumerate() {
        let Some(first) = row.iter().position(|&hole| hole) else {
            continue;
        };
        let last = row.iter().rposition(|&hole| hole).unwrap_or(first);
        let [left, top, right, _] = found.unwrap_or([first, y, last, y]);
        found = Some([left.min(first), top, right.max(last), y]);
    }
    found
}

/// Chessboard distance of every hole pixel to the valid area, in two passes. The crop's edge is no valid area.
pub(super) fn depths(hole: &[bool], width: usize, height: usize) -> Vec<u16> {
    const FAR: u16 = u16::MAX - 1;
    let mut depth: Vec<u16> = hole.iter().map(|&hole| if hole { FAR } else { 0 }).collect();
    // Only the part around the holes can be anything but 0.
    let Some([left, top, right, bottom]) = bounds(hole, width) else {
        return depth;
    };
    let steps_from = |depth: &mut [u16], neighbours: &[u16]| {
        for x in left..=right {
            let near = neighbours[x.saturating_sub(1)].min(neighbours[x]);
            let nearest = near.min(neighbours[(x + 1).min(width - 1)]);
            depth[x] = depth[x].min(nearest + 1).min(FAR);
        }
    };
    for y in top..=bottom {
        let (above, row) = depth.split_at_mut(y * width);
        if y > 0 {
            steps_from(row, &above[(y - 1) * width..]);
        }
        for x in left.max(1)..=right {
            row[x] = row[x].min(row[x - 1] + 1).min(FAR);
        }
    }
    for y in (top..=bottom).rev() {
        let (rows, below) = depth.split_at_mut((y + 1) * width);
        let row = &mut rows[y * width..];
        if y + 1 < height {
            steps_from(row, below);
        }
        for x in (left..=right).rev().filter(|x| x + 1 < width) {
            row[x] = row[x].min(row[x + 1] + 1).min(FAR);
        }
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::depths;

    #[test]
    fn a_depth_is_the_chessboard_distance_to_the_nearest_valid_pixel() {
        let (width, height) = (23, 17);
        let places = || (0..width * height).map(|at| (at % width, at / width));
        let is_valid = |x: usize, y: usize| (x * 7 + y * 13).is_multiple_of(41) || (x > 3 && y == 5);
        let hole: Vec<bool> = places().map(|(x, y)| !is_valid(x, y)).collect();
        let nearest = |(x, y): (usize, usize)| {
            let valid = places().filter(|&(x, y)| is_valid(x, y));
            valid
                .map(|(other_x, other_y)| x.abs_diff(other_x).max(y.abs_diff(other_y)) as u16)
                .min()
        };
        let expected: Vec<u16> = places().filter_map(nearest).collect();
        assert_eq!(depths(&hole, width, height), expected);
        assert_eq!(depths(&[true; 6], 3, 2), [u16::MAX - 1; 6], "nothing is valid");
    }
}
