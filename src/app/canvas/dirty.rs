//! The rectangles that changed since the last frame.

use crate::imaging::Rect;

/// Changed rectangles that are kept apart.
const MOST_RECTANGLES: usize = 32;

/// Keeps far changes apart and joins near ones, so that neither a diagonal stroke nor many dabs cost much.
pub(super) fn add_rectangle(rectangles: &mut Vec<Rect>, rect: Rect) {
    let mut rect = rect;
    while let Some(near) = rectangles.iter().position(|other| {
        let joined = other.union(&rect).area();
        rectangles.len() >= MOST_RECTANGLES || joined <= (other.area() + rect.area()) * 5 / 4
    }) {
        rect = rect.union(&rectangles.swap_remove(near));
    }
    rectangles.push(rect);
}

#[cfg(test)]
mod tests {
    use super::{MOST_RECTANGLES, add_rectangle};
    use crate::imaging::Rect;

    #[test]
    fn dabs_in_one_place_become_one_rectangle_and_far_ones_stay_apart() {
        let mut rectangles = vec![];
        for step in 0..50 {
            add_rectangle(&mut rectangles, Rect::new(100 + step, 100, 60, 60));
        }
        assert_eq!(rectangles, [Rect::new(100, 100, 109, 60)]);
        add_rectangle(&mut rectangles, Rect::new(5000, 3000, 60, 60));
        assert_eq!(rectangles.len(), 2);
    }

    #[test]
    fn the_list_of_changes_stays_short_and_loses_nothing() {
        let mut rectangles = vec![];
        let dab = |step: u32| Rect::new(step * 100, step * 100, 10, 10);
        for step in 0..500 {
            add_rectangle(&mut rectangles, dab(step));
        }
        assert!(rectangles.len() <= MOST_RECTANGLES, "{}", rectangles.len());
        for step in 0..500 {
            let is_kept = rectangles.iter().any(|rect| rect.contains_rect(&dab(step)));
            assert!(is_kept, "{step} is lost");
        }
    }
}
