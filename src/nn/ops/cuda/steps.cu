// What trains besides the convolution: masks, batch norm with its activation, pooling, and the steps of the weights.
// Maps are [b, c, h, w] in single precision.

constexpr int BLOCK = 256;
// Added to variances.
constexpr float NORM_EPS = 1e-5f;
// Of Adam, added to the deviation.
constexpr float ADAM_EPS = 1e-8f;

// The sum of every thread's value, for all of them; always in the same order.
DEVICE float sum_of_block(float value) {
    __shared__ float sums[BLOCK];
    const int thread = threadIdx.x;
    __syncthreads();
    sums[thread] = value;
    __syncthreads();
    for (int half = BLOCK / 2; half > 0; half /= 2) {
        if (thread < half) {
            sums[thread] += sums[thread + half];
        }
        __syncthreads();
    }
    return sums[0];
}

// Adds `value(position in the tensor)` over a part of a channel of all pictures: a block for each channel and each of
// `gridDim.y` parts. `put_channel_sums` makes `which` of each channel of its parts.
template <class Value> DEVICE void keep_channel_sum(const Job &job, int which, const Value &value) {
    const int area = job.height * job.width, channel = blockIdx.x;
    const long long count = (long long)job.batch * area, from = count * blockIdx.y / gridDim.y;
    const long long to = count * (blockIdx.y + 1) / gridDim.y;
    float sum = 0.0f;
#pragma unroll 4
    for (long long i = from + threadIdx.x; i < to; i += BLOCK) {
        const int picture = (int)(i / area);
        sum += value(((size_t)picture * job.first_channels + channel) * area + (int)(i - (long long)picture * area));
    }
    sum = sum_of_block(sum);
    if (threadIdx.x == 0) {
        job.partial[(size_t)blockIdx.y * job.count + which * job.first_channels + channel] = sum;
    }
}

// `count` sums of `splits` parts each, times `factor`.
GLOBAL put_channel_sums(Job job) {
    const size_t at = thread_index();
    if (at < (size_t)job.count) {
        float sum = 0.0f;
        for (int part = 0; part < job.splits; part++) {
            sum += job.partial[(size_t)part * job.count + at];
        }
        ((float *)job.output)[at] = sum * job.factor;
    }
}

// Sums of the values of each channel.
GLOBAL channel_sums(Job job) {
    const float *xs = (const float *)job.first;
    keep_channel_sum(job, 0, [&](size_t at) { return xs[at]; });
}

// Sums of the squared distances from each channel's mean, in `ratio`.
GLOBAL channel_deviations(Job job) {
    const float *xs = (const float *)job.first;
    const float mean = job.ratio[blockIdx.x];
    keep_channel_sum(job, 0, [&](size_t at) { return (xs[at] - mean) * (xs[at] - mean); });
}

DEVICE size_t all_values(const Job &job) {
    return (size_t)job.batch * job.first_channels * job.height * job.width;
}

DEVICE int channel_at(const Job &job, size_t at) {
    return (int)(at / ((size_t)job.height * job.width) % job.first_channels);
}

// Where the mask of a value stands.
DEVICE size_t mask_at(const Job &job, size_t at) {
    const size_t plane = (size_t)job.height * job.width;
    return at / (job.first_channels * plane) * plane + at % plane;
}

// `first` and, where the mask is not 0, the bias in `weights`.
GLOBAL add_bias(Job job) {
    const size_t at = thread_index();
    if (at < all_values(job)) {
        const float bias = ((const float *)job.weights)[channel_at(job, at)];
        ((float *)job.output)[at] = ((const float *)job.first)[at] + bias * job.first_mask[mask_at(job, at)];
    }
}

// Sums of the bias's gradient.
GLOBAL bias_gradient(Job job) {
    const float *gradient = (const float *)job.gradient;
    keep_channel_sum(job, 0, [&](size_t at) { return gradient[at] * job.first_mask[mask_at(job, at)]; });
}

// A channel's numbers; `ratio` holds the statistics, `weights` the scale.
struct Channel {
    float mean, inverse, scale;
};

