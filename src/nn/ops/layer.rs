//! One fused layer over a whole map: which outputs, from where to where, split over threads.
//!
//! Maps lie row by row, all channels of a position together, with a border of zeros as wide as the next window
//! reaches, so that no window asks whether it is at the edge. Holes hold zeros too: a layer writes only its valid
//! outputs into a map that is zero elsewhere. That makes masking free, and skips what would be thrown away.

#![expect(
    unsafe_code,
    reason = "threads write disjoint outputs of one map through pointers"
)]

use candle_core::bail;
use rayon::prelude::{
    IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _, ParallelSlice as _,
};

use super::{
    fused::FillError,
    kernel::{Kernel, PICTURE_TILE, Panel, Segment, TILE, Tile, picture_kernel},
    mask::{Plane, Sums},
    pack::{Packed, UPSAMPLED_VARIANTS, Window, upsampled_case},
    simd::Instructions,
};
use crate::{nn::partial_conv::Geometry, progress::Cancelled};

/// Outputs that one task makes: their inputs and a panel of weights stay in a core's own cache.
const BLOCK: usize = 16 * TILE;
/// Outputs that are grouped together, at least: whole rows that a core's own cache holds the inputs of.
const BAND: usize = 4096;
/// Tasks below which a layer's channels are split too.
const ENOUGH_TASKS: usize = 32;
/// Multiply-adds of each thread between two chances to stop: 8 ms with AVX2, less than 100 ms with the slowest code.
const STEP: u64 = 400_000_000;

/// Size of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MapShape {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    /// Zeros around it.
    pub(super) border: usize,
}

impl MapShape {
    pub(super) const fn row_len(&self) -> usize {
        (self.width + 2 * self.border) * self.channels
    }

    pub(super) const fn len(&self) -> usize {
        (self.height + 2 * self.border) * self.row_len()
    }

    /// Index of a position's first channel, `y` rows and `x` columns from the first of the border.
    const fn at(&self, y: usize, x: usize) -> usize {
        y * self.row_len() + x * self.channels
    }

    /// Index of a position's first channel.
    pub(super) const fn inside(&self, y: usize, x: usize) -> usize {
        self.at(y + self.border, x + self.border)
    }
}

/// A map to read.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) values: &'a [f32],
    pub(super) shape: MapShape,
}

/// An output to compute.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Target {
    y: u32,
    x: u32,
    /// `sum(1)/sum(M)`
    ratio: f32,
}

/// Outputs that lie near each other and need the same case of the window.
#[derive(Debug, Clone)]
struct Group {
    variant: usize,
    targets: Vec<Target>,
}

/// The outputs to compute.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    height: usize,
    width: usize,
    groups: Vec<Group>,
}

impl Plan {
    /// All outputs whose window holds anything and that are `needed`.
    pub(super) fn new(packed: &Packed, sums: &Sums, needed: Option<&Plane>) -> Self {
        let rows_per_band = BAND.div_ceil(sums.width);
        let bands = sums.values.par_chunks(rows_per_band * sums.width).enumerate();
        let groups = bands.flat_map_iter(|(band, sums_of_band)| {
            plan_band(packed, sums, band * rows_per_band, sums_of_band, needed)
        });
        Self {
            height: sums.height,
            width: sums.width,
            groups: groups.collect(),
        }
    }
}

/// The outputs of some whole rows, of which `first_row` is the first.
fn plan_band(
    packed: &Packed,
    sums: &Sums,
    first_row: usize,
    sums_of_band: &[u32],
    needed: Option<&Plane>,
) -> impl Iterator<Item = Group> {
    let window_len = packed.window_len() as f32;
    let is_upsampled = packed.window == Window::Upsampled;
    let mut groups: [Vec<Target>; UPSAMPLED_VARIANTS] = Default::default();
    for (row, sums_of_row) in sums_of_band.chunks(sums.width).enumerate() {
        let y = first_row + row;
        let row_case = if is_upsampled {
            3 * upsampled_case(y, sums.height)
        } else {
            0
        };
        for (x, &sum) in sums_of_row.iter().enumerate() {
            if sum == 0 || needed.is_some_and(|needed| !needed.is_set(y, x)) {
                continue;
            }
            let case = if is_upsampled {
                upsampled_case(x, sums.width)
            } else {
                0
            };
            groups[row_case + case].push(Target {
                y: y as u32,
                x: x as u32,
                ratio: window_len / sum as f32,
            });
        }
    }
    let groups = groups.into_iter().enumerate();
    groups
        .filter(|(_, targets)| !targets.is_empty())
        .map(|(variant, targets)| Group { variant, targets })
}

impl Plan {
    /// Number of outputs, per channel.
    pub(super) fn outputs(&self) -> usize {
        self.groups.iter().map(|group| group.targets.len()).sum()
    }

