//! One line of steps for strokes, mask edits and removals, with bounded memory.
//!
//! Each step holds the operations that cross it in the one direction that is possible now; crossing it exchanges
//! them for the opposite ones. Past the limit the oldest steps are forgotten.

use std::{collections::VecDeque, ops::AddAssign, sync::Arc};

use super::{Changed, Document, Removal, Target, tile::Tile};
use crate::imaging::Rect;

/// Memory that the history may take.
pub(super) const HISTORY_BYTES: usize = 512 << 20;

/// An elementary change that knows its inverse.
#[derive(Debug, Clone)]
pub(super) enum Op {
    /// Exchanges these parts of a mask.
    Paint(Target, Vec<Tile>),
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
    pub(super) fn apply(self, document: &mut Document, changed: &mut Changed) -> Option<Self> {
        match self {
            Self::Paint(target, tiles) => paint(target, tiles, document, changed),
            Self::Insert { index, removal } => Some(insert(index, *removal, document, changed)),
            Self::Take { index } => take(index, document, changed),
            Self::Replace { index, removal } => replace(index, *removal, document, changed),
            Self::Visible { index, visible } => {
                let removal = document.removals.get_mut(index)?;
                let before = std::mem::replace(&mut removal.visible, visible);
                changed.result.extend(removal.rects());
                Some(Self::Visible {
                    index,
                    visible: before,
                })
            }
            Self::Rename { index, name } => {
                let before = std::mem::replace(&mut document.removals.get_mut(index)?.name, name);
                Some(Self::Rename { index, name: before })
            }
        }
    }

    /// What of the document it changes.
    const fn part(&self) -> Option<Part> {
        match self {
            Self::Paint(Target::Remove, _) => Some(Part::Mask),
            Self::Paint(Target::KeepOut, _) => Some(Part::KeepOut),
            Self::Insert { .. } | Self::Take { .. } | Self::Replace { .. } | Self::Visible { .. } => {
                Some(Part::Result)
            }
            Self::Rename { .. } => None,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Paint(_, tiles) => tiles.iter().map(Tile::bytes).sum(),
            Self::Insert { removal, .. } | Self::Replace { removal, .. } => removal.bytes(),
            Self::Take { .. } | Self::Visible { .. } | Self::Rename { .. } => size_of::<Self>(),
        }
    }
}

fn paint(target: Target, tiles: Vec<Tile>, document: &mut Document, changed: &mut Changed) -> Option<Op> {
    if tiles.is_empty() {
        return None;
    }
    changed.of(target).extend(tiles.iter().map(|tile| tile.rect));
    let mask = document.painted_mut(target);
    let before = tiles.into_iter().map(|tile| tile.swap(mask)).collect();
    Some(Op::Paint(target, before))
}

fn insert(index: usize, removal: Removal, document: &mut Document, changed: &mut Changed) -> Op {
    if removal.visible {
        changed.result.extend(removal.rects());
    }
    let index = index.min(document.removals.len());
    document.removals.insert(index, removal);
    Op::Take { index }
}

fn take(index: usize, document: &mut Document, changed: &mut Changed) -> Option<Op> {
    if index >= document.removals.len() {
        return None;
    }
    let removal = Box::new(document.removals.remove(index));
    if removal.visible {
        changed.result.extend(removal.rects());
    }
    Some(Op::Insert { index, removal })
}

fn replace(index: usize, removal: Removal, document: &mut Document, changed: &mut Changed) -> Option<Op> {
    let place = document.removals.get_mut(index)?;
    let before = Box::new(std::mem::replace(place, removal));
    changed.result.extend(before.rects().chain(place.rects()));
    Some(Op::Replace {
        index,
        removal: before,
    })
}

/// How many pixels a change goes over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Touched {
    pub(super) mask: u64,
    pub(super) keep_out: u64,
    pub(super) result: u64,
}

