//! How large a picture is to be printed.

/// What dots per metre or centimetre are counted over.
pub(super) const INCHES_PER_METRE: f64 = 1.0 / 0.0254;
pub(super) const INCHES_PER_CENTIMETRE: f64 = 1.0 / 2.54;

/// The highest value that is believed, in dots per inch: JPEG holds no higher ones.
const MAX_DPI: f64 = 65_535.0;

/// Dots per inch along both sides, in thousandths: enough for whole dots per inch, per centimetre and per metre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolution {
    /// From left to right.
    pub x_milli_dpi: u32,
    /// From top to bottom.
    pub y_milli_dpi: u32,
}

impl Resolution {
    /// Of dots per unit of so many inches. `None` for what no printer has.
    pub(super) fn new(x: f64, y: f64, inches: f64) -> Option<Self> {
        let milli_dpi = |dots: f64| {
            let dpi = dots / inches;
            (dpi > 0.0 && dpi <= MAX_DPI).then(|| (dpi * 1000.0).round() as u32)
        };
        Some(Self {
            x_milli_dpi: milli_dpi(x)?,
            y_milli_dpi: milli_dpi(y)?,
        })
    }

    /// Whole dots along both sides per unit of so many inches.
    pub(super) fn dots_per(self, inches: f64) -> [u32; 2] {
        [self.x_milli_dpi, self.y_milli_dpi]
            .map(|milli_dpi| (f64::from(milli_dpi) * inches / 1000.0).round() as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::{INCHES_PER_CENTIMETRE, INCHES_PER_METRE, Resolution};

    #[test]
    fn whole_numbers_survive_in_every_unit() {
        for inches in [1.0, INCHES_PER_CENTIMETRE, INCHES_PER_METRE] {
            for dots in [1, 72, 300, 2835, 11_811] {
                let resolution = Resolution::new(f64::from(dots), f64::from(dots), inches).unwrap();
                assert_eq!(resolution.dots_per(inches), [dots, dots]);
            }
        }
        assert_eq!(Resolution::new(0.0, 72.0, 1.0), None);
    }
}
