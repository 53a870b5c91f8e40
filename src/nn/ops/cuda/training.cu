// The convolution that trains, forward and backward, with products in TF32. Maps are [b, c, h, w], as everywhere else
// in training; weights are [out, in, k, k]. Zero padding is half the kernel, and the output has ceil(h/stride) rows.
//
// `first` is the input, `second` a skip behind its channels; then `first` is half as large and seen at twice its size.
// `first_mask` and `second_mask`, [b, 1, h, w], are 0 in holes, whose values count as zero; `ratio` is a factor per
// output. `gradient` is that of the output; where `gate`, the output itself, is not above zero it counts `slope` times.
// Each of these may be missing, but for `first` and `gradient`.

// The value of a map, zero in holes, whatever stands there.
DEVICE float masked(const void *values, const float *mask, int picture, int channel, int channels, int height, int width,
                    int y, int x) {
    const size_t plane = (size_t)height * width, at = (size_t)y * width + x;
    if (mask && mask[picture * plane + at] == 0.0f) {
        return 0.0f;
    }
    return ((const float *)values)[((size_t)picture * channels + channel) * plane + at];
}

// Of both sources: `channel` counts through them. (y, x) is inside.
template <bool UPSAMPLED> DEVICE float input_at(const Job &job, int picture, int channel, int y, int x) {
    if constexpr (UPSAMPLED) {
        if (channel < job.first_channels) {
            return masked(job.first, job.first_mask, picture, channel, job.first_channels, job.small_height,
                          job.small_width, y / 2, x / 2);
        }
        return masked(job.second, job.second_mask, picture, channel - job.first_channels, job.second_channels, job.height,
                      job.width, y, x);
    } else {
        return masked(job.first, job.first_mask, picture, channel, job.first_channels, job.height, job.width, y, x);
    }
}

// The gradient of an output before the ratio or the activation. (y, x) is inside.
DEVICE float gradient_at(const Job &job, int picture, int channel, int y, int x) {
    const size_t plane = (size_t)job.out_height * job.out_width, within = (size_t)y * job.out_width + x;
    const size_t at = ((size_t)picture * job.out_channels + channel) * plane + within;
    float value = ((const float *)job.gradient)[at];
    if (job.ratio) {
        value *= job.ratio[picture * plane + within];
    }
    if (job.gate && job.gate[at] <= 0.0f) {
        value *= job.slope;
    }
    return value;
}

DEVICE bool is_within(int y, int x, int height, int width) { return y >= 0 && y < height && x >= 0 && x < width; }

// A channel and a place in the window.
DEVICE Tap tap_of(const Job &job, int depth) {
    const int area = job.kernel * job.kernel, within = depth % area;
    return {0, within / job.kernel, within % job.kernel, depth / area};
}

DEVICE int all_channels(const Job &job) { return job.first_channels + job.second_channels; }

// Rows: output positions of all pictures; `base` is the picture. Depth: in channels × window.
template <bool UPSAMPLED> struct PlanarInput {
    const Job &job;

    DEVICE Row row(int index) const {
        const int area = job.out_height * job.out_width, within = index % area, reach = job.kernel / 2;
        return {index / area, within / job.out_width * job.stride - reach, within % job.out_width * job.stride - reach};
    }
    DEVICE Tap column(int depth) const { return tap_of(job, depth); }
    DEVICE float at(const Row &row, const Tap &tap) const {
        const int y = row.y + tap.y, x = row.x + tap.x;
        return is_within(y, x, job.height, job.width)
                   ? input_at<UPSAMPLED>(job, (int)row.base, tap.channel, y, x)
                   : 0.0f;
    }
};

// [b, columns, area]; finished with ratio, shift and slope.
struct PlanarOutput {
    const Job &job;

    DEVICE void put(int row, int column, float sum) const {
        const int area = job.out_height * job.out_width;
        const float scaled = job.ratio ? sum * job.ratio[row] : sum;
        const float value = job.shift ? scaled + job.shift[column] : scaled;
        ((float *)job.output)[((size_t)(row / area) * job.out_channels + column) * area + row % area] =
            value < 0.0f ? value * job.slope : value;
    }
};

