//! A feature network that does not learn, run forward and backward outside of candle's graph.
//!
//! A stack of 3 × 3 convolutions with `ReLU` whose stages end in a pool. Pools are made while a convolution's rows are
//! written, and of what goes into them only one byte per square stays: which of the four goes on. Maps lie in the
//! memory of earlier maps.

use candle_core::{Result, Tensor, bail};

use super::{
    pass::{self, Weight},
    pooled::{Pooled, Unpooled},
    source::{Finish, Gated, Output, Source, Sums, Values},
    walk::Shape,
    winograd::WINDOW,
};
use crate::nn::ops::pool::Pool;

/// Values that are kept for the next step: 1 GiB, what a batch of 8 crops of 256 × 256 needs on a VGG-16.
const MAX_KEPT: usize = 256 << 20;
/// A convolution of the network.
#[derive(Debug)]
struct Layer {
    /// `[outputs, inputs, 3, 3]`
    weight: Vec<f32>,
    bias: Vec<f32>,
    inputs: usize,
}

impl Layer {
    fn weight(&self) -> Weight<'_> {
        Weight {
            values: &self.weight,
            outputs: self.bias.len(),
            inputs: self.inputs,
        }
    }

    /// Size of its result.
    fn output(&self, from: Shape) -> Result<Shape> {
        if from.channels != self.inputs || from.len() == 0 {
            bail!("{:?} into a layer for {} channels", from, self.inputs);
        }
        Ok(Shape {
            channels: self.bias.len(),
            ..from
        })
    }
}

/// A feature network on the CPU, with the memory that its maps lie in.
#[derive(Debug)]
pub struct FeatureNetwork {
    stages: Vec<Vec<Layer>>,
    memory: Pool,
}

/// Values that go back to where they came from.
pub(super) struct Map {
    pub(super) values: Vec<f32>,
    pub(super) shape: Shape,
    memory: Pool,
}

impl Map {
    /// Any values, to be overwritten.
    fn new(shape: Shape, memory: &Pool) -> Self {
        Self {
            values: memory.take(shape.len()).values,
            shape,
            memory: memory.clone(),
        }
    }

    fn as_source(&self) -> Values<'_> {
        Values {
            values: &self.values,
            shape: self.shape,
        }
    }

    /// Everything about one image.
    pub(super) fn image(&self, image: usize) -> &[f32] {
        let len = self.shape.channels * self.shape.plane();
        &self.values[image * len..][..len]
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        self.memory.give_back(std::mem::take(&mut self.values));
    }
}

/// What a stage made.
pub(super) struct Stage {
    /// The results of its convolutions but the last, if they were to be kept.
    inner: Vec<Map>,
    /// Size of the last convolution's result.
    before_pool: Shape,
    /// Which of each square went on.
    choices: Vec<u8>,
    pub(super) pool: Map,
}