impl Touched {
    pub(super) fn by(changed: &Changed) -> Self {
        let area = |rects: &[Rect]| rects.iter().map(Rect::area).sum();
        Self {
            mask: area(&changed.mask),
            keep_out: area(&changed.keep_out),
            result: area(&changed.result),
        }
    }
}

impl AddAssign for Touched {
    fn add_assign(&mut self, other: Self) {
        self.mask += other.mask;
        self.keep_out += other.keep_out;
        self.result += other.result;
    }
}

/// What can be in a file of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What should go.
    Mask,
    /// What nothing is to be copied from.
    KeepOut,
    /// The photo with all visible removals.
    Result,
}

impl Part {
    const COUNT: usize = 3;
}

#[derive(Debug, Clone)]
struct Step {
    name: String,
    state: u64,
    /// By the place of the part in [`Part`]: whether it is changed.
    changes: [bool; Part::COUNT],
    ops: Vec<Op>,
    bytes: usize,
    /// What crossing it goes over, either way.
    touched: Touched,
}

/// The steps and how many of them are in effect. A clone shares the steps.
#[derive(Debug, Clone)]
pub(super) struct History {
    steps: VecDeque<Arc<Step>>,
    position: usize,
    limit_bytes: usize,
    bytes: usize,
    /// The state before the first step that is still known.
    base_state: u64,
    /// The same of each part.
    base_states: [u64; Part::COUNT],
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
            base_states: [0; Part::COUNT],
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

    /// The state after the last step in effect that changed this part.
    pub(super) fn state_of(&self, part: Part) -> u64 {
        let mut in_effect = self.steps.range(..self.position).rev();
        let last = in_effect.find(|step| step.changes[part as usize]);
        last.map_or(self.base_states[part as usize], |step| step.state)
    }

    /// Whether the oldest steps were forgotten.
    pub(super) const fn has_forgotten(&self) -> bool {
        self.base_state != 0
    }

    /// Adds a step that was just done; `ops` take it back. What was undone before is forgotten.
    pub(super) fn push(&mut self, name: String, ops: Vec<Op>, touched: Touched) {
        for undone in self.steps.drain(self.position..) {
            self.bytes -= undone.bytes;
        }
        let bytes = bytes_of(&name, &ops);
        let state = self.next_state;
        self.next_state += 1;
        let mut changes = [false; Part::COUNT];
        for part in ops.iter().filter_map(Op::part) {
            changes[part as usize] = true;
        }
        self.steps.push_back(Arc::new(Step {
            name,
            state,
            changes,
            ops,
            bytes,
            touched,
        }));
        self.position += 1;
        self.bytes += bytes;
        self.forget_oldest();
    }

    /// What going to `position` goes over.
    pub(super) fn touched_to(&self, position: usize) -> Touched {
        let crossed = self.position.min(position)..self.position.max(position);
        let steps = self.steps.iter().skip(crossed.start).take(crossed.len());
        steps.fold(Touched::default(), |mut sum, step| {
            sum += step.touched;
            sum
        })
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
        let step = Arc::make_mut(&mut self.steps[index]);
        self.bytes -= step.bytes;
        step.bytes = bytes_of(&step.name, &ops);
        step.ops = ops;
        self.bytes += step.bytes;
    }

    fn take_ops(&mut self, index: usize) -> Vec<Op> {
        std::mem::take(&mut Arc::make_mut(&mut self.steps[index]).ops)
    }

    /// The newest step is always kept, however large.
    fn forget_oldest(&mut self) {
        while self.bytes > self.limit_bytes && self.position > 1 {
            let Some(oldest) = self.steps.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes;
            self.base_state = oldest.state;
            for (base, changes) in self.base_states.iter_mut().zip(oldest.changes) {
                if changes {
                    *base = oldest.state;
                }
            }
            self.position -= 1;
        }
    }
}

fn bytes_of(name: &str, ops: &[Op]) -> usize {
    size_of::<Step>() + name.len() + ops.iter().map(Op::bytes).sum::<usize>()
}