template <bool UPSAMPLED> DEVICE void convolve(const Job &job) {
    const int depth = all_channels(job) * job.kernel * job.kernel;
    multiply_tf32<false, true>(job, PlanarInput<UPSAMPLED>{job}, Weights<float>{job, depth}, PlanarOutput{job},
                               job.batch * job.out_height * job.out_width, job.out_channels, depth);
}

GLOBAL conv_forward(Job job) { convolve<false>(job); }
GLOBAL conv_forward_upsampled(Job job) { convolve<true>(job); }

GLOBAL finish_forward(Job job) {
    add_parts(job, PlanarOutput{job}, job.batch * job.out_height * job.out_width, job.out_channels);
}

// Rows: input positions of all pictures. Depth: out channels × window. An output saw the position through the place in
// the window at which it stands from there, if the stride lets it.
struct PlanarGradient {
    const Job &job;

    DEVICE Row row(int index) const {
        const int area = job.height * job.width, within = index % area, reach = job.kernel / 2;
        return {index / area, within / job.width + reach, within % job.width + reach};
    }
    DEVICE Tap column(int depth) const { return tap_of(job, depth); }
    DEVICE float at(const Row &row, const Tap &tap) const {
        int y = row.y - tap.y, x = row.x - tap.x;
        if (job.stride == 2) {
            if (y % 2 != 0 || x % 2 != 0) {
                return 0.0f;
            }
            y /= 2;
            x /= 2;
        }
        return is_within(y, x, job.out_height, job.out_width)
                   ? gradient_at(job, (int)row.base, tap.channel, y, x)
                   : 0.0f;
    }
};

// Rows: in channels from `offset` on. Depth: out channels × window.
struct WeightsByInput {
    const Job &job;
    int offset;

    DEVICE Row row(int index) const { return {(long long)(index + offset) * job.kernel * job.kernel, 0, 0}; }
    DEVICE long long column(int depth) const {
        const int area = job.kernel * job.kernel;
        return (long long)(depth / area) * all_channels(job) * area + depth % area;
    }
    DEVICE float at(const Row &row, long long column) const {
        return ((const float *)job.weights)[row.base + column];
    }
};

// [b, columns, area] of a map of the input; zero in its holes.
struct InputGradient {
    const Job &job;
    const float *mask;
    int columns, area;

    DEVICE void put(int row, int column, float sum) const {
        const bool is_hole = mask && mask[row] == 0.0f;
        ((float *)job.output)[((size_t)(row / area) * columns + column) * area + row % area] = is_hole ? 0.0f : sum;
    }
};

DEVICE InputGradient of_input(const Job &job) {
    return {job, job.first_mask, job.first_channels, job.height * job.width};
}

DEVICE InputGradient of_skip(const Job &job) {
    return {job, job.second_mask, job.second_channels, job.height * job.width};
}

DEVICE InputGradient of_small(const Job &job) {
    return {job, job.first_mask, job.first_channels, job.small_height * job.small_width};
}

GLOBAL conv_input_gradient(Job job) {
    multiply_tf32<false, true>(job, PlanarGradient{job}, WeightsByInput{job, 0}, of_input(job),
                               job.batch * job.height * job.width, job.first_channels,
                               job.out_channels * job.kernel * job.kernel);
}

GLOBAL conv_skip_gradient(Job job) {
    multiply_tf32<false, true>(job, PlanarGradient{job}, WeightsByInput{job, job.first_channels}, of_skip(job),
                               job.batch * job.height * job.width, job.second_channels,
                               job.out_channels * job.kernel * job.kernel);
}

// Rows: positions of the small map. Depth: out channels × the four positions at which it is seen × window.
struct SpreadGradient {
    const Job &job;