DEVICE Channel channel_of(const Job &job, int channel) {
    return {job.ratio[channel], 1.0f / sqrtf(job.ratio[job.first_channels + channel] + NORM_EPS),
            ((const float *)job.weights)[channel]};
}

// act((x − mean) / √(variance + eps) · weight + bias)
GLOBAL norm_apply(Job job) {
    const size_t at = thread_index();
    if (at >= all_values(job)) {
        return;
    }
    const int index = channel_at(job, at);
    const Channel channel = channel_of(job, index);
    const float value =
        (((const float *)job.first)[at] - channel.mean) * (channel.scale * channel.inverse) + job.shift[index];
    ((float *)job.output)[at] = value > 0.0f ? value : value * job.slope;
}

// The gradient before the activation, whose result is `gate`.
DEVICE float open_gradient(const Job &job, size_t at) {
    const float gradient = ((const float *)job.gradient)[at];
    return job.gate[at] > 0.0f ? gradient : gradient * job.slope;
}

// Per channel the gradients of the weight and, behind them, of the bias.
GLOBAL norm_weight_gradients(Job job) {
    const float *xs = (const float *)job.first;
    const Channel channel = channel_of(job, blockIdx.x);
    keep_channel_sum(job, 0, [&](size_t at) {
        return open_gradient(job, at) * (xs[at] - channel.mean) * channel.inverse;
    });
    keep_channel_sum(job, 1, [&](size_t at) { return open_gradient(job, at); });
}

// The gradient of the input. `extra` holds the gradients of weight and bias, which are those of statistics that come
// from the input; without it the statistics do not.
GLOBAL norm_input_gradient(Job job) {
    const size_t at = thread_index();
    if (at >= all_values(job)) {
        return;
    }
    const int index = channel_at(job, at);
    const Channel channel = channel_of(job, index);
    float gradient = open_gradient(job, at);
    if (job.extra) {
        const float *sums = (const float *)job.extra;
        const float count = (float)job.batch * job.height * job.width;
        const float normal = (((const float *)job.first)[at] - channel.mean) * channel.inverse;
        gradient -= (sums[job.first_channels + index] + normal * sums[index]) / count;
    }
    ((float *)job.output)[at] = gradient * channel.scale * channel.inverse;
}

// Valid positions in a window; the mask is [b, 1, height, width] of floats.
DEVICE int valid_in_window(const Job &job, const float *mask, int picture, int y, int x, bool is_upsampled) {
    const int reach = job.kernel / 2;
    const int height = is_upsampled ? job.small_height : job.height, width = is_upsampled ? job.small_width : job.width;
    int sum = 0;
    for (int row = max(y - reach, 0); row <= min(y + reach, job.height - 1); row++) {
        for (int column = max(x - reach, 0); column <= min(x + reach, job.width - 1); column++) {
            const int from = is_upsampled ? row / 2 : row, at = is_upsampled ? column / 2 : column;
            sum += mask[((size_t)picture * height + from) * width + at] != 0.0f;
        }
    }
    return sum;
}

// The new mask, then the ratio, [2, b, 1, h, w], from the mask of the input and, if there is one, of the skip.
GLOBAL update_mask(Job job) {
    const size_t at = thread_index(), area = (size_t)job.out_height * job.out_width, count = job.batch * area;
    if (at >= count) {
        return;
    }
    const int picture = (int)(at / area), within = (int)(at % area);
    const int y = within / job.out_width * job.stride, x = within % job.out_width * job.stride;
    int sum = job.first_channels * valid_in_window(job, job.first_mask, picture, y, x, job.is_upsampled != 0);
    if (job.second_mask) {
        sum += job.second_channels * valid_in_window(job, job.second_mask, picture, y, x, false);
    }
    const float window = (float)((job.first_channels + job.second_channels) * job.kernel * job.kernel);
    ((float *)job.output)[at] = sum != 0 ? 1.0f : 0.0f;
    ((float *)job.output)[count + at] = sum != 0 ? window / (float)sum : 0.0f;
}