    /// Multiplications for all outputs of all channels.
    pub(super) fn multiply_adds(&self, packed: &Packed) -> u64 {
        let window = |variant: usize| {
            packed.stretches[variant]
                .iter()
                .map(|stretch| stretch.len)
                .sum::<usize>()
        };
        let per_channel = self
            .groups
            .iter()
            .map(|group| group.targets.len() * window(group.variant));
        (per_channel.sum::<usize>() * packed.out_channels) as u64
    }

    /// The map that the planned outputs lie in.
    pub(super) const fn shape(&self, channels: usize, border: usize) -> MapShape {
        MapShape {
            height: self.height,
            width: self.width,
            channels,
            border,
        }
    }
}

/// Part of a layer: some outputs, some panels of channels.
struct Task<'a> {
    targets: &'a [Target],
    segments: &'a [Segment],
    panels: std::ops::Range<usize>,
}

impl Task<'_> {
    fn multiply_adds(&self, packed: &Packed) -> u64 {
        let window: usize = self.segments.iter().map(|segment| segment.len).sum();
        let channels = (self.panels.end * packed.panel_width).min(packed.out_channels)
            - self.panels.start * packed.panel_width;
        (self.targets.len() * window * channels) as u64
    }
}

/// The start of the map to write, shared by the tasks.
#[derive(Clone, Copy)]
struct Output(*mut f32);

// SAFETY: tasks write disjoint outputs: no two hold the same target and the same panel.
unsafe impl Sync for Output {}

impl Output {
    /// A method, so that closures capture the whole struct.
    const fn start(self) -> *mut f32 {
        self.0
    }
}

/// Refuses maps that the layer's windows would leave: everything `unsafe` below leans on this.
fn check<'a>(
    packed: &Packed,
    sources: &[Source<'a>],
    plan: &Plan,
    shape: MapShape,
) -> candle_core::Result<[Source<'a>; 2]> {
    let (first, second) = match *sources {
        [only] => (only, only),
        [first, second] => (first, second),
        _ => bail!("a layer has one source or two, not {}", sources.len()),
    };
    let fits = |source: Source<'_>, height: usize, width: usize, channels: usize, border: usize| {
        source.values.len() == source.shape.len()
            && (source.shape.height, source.shape.width, source.shape.channels) == (height, width, channels)
            && source.shape.border >= border
    };
    let all_fit = match packed.window {
        Window::Strided(geometry) => {
            let MapShape { height, width, .. } = first.shape;
            fits(first, height, width, packed.in_channels[0], geometry.padding())
                && (shape.height, shape.width) == (geometry.output_len(height), geometry.output_len(width))
        }
        Window::Upsampled => {
            let (height, width) = (shape.height.div_ceil(2), shape.width.div_ceil(2));
            fits(first, height, width, packed.in_channels[0], 1)
                && fits(second, shape.height, shape.width, packed.in_channels[1], 1)
        }
    };
    if !all_fit || shape != plan.shape(packed.out_channels, shape.border) {
        bail!(
            "maps {:?} and {:?} do not fit a layer that makes {shape:?}",
            first.shape,
            second.shape
        );
    }
    Ok([first, second])
}

/// Splits the work into tasks that do not depend on the number of threads.
fn tasks<'a>(packed: &Packed, plan: &'a Plan, segments: &'a [Vec<Segment>]) -> Vec<Task<'a>> {
    let panels = packed.out_channels.div_ceil(packed.panel_width);
    let blocks: usize = plan
        .groups
        .iter()
        .map(|group| group.targets.len().div_ceil(BLOCK))
        .sum();
    let parts = ENOUGH_TASKS.div_ceil(blocks.max(1)).min(panels);
    let step = panels.div_ceil(parts);
    let mut tasks = Vec::with_capacity(blocks * parts);
    for group in &plan.groups {
        for targets in group.targets.chunks(BLOCK) {
            tasks.extend((0..panels).step_by(step).map(|first| Task {
                targets,
                segments: &segments[group.variant],
                panels: first..(first + step).min(panels),
            }));
        }
    }
    tasks
}

/// A layer with the maps that it reads and the size of the one that it writes.
pub(super) struct Layer<'a> {
    packed: &'a Packed,
    instructions: Instructions,
    sources: [Source<'a>; 2],
    shape: MapShape,
}

