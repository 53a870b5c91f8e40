//! The transforms of Winograd's F(2 × 2, 3 × 3): squares of 4 × 4 inputs and 3 × 3 weights to sixteen parts, and back.
//!
//! Only additions along rows, inlined into functions that have the processor's instructions.

/// Values that a square becomes.
pub(super) const PARTS: usize = 16;

/// `G g Gᵀ` with the rows `1 0 0`, `½ ½ ½`, `½ −½ ½`, `0 0 1` of G.
pub(super) fn transformed_weight(weight: impl Fn(usize) -> f32) -> [f32; PARTS] {
    let along = |[a, b, c]: [f32; 3]| {
        let (ends, middle) = (0.5 * (a + c), 0.5 * b);
        [a, ends + middle, ends - middle, c]
    };
    let columns: [[f32; 4]; 3] =
        std::array::from_fn(|column| along(std::array::from_fn(|row| weight(row * 3 + column))));
    let mut parts = [0.0; PARTS];
    for (row, parts) in parts.chunks_mut(4).enumerate() {
        parts.copy_from_slice(&along(std::array::from_fn(|column| columns[column][row])));
    }
    parts
}

/// Four rows to transform.
pub(super) struct Input<'a> {
    /// Two values more than twice the count, each.
    pub(super) rows: &'a [f32],
    /// As many values to use.
    pub(super) halves: &'a mut [f32],
    /// Squares.
    pub(super) count: usize,
    /// The first part's first square.
    pub(super) to: &'a mut [f32],
    /// Values from one part to the next.
    pub(super) part_len: usize,
}

/// `Bᵀ d B` of every square: all rows apart, each in even and odd columns.
#[inline(always)]
pub(super) fn spread(input: Input<'_>) {
    let Input {
        rows,
        halves,
        count,
        to,
        part_len,
    } = input;
    let half = count + 1;
    let (even, odd) = halves.split_at_mut(4 * half);
    let (even, odd) = (&mut even[..4 * half], &mut odd[..4 * half]);
    for ((pair, even), odd) in rows.as_chunks::<2>().0.iter().zip(&mut *even).zip(&mut *odd) {
        [*even, *odd] = *pair;
    }
    let row = |index: usize| (&even[index * half..][..half], &odd[index * half..][..half]);
    for (index, to) in to.chunks_mut(4 * part_len).take(4).enumerate() {
        match index {
            0 => spread_row(row(0), row(2), |x, y| x - y, part_len, to),
            1 => spread_row(row(1), row(2), |x, y| x + y, part_len, to),
            2 => spread_row(row(2), row(1), |x, y| x - y, part_len, to),
            _ => spread_row(row(1), row(3), |x, y| x - y, part_len, to),
        }
    }
}

/// Four parts from the even and odd columns of two rows.
#[inline(always)]
fn spread_row(
    first: (&[f32], &[f32]),
    second: (&[f32], &[f32]),
    join: impl Fn(f32, f32) -> f32,
    part_len: usize,
    to: &mut [f32],
) {
    let count = first.0.len() - 1;
    let (a, to) = to.split_at_mut(part_len);
    let (b, to) = to.split_at_mut(part_len);
    let (c, d) = to.split_at_mut(part_len);
    let (a, b, c, d) = (&mut a[..count], &mut b[..count], &mut c[..count], &mut d[..count]);
    let (evens, odds) = ((first.0, second.0), (first.1, second.1));
    let (evens_after, odds_after) = ((&evens.0[1..], &evens.1[1..]), (&odds.0[1..], &odds.1[1..]));
    for at in 0..count {
        let from = |(first, second): (&[f32], &[f32])| join(first[at], second[at]);
        let (x, y, z, w) = (from(evens), from(odds), from(evens_after), from(odds_after));
        a[at] = x - z;
        b[at] = y + z;
        c[at] = z - y;
        d[at] = y - w;
    }
}

/// Sums of a run of squares to transform back.
pub(super) struct Output<'a> {
    /// The first part's first square.
    pub(super) parts: &'a [f32],
    /// Values from one part to the next.
    pub(super) part_len: usize,
    /// The rows to make, twice as long as there are squares.
    pub(super) upper: &'a mut [f32],
    pub(super) lower: &'a mut [f32],
}

/// `Aᵀ m A` of every square.
#[inline(always)]
pub(super) fn gather(output: Output<'_>) {
    let Output {
        parts,
        part_len,
        upper,
        lower,
    } = output;
    let upper = upper.as_chunks_mut::<2>().0;
    let lower = &mut lower.as_chunks_mut::<2>().0[..upper.len()];
    let count = upper.len();
    let parts: [&[f32]; PARTS] = std::array::from_fn(|part| &parts[part * part_len..][..count]);
    for at in 0..count {
        let column = |column: usize| {
            let [a, b, c, d] = std::array::from_fn(|row| parts[4 * row + column][at]);
            (a + b + c, b - c - d)
        };
        let [a, b, c, d] = std::array::from_fn(column);
        upper[at] = [a.0 + b.0 + c.0, b.0 - c.0 - d.0];
        lower[at] = [a.1 + b.1 + c.1, b.1 - c.1 - d.1];
    }
}