// The largest of every 2 × 2; what is left over at odd sides is cut off.
GLOBAL max_pool(Job job) {
    const size_t at = thread_index(), area = (size_t)job.out_height * job.out_width;
    if (at >= (size_t)job.batch * job.first_channels * area) {
        return;
    }
    const int y = (int)(at % area / job.out_width), x = (int)(at % job.out_width);
    const float *square =
        (const float *)job.first + at / area * job.height * job.width + (size_t)2 * y * job.width + 2 * x;
    ((float *)job.output)[at] = max(max(square[0], square[1]), max(square[job.width], square[job.width + 1]));
}

// Its gradient: of equals the first takes it, row by row. `first` is the input, `gate` the result.
GLOBAL max_pool_gradient(Job job) {
    const size_t at = thread_index(), area = (size_t)job.height * job.width;
    if (at >= all_values(job)) {
        return;
    }
    const int row = (int)(at % area / job.width), column = (int)(at % job.width);
    float taken = 0.0f;
    if (row < 2 * job.out_height && column < 2 * job.out_width) {
        const float *plane = (const float *)job.first + at / area * area;
        const size_t pooled =
            (at / area * job.out_height + row / 2) * job.out_width + column / 2;
        const float largest = job.gate[pooled];
        int first = 0;
        for (int i = 3; i >= 0; i--) {
            if (plane[(size_t)(row / 2 * 2 + i / 2) * job.width + column / 2 * 2 + i % 2] == largest) {
                first = i;
            }
        }
        if (first == row % 2 * 2 + column % 2) {
            taken = ((const float *)job.gradient)[pooled];
        }
    }
    ((float *)job.output)[at] = taken;
}

// keep · what is there + (1 − keep) · first; `slope` is what is kept.
GLOBAL blend(Job job) {
    const size_t at = thread_index();
    if (at < (size_t)job.count) {
        float *to = (float *)job.output;
        to[at] = job.slope * to[at] + job.factor * ((const float *)job.first)[at];
    }
}

GLOBAL blend_squared(Job job) {
    const size_t at = thread_index();
    if (at < (size_t)job.count) {
        float *to = (float *)job.output;
        const float value = ((const float *)job.first)[at];
        to[at] = job.slope * to[at] + job.factor * value * value;
    }
}

// A step along the moments `first` and `second`; `slope` is the rate, `factor` corrects the deviation.
GLOBAL adam(Job job) {
    const size_t at = thread_index();
    if (at < (size_t)job.count) {
        const float deviation = sqrtf(((const float *)job.second)[at]) * job.factor + ADAM_EPS;
        ((float *)job.output)[at] -= job.slope * ((const float *)job.first)[at] / deviation;
    }
}

DEVICE void keep_part(const Job &job, float sum) {
    sum = sum_of_block(sum);
    if (threadIdx.x == 0) {
        job.partial[blockIdx.x] = sum;
    }
}

// The sum of squares, in as many parts as there are blocks.
GLOBAL sum_of_squares(Job job) {
    const float *xs = (const float *)job.first;
    float sum = 0.0f;
    for (size_t at = thread_index(); at < (size_t)job.count; at += (size_t)gridDim.x * BLOCK) {
        sum += xs[at] * xs[at];
    }
    keep_part(job, sum);
}

// What the parts of one of these are together, by one block.
DEVICE float sum_of_parts(const Job &job) {
    float sum = 0.0f;
    for (int part = threadIdx.x; part < job.splits; part += BLOCK) {
        sum += job.partial[part];
    }
    return sum_of_block(sum);
}

// Times `factor`.
GLOBAL put_sum_of_parts(Job job) {
    const float sum = sum_of_parts(job);
    if (threadIdx.x == 0) {
        *(float *)job.output = sum * job.factor;
    }
}

// Onto what is there.
GLOBAL add_sum_of_parts(Job job) {
    const float sum = sum_of_parts(job);
    if (threadIdx.x == 0) {
        *(float *)job.output += sum;
    }
}