impl<'a> Layer<'a> {
    /// Refuses maps that do not fit.
    pub(super) fn new(
        packed: &'a Packed,
        instructions: Instructions,
        sources: &[Source<'a>],
        plan: &Plan,
        shape: MapShape,
    ) -> candle_core::Result<Self> {
        Ok(Self {
            packed,
            instructions,
            sources: check(packed, sources, plan, shape)?,
            shape,
        })
    }

    /// Writes the planned outputs into `values`, a map whose border and holes are zero.
    ///
    /// Calls `checkpoint` with the multiply-adds since the last call, after every few milliseconds of work.
    pub(super) fn run(
        &self,
        plan: &Plan,
        values: &mut [f32],
        checkpoint: &mut dyn FnMut(u64) -> Result<(), Cancelled>,
    ) -> Result<(), FillError> {
        if values.len() != self.shape.len()
            || plan.shape(self.shape.channels, self.shape.border) != self.shape
        {
            return Err(candle_core::Error::msg("a map of another size than the layer makes").into());
        }
        let variants = 0..self.packed.stretches.len();
        let segments: Vec<Vec<Segment>> = variants.map(|variant| self.segments(variant)).collect();
        let output = Output(values.as_mut_ptr());
        let tasks = tasks(self.packed, plan, &segments);
        let enough = STEP * rayon::current_num_threads() as u64;
        let (mut start, mut work) = (0, 0);
        for (index, task) in tasks.iter().enumerate() {
            work += task.multiply_adds(self.packed);
            if work >= enough || index + 1 == tasks.len() {
                let now = tasks[start..=index].par_iter().with_max_len(1);
                now.for_each(|task| self.run_task(task, output));
                checkpoint(work)?;
                (start, work) = (index + 1, 0);
            }
        }
        Ok(())
    }

    fn segments(&self, variant: usize) -> Vec<Segment> {
        let segments = self.packed.stretches[variant].iter().map(|stretch| {
            let shape = &self.sources[stretch.source].shape;
            Segment {
                source: stretch.source,
                shift: shape.at(stretch.row, stretch.column),
                len: stretch.len,
                weights: stretch.weights,
            }
        });
        segments.collect()
    }

    fn run_task(&self, task: &Task<'_>, output: Output) {
        if self.packed.is_picture {
            let kernel = picture_kernel(self.instructions);
            self.run_with(task, output, |tile: &Tile<PICTURE_TILE>, panel| {
                // SAFETY: see `tile` and `panel`; the instructions are those the weights were packed for.
                unsafe { kernel(tile, panel) }
            });
        } else {
            let kernel = Kernel::new(self.instructions, self.packed.out_channels);
            self.run_with(task, output, |tile: &Tile<TILE>, panel| {
                // SAFETY: see `tile` and `panel`; the instructions are those the weights were packed for.
                unsafe { (kernel.run)(tile, panel) }
            });
        }
    }

    fn run_with<const PIXELS: usize>(
        &self,
        task: &Task<'_>,
        output: Output,
        kernel: impl Fn(&Tile<PIXELS>, &Panel<'_>),
    ) {
        let tiles: Vec<_> = task
            .targets
            .chunks(PIXELS)
            .map(|targets| self.tile(targets, output))
            .collect();
        for index in task.panels.clone() {
            let panel = self.panel(index, task.segments);
            tiles.iter().for_each(|tile| kernel(tile, &panel));
        }
    }

    /// The pointers of up to `PIXELS` outputs. What they point at and what the segments add stays inside the maps,
    /// whose sizes and borders `check` has compared with the window.
    fn tile<const PIXELS: usize>(&self, targets: &[Target], output: Output) -> Tile<PIXELS> {
        let target = |pixel: usize| targets[pixel.min(targets.len() - 1)];
        let window = |source: usize, pixel: usize| {
            let Source { values, shape } = self.sources[source];
            let (y, x) = self.window_start(source, target(pixel));
            values[shape.at(y, x)..].as_ptr()
        };
        let position = |pixel: usize| {
            let index = self
                .shape
                .inside(target(pixel).y as usize, target(pixel).x as usize);
            debug_assert!(
                index + self.shape.channels <= self.shape.len(),
                "{index} is outside {:?}",
                self.shape
            );
            // SAFETY: targets lie inside the output, whose size `run` took from the same plan.
            unsafe { output.start().add(index) }
        };
        Tile {
            sources: [
                std::array::from_fn(|pixel| window(0, pixel)),
                std::array::from_fn(|pixel| window(1, pixel)),
            ],
            outputs: std::array::from_fn(position),
            ratios: std::array::from_fn(|pixel| target(pixel).ratio),
            count: targets.len(),
        }
    }

    /// The first position of an output's window, from the first of the source's border.
    fn window_start(&self, source: usize, target: Target) -> (usize, usize) {
        let border = self.sources[source].shape.border;
        let (y, x) = (target.y as usize, target.x as usize);
        match (self.packed.window, source) {
            (Window::Strided(Geometry { kernel, stride }), _) => {
                let start = |at: usize| at * stride + border - kernel / 2;
                (start(y), start(x))
            }
            (Window::Upsampled, 0) => (y.div_ceil(2) + border - 1, x.div_ceil(2) + border - 1),
            (Window::Upsampled, _) => (y + border - 1, x + border - 1),
        }
    }

    fn panel<'b>(&self, index: usize, segments: &'b [Segment]) -> Panel<'b>
    where
        'a: 'b,
    {
        let packed = self.packed;
        let first = index * packed.panel_width;
        Panel {
            weights: packed.weights[index * packed.panel_lines..][..packed.panel_lines]
                .as_ptr()
                .cast(),
            segments,
            shift: packed.shift[first..][..packed.panel_width].as_ptr(),
            first,
            channels: packed.panel_width.min(packed.out_channels - first),
            slope: packed.slope,
        }
    }
}
