//! One line of steps for strokes, mask edits and removals, with bounded memory.
//!
//! Each step holds the operations that cross it in the one direction that is possible now; crossing it exchanges
//! them for the opposite ones. Past the limit the oldest steps are forgotten.

use std::collections::VecDeque;

use super::{Changed, Removal, tile::Tile};
use crate::imaging::Mask;

/// Memory that the history may take.
pub const HISTORY_BYTES: usize = 512 << 20;

/// An elementary change that knows its inverse.
#[derive(Debug)]
pub(super) enum Op {
    /// Exchanges these parts of the mask.
    Mask(Vec<Tile>),
    /// Exchanges these parts of the keep-out area.
    KeepOut(Vec<Tile>),
    Insert {
        index: usize,
        removal: Box<Removal>,
    },
    Take {
        index: usize,
    },
    /// Exchanges a whole removal.
    Replace {
        index: usize,
        removal: Box<Removal>,
    },
    Visible {
        index: usize,
        visible: bool,
    },
    Rename {
        index: usize,
        name: String,
    },
}

impl Op {
    /// Carries the change out, notes what it touched and returns its inverse. `None` if it changed nothing.
    pub(super) fn apply(
        self,
        mask: &mut Mask,
        keep_out: &mut Option<Mask>,
        removals: &mut Vec<Removal>,
        changed: &mut Changed,
    ) -> Option<Self> {
        match self {
            Self::Mask(tiles) => {
                changed.mask.extend(tiles.iter().map(|tile| tile.rect));
                let before: Vec<Tile> = tiles.into_iter().map(|tile| tile.swap(mask)).collect();
                (!before.is_empty()).then_some(Self::Mask(before))
            }
            Self::KeepOut(tiles) => {
                let (width, height) = (mask.width(), mask.height());
                let area = keep_out.get_or_insert_with(|| Mask::empty(width, height));
                changed.keep_out.extend(tiles.iter().map(|tile| tile.rect));
                let before: Vec<Tile> = tiles.into_iter().map(|tile| tile.swap(area)).collect();
                (!before.is_empty()).then_some(Self::KeepOut(before))
            }
            Self::Replace { index, removal } => {
                let place = removals.get_mut(index)?;
                let before = Box::new(std::mem::replace(place, *removal));
                changed.result.extend(before.rects().chain(place.rects()));
                Some(Self::Replace {
                    index,
                    removal: before,
                })
            }
            Self::Insert { index, removal } => {
                if removal.visible {
                    changed.result.extend(removal.rects());
                }
                let index = index.min(removals.len());
                removals.insert(index, *removal);
                Some(Self::Take { index })
            }
            Self::Take { index } if index < removals.len() => {
                let removal = removals.remove(index);
                if removal.visible {
                    changed.result.extend(removal.rects());
                }
                let removal = Box::new(removal);
                Some(Self::Insert { index, removal })
            }
            Self::Visible { index, visible } => {
                let removal = removals.get_mut(index)?;
                let before = std::mem::replace(&mut removal.visible, visible);
                changed.result.extend(removal.rects());
                Some(Self::Visible {
                    index,
                    visible: before,
                })
            }
            Self::Rename { index, name } => {
                let before = std::mem::replace(&mut removals.get_mut(index)?.name, name);
                Some(Self::Rename { index, name: before })
            }
            Self::Take { .. } => None,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Mask(tiles) | Self::KeepOut(tiles) => tiles.iter().map(Tile::bytes).sum(),
            Self::Insert { removal, .. } | Self::Replace { removal, .. } => removal.bytes(),
            Self::Take { .. } | Self::Visible { .. } | Self::Rename { .. } => size_of::<Self>(),
        }
    }
}

#[derive(Debug)]
struct Step {
    name: String,
    state: u64,
    ops: Vec<Op>,
    bytes: usize,
}

/// The steps and how many of them are in effect.
#[derive(Debug)]
pub(super) struct History {
    steps: VecDeque<Step>,
    position: usize,
    limit_bytes: usize,
    bytes: usize,
    /// The state before the first step that is still known.
    base_state: u64,
    next_state: u64,
}

impl History {
    pub(super) const fn new(limit_bytes: usize) -> Self {
        Self {
            steps: VecDeque::new(),
            position: 0,
            limit_bytes,
            bytes: 0,
            base_state: 0,
            next_state: 1,
        }
    }

    pub(super) fn names(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        self.steps.iter().map(|step| step.name.as_str())
    }

    pub(super) const fn position(&self) -> usize {
        self.position
    }

    pub(super) fn state(&self) -> u64 {
        match self.position {
            0 => self.base_state,
            position => self.steps[position - 1].state,
        }
    }

    /// Adds a step that was just done; `ops` take it back. What was undone before is forgotten.
    pub(super) fn push(&mut self, name: String, ops: Vec<Op>) {
        for undone in self.steps.drain(self.position..) {
            self.bytes -= undone.bytes;
        }
        let bytes = bytes_of(&name, &ops);
        let state = self.next_state;
        self.next_state += 1;
        self.steps.push_back(Step {
            name,
            state,
            ops,
            bytes,
        });
        self.position += 1;
        self.bytes += bytes;
        self.forget_oldest();
    }

    pub(super) fn limit(&mut self, bytes: usize) {
        self.limit_bytes = bytes;
        self.forget_oldest();
    }

    /// Moves before the last step in effect and hands out what takes it back; [`Self::put_back`] must follow.
    pub(super) fn step_back(&mut self) -> Option<(usize, Vec<Op>)> {
        self.position = self.position.checked_sub(1)?;
        Some((self.position, self.take_ops(self.position)))
    }

    /// Moves behind the first step that was undone and hands out what does it again; [`Self::put_back`] must
    /// follow.
    pub(super) fn step_forward(&mut self) -> Option<(usize, Vec<Op>)> {
        let index = self.position;
        self.steps.get(index)?;
        self.position += 1;
        Some((index, self.take_ops(index)))
    }

    /// Stores what crosses the step the other way.
    pub(super) fn put_back(&mut self, index: usize, ops: Vec<Op>) {
        let step = &mut self.steps[index];
        self.bytes -= step.bytes;
        step.bytes = bytes_of(&step.name, &ops);
        step.ops = ops;
        self.bytes += step.bytes;
    }

    fn take_ops(&mut self, index: usize) -> Vec<Op> {
        std::mem::take(&mut self.steps[index].ops)
    }

    /// The newest step is always kept, however large.
    fn forget_oldest(&mut self) {
        while self.bytes > self.limit_bytes && self.position > 1 {
            let Some(oldest) = self.steps.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes;
            self.base_state = oldest.state;
            self.position -= 1;
        }
    }
}

fn bytes_of(name: &str, ops: &[Op]) -> usize {
    size_of::<Step>() + name.len() + ops.iter().map(Op::bytes).sum::<usize>()
}