    DEVICE Row row(int index) const {
        const int area = job.small_height * job.small_width, within = index % area;
        return {index / area, within / job.small_width * 2, within % job.small_width * 2};
    }
    // `source` is which of the four.
    DEVICE Tap column(int depth) const {
        const int area = job.kernel * job.kernel;
        Tap tap = tap_of(job, depth % area);
        tap.source = depth / area % 4;
        tap.channel = depth / area / 4;
        return tap;
    }
    DEVICE float at(const Row &row, const Tap &tap) const {
        const int y = row.y + tap.source / 2, x = row.x + tap.source % 2, reach = job.kernel / 2;
        if (y >= job.height || x >= job.width) {
            return 0.0f;
        }
        const int to_y = y + reach - tap.y, to_x = x + reach - tap.x;
        return is_within(to_y, to_x, job.out_height, job.out_width)
                   ? gradient_at(job, (int)row.base, tap.channel, to_y, to_x)
                   : 0.0f;
    }
};

// `WeightsByInput` for that depth.
struct SpreadWeights {
    const Job &job;

    DEVICE Row row(int index) const { return {(long long)index * job.kernel * job.kernel, 0, 0}; }
    DEVICE long long column(int depth) const {
        const int area = job.kernel * job.kernel;
        return (long long)(depth / area / 4) * all_channels(job) * area + depth % area;
    }
    DEVICE float at(const Row &row, long long column) const {
        return ((const float *)job.weights)[row.base + column];
    }
};

GLOBAL conv_small_gradient(Job job) {
    multiply_tf32<false, true>(job, SpreadGradient{job}, SpreadWeights{job}, of_small(job),
                               job.batch * job.small_height * job.small_width, job.first_channels,
                               4 * job.out_channels * job.kernel * job.kernel);
}

DEVICE void finish_gradient(const Job &job, const InputGradient &out) {
    add_parts(job, out, job.batch * out.area, out.columns);
}

GLOBAL finish_input_gradient(Job job) { finish_gradient(job, of_input(job)); }
GLOBAL finish_skip_gradient(Job job) { finish_gradient(job, of_skip(job)); }
GLOBAL finish_small_gradient(Job job) { finish_gradient(job, of_small(job)); }

// A position of the output: the depth of the weights' gradient.
struct Position {
    int picture, y, x;
};

DEVICE Position position_of(const Job &job, int depth) {
    const int area = job.out_height * job.out_width, within = depth % area;
    return {depth / area, within / job.out_width, within % job.out_width};
}

// Rows: out channels. Depth: output positions of all pictures.
struct GradientByChannel {
    const Job &job;

    DEVICE Row row(int index) const { return {index, 0, 0}; }
    DEVICE Position column(int depth) const { return position_of(job, depth); }
    DEVICE float at(const Row &row, const Position &position) const {
        return gradient_at(job, position.picture, (int)row.base, position.y, position.x);
    }
};

// Rows: in channels × window. Depth: output positions of all pictures.
template <bool UPSAMPLED> struct InputByPlace {
    const Job &job;

    DEVICE Row row(int index) const {
        const Tap tap = tap_of(job, index);
        const int reach = job.kernel / 2;
        return {tap.channel, tap.y - reach, tap.x - reach};
    }
    DEVICE Position column(int depth) const { return position_of(job, depth); }
    DEVICE float at(const Row &row, const Position &position) const {
        const int y = position.y * job.stride + row.y, x = position.x * job.stride + row.x;
        return is_within(y, x, job.height, job.width)
                   ? input_at<UPSAMPLED>(job, position.picture, (int)row.base, y, x)
                   : 0.0f;
    }
};

// [rows][columns]
struct FlatOutput {
    const Job &job;
    int columns;

    DEVICE void put(int row, int column, float sum) const {
        ((float *)job.output)[(size_t)row * columns + column] = sum;
    }
};

template <bool UPSAMPLED> DEVICE void weigh(const Job &job) {
    const int columns = all_channels(job) * job.kernel * job.kernel;
    multiply_tf32<true, true>(job, GradientByChannel{job}, InputByPlace<UPSAMPLED>{job}, FlatOutput{job, columns},
                              job.out_channels, columns, job.batch * job.out_height * job.out_width);
}

GLOBAL conv_weight_gradient(Job job) { weigh<false>(job); }
GLOBAL conv_weight_gradient_upsampled(Job job) { weigh<true>(job); }

GLOBAL finish_weight_gradient(Job job) {
    const int columns = all_channels(job) * job.kernel * job.kernel;
    add_parts(job, FlatOutput{job, columns}, job.out_channels, columns);
}