impl FeatureNetwork {
    /// A network of `(weight, bias)`, stage by stage: `[out, in, 3, 3]` and `[out]`.
    pub fn new<'a>(
        stages: impl IntoIterator<Item = impl IntoIterator<Item = (&'a Tensor, &'a Tensor)>>,
    ) -> Result<Self> {
        let layer = |(weight, bias): (&Tensor, &Tensor)| match weight.dims() {
            &[outputs, inputs, 3, 3] if bias.dims() == [outputs] => Ok(Layer {
                weight: weight.flatten_all()?.to_vec1()?,
                bias: bias.to_vec1()?,
                inputs,
            }),
            dims => bail!("a layer of {dims:?} in a feature network"),
        };
        let stages = stages
            .into_iter()
            .map(|stage| stage.into_iter().map(layer).collect::<Result<Vec<_>>>());
        Ok(Self {
            stages: stages.collect::<Result<_>>()?,
            memory: Pool::with_limit(MAX_KEPT),
        })
    }

    /// Runs the network on pictures. Without `keeps` only the pools stay.
    pub(super) fn run(&self, picture: &[f32], shape: Shape, keeps: bool) -> Result<Vec<Stage>> {
        let mut done: Vec<Stage> = Vec::with_capacity(self.stages.len());
        for layers in &self.stages {
            let source = match done.last() {
                Some(stage) => stage.pool.as_source(),
                None => Values {
                    values: picture,
                    shape,
                },
            };
            let stage = self.run_stage(layers, source, keeps)?;
            done.push(stage);
        }
        Ok(done)
    }

    fn run_stage(&self, layers: &[Layer], source: Values<'_>, keeps: bool) -> Result<Stage> {
        let Some((last, layers)) = layers.split_last() else {
            bail!("a stage without a convolution");
        };
        let mut inner: Vec<Map> = Vec::with_capacity(layers.len());
        for layer in layers {
            let from = inner.last().map_or(Values { ..source }, Map::as_source);
            let mut result = Map::new(layer.output(from.shape)?, &self.memory);
            let sink = Sums {
                to: Output::new(&mut result.values, result.shape),
                finish: Finish::Activation {
                    bias: Some(&layer.bias),
                    slope: 0.0,
                },
            };
            pass::convolve(WINDOW, &from, layer.weight(), &sink);
            if !keeps {
                inner.clear();
            }
            inner.push(result);
        }
        let from = inner.last().map_or(source, Map::as_source);
        let before_pool = last.output(from.shape)?;
        let to = Pooled::shape_of(before_pool)?;
        let mut pool = Map::new(to, &self.memory);
        let mut choices = vec![0; to.len()];
        let sink = Pooled {
            from: before_pool,
            to: Output::new(&mut pool.values, to),
            choices: Output::new(&mut choices, to),
            bias: &last.bias,
        };
        pass::convolve(WINDOW, &from, last.weight(), &sink);
        if !keeps {
            inner.clear();
            choices = Vec::new();
        }
        Ok(Stage {
            inner,
            before_pool,
            choices,
            pool,
        })
    }

    /// The gradient of the picture, from what `add` adds to that of each stage's pool, told whether it is the first to
    /// come there.
    pub(super) fn gradient(&self, done: &[Stage], add: impl Fn(usize, &mut Map, bool)) -> Result<Map> {
        let mut of_next: Option<Map> = None;
        for (index, (layers, stage)) in self.stages.iter().zip(done).enumerate().rev() {
            let is_first = of_next.is_none();
            let mut of_pool = of_next.unwrap_or_else(|| Map::new(stage.pool.shape, &self.memory));
            add(index, &mut of_pool, is_first);
            of_next = Some(self.stage_gradient(layers, stage, &of_pool)?);
        }
        match of_next {
            Some(of_picture) => Ok(of_picture),
            None => bail!("a feature network without stages"),
        }
    }

    /// The gradient of a stage's input from that of its pool.
    fn stage_gradient(&self, layers: &[Layer], stage: &Stage, of_pool: &Map) -> Result<Map> {
        let last = Unpooled {
            gradient: of_pool.as_source(),
            choices: &stage.choices,
            shape: stage.before_pool,
        };
        let Some((layer, layers)) = layers.split_last() else {
            bail!("a stage without a convolution");
        };
        let mut gradient = self.layer_gradient(layer, &last);
        for (layer, result) in layers.iter().zip(&stage.inner).rev() {
            let gated = Gated {
                gradient: gradient.as_source(),
                result: result.as_source(),
                slope: 0.0,
            };
            gradient = self.layer_gradient(layer, &gated);
        }
        Ok(gradient)
    }

    fn layer_gradient(&self, layer: &Layer, gradient: &dyn Source) -> Map {
        let shape = Shape {
            channels: layer.inputs,
            ..gradient.shape()
        };
        let mut of_input = Map::new(shape, &self.memory);
        let sink = Sums {
            to: Output::new(&mut of_input.values, shape),
            finish: Finish::NONE,
        };
        pass::convolve_back(WINDOW, layer.weight(), gradient, &sink, 0..layer.inputs);
        of_input
    }
}
