//! The minimum cut of a small graph with up to four neighbours per node: what an expansion move asks for.
//!
//! Boykov and Kolmogorov, "An Experimental Comparison of Min-Cut/Max-Flow Algorithms" (PAMI 2004): two search trees
//! that are kept from one augmentation to the next. Capacities are integers, so the result is exact, and the order
//! of everything is fixed, so it is the same on every machine.

use std::collections::VecDeque;

/// Where a node has no neighbour.
pub(super) const NOBODY: u32 = u32::MAX;
/// Directions come in pairs: `direction ^ 1` leads back.
pub(super) const DIRECTIONS: usize = 4;

/// `parent` of a root: the terminal itself.
const TERMINAL: u8 = 4;
/// `parent` of a node that has lost its own.
const ORPHAN: u8 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tree {
    Free,
    Source,
    Sink,
}

/// A graph whose minimum cut is wanted.
#[derive(Debug)]
pub(super) struct Graph<'a> {
    neighbours: &'a [[u32; DIRECTIONS]],
    /// What still flows to the neighbour in each direction.
    room: Vec<[i32; DIRECTIONS]>,
    /// What still flows in from the source, or, below 0, out to the sink.
    excess: Vec<i32>,
    tree: Vec<Tree>,
    parent: Vec<u8>,
    /// Steps to the terminal, as of the augmentation in `seen`.
    distance: Vec<u32>,
    seen: Vec<u32>,
    active: VecDeque<u32>,
    is_active: Vec<bool>,
    orphans: VecDeque<u32>,
    time: u32,
}

impl<'a> Graph<'a> {
    /// A graph without capacities. `neighbours[node][direction]` is a node, whose neighbour in the opposite
    /// direction is `node`, or [`NOBODY`].
    pub(super) fn new(neighbours: &'a [[u32; DIRECTIONS]]) -> Self {
        let count = neighbours.len();
        Self {
            neighbours,
            room: vec![[0; DIRECTIONS]; count],
            excess: vec![0; count],
            tree: vec![Tree::Free; count],
            parent: vec![ORPHAN; count],
            distance: vec![0; count],
            seen: vec![0; count],
            active: VecDeque::new(),
            is_active: vec![false; count],
            orphans: VecDeque::new(),
            time: 0,
        }
    }

    /// Lets `node` cost `cost` on the sink's side (below 0: `-cost` on the source's side).
    pub(super) fn add_cost(&mut self, node: usize, cost: i32) {
        self.excess[node] += cost;
    }

    /// Lets it cost `cost` when `node` is on the source's side and its neighbour on the sink's.
    pub(super) fn add_edge(&mut self, node: usize, direction: usize, cost: i32) {
        self.room[node][direction] += cost;
    }

    /// Cuts; true for every node on the sink's side.
    pub(super) fn cut(mut self) -> Vec<bool> {
        for node in 0..self.excess.len() {
            if self.excess[node] != 0 {
                self.tree[node] = if self.excess[node] > 0 {
                    Tree::Source
                } else {
                    Tree::Sink
                };
                (self.parent[node], self.distance[node]) = (TERMINAL, 1);
                self.activate(node as u32);
            }
        }
        while let Some(&node) = self.active.front() {
            let Some((from, direction)) = self.grow(node as usize) else {
                self.active.pop_front();
                self.is_active[node as usize] = false;
                continue;
            };
            self.time += 1;
            self.augment(from, direction);
            while let Some(orphan) = self.orphans.pop_front() {
                self.adopt(orphan as usize);
            }
        }
        self.tree.iter().map(|tree| *tree != Tree::Source).collect()
    }

    fn activate(&mut self, node: u32) {
        if !self.is_active[node as usize] {
            self.is_active[node as usize] = true;
            self.active.push_back(node);
        }
    }

    fn neighbour(&self, node: usize, direction: usize) -> Option<usize> {
        let neighbour = self.neighbours[node][direction];
        (neighbour != NOBODY).then_some(neighbour as usize)
    }

