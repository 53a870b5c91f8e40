// The convolution that trains, forward and backward, with products in TF32. Maps are [b, c, h, w], as everywhere else in
// training; weights are [out, in, k, k]. Zero padding is half the kernel, and the output has ceil(h/stride) rows.
//
// `first` is the input (or its gradient's place, `output`), `second` the gradient of the output.

// Rows: output positions of all pictures. Depth: in channels × window.
struct PlanarInput {
    const Job &job;

    DEVICE Row row(int index) const {
        const int area = job.out_height * job.out_width, within = index % area, reach = job.kernel / 2;
        return {(long long)(index / area) * job.first_channels * job.height * job.width,
                within / job.out_width * job.stride - reach, within % job.out_width * job.stride - reach};
    }
    DEVICE Tap column(int depth) const {
        const int area = job.kernel * job.kernel, within = depth % area;
        return {0, within / job.kernel, within % job.kernel, depth / area};
    }
    DEVICE float at(const Row &row, const Tap &tap) const {
        const int y = row.y + tap.y, x = row.x + tap.x;
        if (y < 0 || y >= job.height || x < 0 || x >= job.width) {
            return 0.0f;
        }
        return ((const float *)job.first)[row.base + ((size_t)tap.channel * job.height + y) * job.width + x];
    }
};

// [b, columns, area]
struct PlanarOutput {
    const Job &job;
    int columns, area;

    DEVICE bool is_wanted(int) const { return true; }
    DEVICE void put(int row, int column, float sum) const {
        ((float *)job.output)[((size_t)(row / area) * columns + column) * area + row % area] = sum;
    }
};

GLOBAL conv_forward(Job job) {
    const int area = job.out_height * job.out_width, depth = job.first_channels * job.kernel * job.kernel;
    multiply_tf32<false, true>(job, PlanarInput{job}, Weights<float>{job, depth}, PlanarOutput{job, job.out_channels, area},
                          job.batch * area, job.out_channels, depth);
}

GLOBAL finish_forward(Job job) {
    const int area = job.out_height * job.out_width;
    add_parts(job, PlanarOutput{job, job.out_channels, area}, job.batch * area, job.out_channels);
}

// Rows: input positions of all pictures. Depth: out channels × window. An output saw the position through the place in
// the window at which it stands from there, if the stride lets it.
struct PlanarGradient {
    const Job &job;

    DEVICE Row row(int index) const {
        const int area = job.height * job.width, within = index % area, reach = job.kernel / 2;
        return {(long long)(index / area) * job.out_channels * job.out_height * job.out_width,
                within / job.width + reach, within % job.width + reach};
    }
    DEVICE Tap column(int depth) const {
        const int area = job.kernel * job.kernel, within = depth % area;
        return {0, within / job.kernel, within % job.kernel, depth / area};
    }
    DEVICE float at(const Row &row, const Tap &tap) const {
        const int down = row.y - tap.y, right = row.x - tap.x;
        if (down < 0 || right < 0 || down % job.stride != 0 || right % job.stride != 0) {
            return 0.0f;
        }
        const int y = down / job.stride, x = right / job.stride;
        if (y >= job.out_height || x >= job.out_width) {
            return 0.0f;
        }
        return ((const float *)
                    job.second)[row.base + ((size_t)tap.channel * job.out_height + y) * job.out_width + x];
    }
};

// Rows: in channels. Depth: out channels × window.
struct WeightsByInput {
    const Job &job;

    DEVICE Row row(int index) const { return {(long long)index * job.kernel * job.kernel, 0, 0}; }
    DEVICE long long column(int depth) const {
        const int area = job.kernel * job.kernel;
        return (long long)(depth / area) * job.first_channels * area + depth % area;
    }
    DEVICE float at(const Row &row, long long column) const {
        return ((const float *)job.weights)[row.base + column];
    }
};

GLOBAL conv_input_gradient(Job job) {
    const int area = job.height * job.width;
    multiply_tf32<false, true>(job, PlanarGradient{job}, WeightsByInput{job}, PlanarOutput{job, job.first_channels, area},
                          job.batch * area, job.first_channels, job.out_channels * job.kernel * job.kernel);
}

GLOBAL finish_input_gradient(Job job) {
    const int area = job.height * job.width;
    add_parts(job, PlanarOutput{job, job.first_channels, area}, job.batch * area, job.first_channels);
}

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
        const size_t plane = (size_t)position.picture * job.out_channels + row.base;
        return ((const float *)job.second)[(plane * job.out_height + position.y) * job.out_width + position.x];
    }
};

// Rows: in channels × window. Depth: output positions of all pictures.
struct InputByPlace {
    const Job &job;

    DEVICE Row row(int index) const {
        const int area = job.kernel * job.kernel, within = index % area, reach = job.kernel / 2;
        return {index / area, within / job.kernel - reach, within % job.kernel - reach};
    }
    DEVICE Position column(int depth) const { return position_of(job, depth); }
    DEVICE float at(const Row &row, const Position &position) const {
        const int y = position.y * job.stride + row.y, x = position.x * job.stride + row.x;
        if (y < 0 || y >= job.height || x < 0 || x >= job.width) {
            return 0.0f;
        }
        const size_t plane = (size_t)position.picture * job.first_channels + row.base;
        return ((const float *)job.first)[(plane * job.height + y) * job.width + x];
    }
};

// [rows][columns]
struct FlatOutput {
    const Job &job;
    int columns;

    DEVICE bool is_wanted(int) const { return true; }
    DEVICE void put(int row, int column, float sum) const {
        ((float *)job.output)[(size_t)row * columns + column] = sum;
    }
};

GLOBAL conv_weight_gradient(Job job) {
    const int columns = job.first_channels * job.kernel * job.kernel;
    multiply_tf32<true, true>(job, GradientByChannel{job}, InputByPlace{job}, FlatOutput{job, columns}, job.out_channels,
                         columns, job.batch * job.out_height * job.out_width);
}

GLOBAL finish_weight_gradient(Job job) {
    const int columns = job.first_channels * job.kernel * job.kernel;
    add_parts(job, FlatOutput{job, columns}, job.out_channels, columns);
}
