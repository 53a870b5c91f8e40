//! Memory of maps, kept from one run to the next.
//!
//! A map of fresh zeros costs a page fault for every 4 KiB at its first touch, a tenth of a fill. A buffer that an
//! earlier map lay in costs nothing, but holds what stood there: [`Buffer::is_zero`] says so, and the engine clears
//! what must be zero.

use std::sync::{Arc, Mutex, PoisonError};

/// Values that are kept while nothing runs: 128 MiB, the maps of a picture of 1024 × 1024 at width 32.
const MAX_KEPT: usize = 32 << 20;

/// Values of a map.
#[derive(Debug)]
pub(super) struct Buffer {
    pub(super) values: Vec<f32>,
    /// Whether all values are zero; else they are those of an earlier map.
    pub(super) is_zero: bool,
}

impl Buffer {
    /// Fresh zeros.
    pub(super) fn zeros(len: usize) -> Self {
        Self {
            values: vec![0.0; len],
            is_zero: true,
        }
    }
}

/// Buffers that nobody uses. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    kept: Arc<Mutex<Vec<Vec<f32>>>>,
    /// Values that are kept at most.
    limit: usize,
}

impl Default for Pool {
    fn default() -> Self {
        Self::with_limit(MAX_KEPT)
    }
}

impl Pool {
    /// A pool that keeps at most so many values.
    pub(super) fn with_limit(limit: usize) -> Self {
        Self {
            kept: Arc::default(),
            limit,
        }
    }

    /// A buffer of `len` values: the smallest there is of at most twice the size, or a new one.
    pub(super) fn take(&self, len: usize) -> Buffer {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let sizes = kept.iter().map(Vec::capacity).enumerate();
        let best = sizes
            .filter(|(_, capacity)| (len..=2 * len).contains(capacity))
            .min_by_key(|&(_, capacity)| capacity);
        match best {
            Some((index, _)) => {
                let mut values = kept.swap_remove(index);
                drop(kept);
                values.resize(len, 0.0);
                Buffer {
                    values,
                    is_zero: false,
                }
            }
            None => Buffer::zeros(len),
        }
    }

    /// Keeps a buffer for later, as long as all together stay below the limit.
    pub(super) fn give_back(&self, values: Vec<f32>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let sum: usize = kept.iter().map(Vec::capacity).sum();
        if sum + values.capacity() <= self.limit {
            kept.push(values);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_KEPT, Pool};

    #[test]
    fn a_buffer_comes_back_for_a_map_of_its_size_and_not_for_a_much_smaller_one() {
        let pool = Pool::default();
        pool.give_back(vec![7.0; 100]);
        assert!(pool.take(20).is_zero, "a fifth of the size");
        let again = pool.take(80);
        assert!(!again.is_zero, "an earlier map lies in it");
        assert_eq!(again.values, [7.0; 80]);
        assert!(pool.take(80).is_zero, "it was taken");
    }

    #[test]
    fn no_more_than_the_limit_is_kept() {
        let pool = Pool::default();
        pool.give_back(Vec::with_capacity(MAX_KEPT - 10));
        pool.give_back(vec![1.0; 11]);
        assert!(pool.take(11).is_zero, "it was too much");
    }
}