    /// What can still flow along the tree of `node` from it to (source) or to it from (sink) its neighbour.
    fn room_outwards(&self, node: usize, direction: usize, neighbour: usize) -> i32 {
        match self.tree[node] {
            Tree::Source => self.room[node][direction],
            _ => self.room[neighbour][direction ^ 1],
        }
    }

    /// Adds the neighbours of `node` to its tree. Stops where it meets the other tree: the edge from the source's
    /// tree to the sink's.
    fn grow(&mut self, node: usize) -> Option<(usize, usize)> {
        if self.tree[node] == Tree::Free {
            return None;
        }
        for direction in 0..DIRECTIONS {
            let Some(other) = self.neighbour(node, direction) else {
                continue;
            };
            if self.room_outwards(node, direction, other) <= 0 {
                continue;
            }
            if self.tree[other] == Tree::Free {
                self.tree[other] = self.tree[node];
                self.parent[other] = (direction ^ 1) as u8;
                (self.distance[other], self.seen[other]) = (self.distance[node] + 1, self.seen[node]);
                self.activate(other as u32);
            } else if self.tree[other] != self.tree[node] {
                return Some(match self.tree[node] {
                    Tree::Source => (node, direction),
                    _ => (other, direction ^ 1),
                });
            } else if self.seen[other] <= self.seen[node] && self.distance[other] > self.distance[node] + 1 {
                self.parent[other] = (direction ^ 1) as u8;
                (self.distance[other], self.seen[other]) = (self.distance[node] + 1, self.seen[node]);
            }
        }
        None
    }

    /// Sends as much as possible from the source over the edge at `from` to the sink.
    fn augment(&mut self, from: usize, direction: usize) {
        let to = self.neighbours[from][direction] as usize;
        let mut most = self.room[from][direction];
        for end in [from, to] {
            most = most.min(self.room_to_root(end));
        }
        self.room[from][direction] -= most;
        self.room[to][direction ^ 1] += most;
        for end in [from, to] {
            self.send(end, most);
        }
    }

    fn room_to_root(&self, mut node: usize) -> i32 {
        let mut room = i32::MAX;
        loop {
            let direction = usize::from(self.parent[node]);
            if direction >= DIRECTIONS {
                return room.min(self.excess[node].abs());
            }
            let parent = self.neighbours[node][direction] as usize;
            room = room.min(match self.tree[node] {
                Tree::Source => self.room[parent][direction ^ 1],
                _ => self.room[node][direction],
            });
            node = parent;
        }
    }

    /// Takes `amount` from the path between `node` and its terminal; what is used up cuts its tree.
    fn send(&mut self, mut node: usize, amount: i32) {
        loop {
            let direction = usize::from(self.parent[node]);
            if direction >= DIRECTIONS {
                self.excess[node] -= amount * self.excess[node].signum();
                if self.excess[node] == 0 {
                    self.parent[node] = ORPHAN;
                    self.orphans.push_back(node as u32);
                }
                return;
            }
            let parent = self.neighbours[node][direction] as usize;
            let (used, freed) = match self.tree[node] {
                Tree::Source => ((parent, direction ^ 1), (node, direction)),
                _ => ((node, direction), (parent, direction ^ 1)),
            };
            self.room[freed.0][freed.1] += amount;
            self.room[used.0][used.1] -= amount;
            if self.room[used.0][used.1] == 0 {
                self.parent[node] = ORPHAN;
                self.orphans.push_back(node as u32);
            }
            node = parent;
        }
    }

    /// Finds the nearest new parent for a node that lost its own, or frees the node and its children.
    fn adopt(&mut self, node: usize) {
        let mut best: Option<(u32, usize)> = None;
        for direction in 0..DIRECTIONS {
            let Some(other) = self.neighbour(node, direction) else {
                continue;
            };
            if self.tree[other] == self.tree[node]
                && self.room_outwards(other, direction ^ 1, node) > 0
                && let Some(distance) = self.distance_to_root(other)
                && best.is_none_or(|(least, _)| distance < least)
            {
                best = Some((distance, direction));
            }
        }
        if let Some((distance, direction)) = best {
            self.parent[node] = direction as u8;
            (self.distance[node], self.seen[node]) = (distance + 1, self.time);
            return;
        }
        for direction in 0..DIRECTIONS {
            let Some(other) = self.neighbour(node, direction) else {
                continue;
            };
            if self.tree[other] != self.tree[node] {
                continue;
            }
            if self.room_outwards(other, direction ^ 1, node) > 0 {
                self.activate(other as u32);
            }
            if usize::from(self.parent[other]) == direction ^ 1 {
                self.parent[other] = ORPHAN;
                self.orphans.push_back(other as u32);
            }
        }
        self.tree[node] = Tree::Free;
    }

    /// Steps from `node` to its terminal; `None` if an orphan lies between. Remembers what it learned.
    fn distance_to_root(&mut self, node: usize) -> Option<u32> {
        let (mut at, mut steps) = (node, 0);
        let known = loop {
            if self.seen[at] == self.time && self.parent[at] != ORPHAN {
                break self.distance[at];
            }
            match usize::from(self.parent[at]) {
                direction if direction < DIRECTIONS => at = self.neighbours[at][direction] as usize,
                terminal if terminal == usize::from(TERMINAL) => break 1,
                _ => return None,
            }
            steps += 1;
        };
        let total = known + steps;
        let (mut at, mut distance) = (node, total);
        while self.seen[at] != self.time {
            (self.seen[at], self.distance[at]) = (self.time, distance);
            let direction = usize::from(self.parent[at]);
            if direction >= DIRECTIONS {
                break;
            }
            at = self.neighbours[at][direction] as usize;
            distance -= 1;
        }
        Some(total)
    }
}

#[cfg(test)]
mod tests {
    use super::{DIRECTIONS, Graph, NOBODY};
    use crate::imaging::random::Random;

    const WIDTH: usize = 4;
    const COUNT: usize = 12;

    /// A grid of 4 × 3 nodes.
    fn grid() -> Vec<[u32; DIRECTIONS]> {
        (0..COUNT)
            .map(|at| {
                let there = |is: bool, to: usize| if is { to as u32 } else { NOBODY };
                [
                    there(at % WIDTH + 1 < WIDTH, at + 1),
                    there(at % WIDTH > 0, at.wrapping_sub(1)),
                    there(at + WIDTH < COUNT, at + WIDTH),
                    there(at >= WIDTH, at.wrapping_sub(WIDTH)),
                ]
            })
            .collect()
    }

    #[test]
    fn no_other_cut_is_cheaper() {
        let neighbours = grid();
        for trial in 0..200 {
            let mut random = Random::keyed(trial, [0; 4]);
            let nodes: Vec<i32> = (0..COUNT).map(|_| random.below(41) as i32 - 20).collect();
            let edges: Vec<[i32; DIRECTIONS]> = neighbours
                .iter()
                .map(|all| {
                    all.map(|other| {
                        if other == NOBODY {
                            0
                        } else {
                            random.below(12) as i32
                        }
                    })
                })
                .collect();
            let mut graph = Graph::new(&neighbours);
            for (node, &cost) in nodes.iter().enumerate() {
                graph.add_cost(node, cost);
                (0..DIRECTIONS).for_each(|direction| graph.add_edge(node, direction, edges[node][direction]));
            }
            let cost_of = |sides: &dyn Fn(usize) -> bool| -> i32 {
                let node = |node: usize| match sides(node) {
                    true => nodes[node].max(0),
                    false => (-nodes[node]).max(0),
                };
                let cut = |node: usize, direction: usize| {
                    let other = neighbours[node][direction];
                    let is_cut = other != NOBODY && !sides(node) && sides(other as usize);
                    if is_cut { edges[node][direction] } else { 0 }
                };
                let edges = |at: usize| (0..DIRECTIONS).map(move |direction| (at, direction));
                (0..COUNT).map(node).sum::<i32>()
                    + (0..COUNT)
                        .flat_map(edges)
                        .map(|(at, way)| cut(at, way))
                        .sum::<i32>()
            };
            let sides = graph.cut();
            let found = cost_of(&|node| sides[node]);
            let least = (0..1u32 << COUNT)
                .map(|sides| cost_of(&|node| sides >> node & 1 == 1))
                .min();
            assert_eq!(Some(found), least, "trial {trial}");
        }
    }
}
