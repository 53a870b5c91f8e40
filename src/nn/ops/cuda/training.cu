// The convolution that trains, and the gradient of its weights, with products in TF32. Maps are [b, c, h, w], as
// everywhere else in training; weights are [out, in, k, k]. Zero padding is half the kernel, and the output has
// ceil(h/stride) rows.
//
// `first` is the input, `second` a skip behind its channels; then `first` is half as large and seen at twice its size.
// `first_mask` and `second_mask`, [b, 1, h, w], are 0 in holes, whose values count as zero; `ratio` is a factor per
// output. `gradient` is that of the sums, before ratio and activation: `sums_gradient` makes it from that of the output.
//
// A picture of a map has fewer than 2^31 values; all pictures together may have more.

DEVICE bool is_within(int y, int x, int height, int width) {
    return (unsigned)y < (unsigned)height & (unsigned)x < (unsigned)width;
}

DEVICE int all_channels(const Job &job) { return job.first_channels + job.second_channels; }
DEVICE int area_of(const Job &job) { return job.kernel * job.kernel; }
DEVICE int plane_of(const Job &job) { return job.height * job.width; }
DEVICE int small_plane_of(const Job &job) { return job.small_height * job.small_width; }
DEVICE int out_plane_of(const Job &job) { return job.out_height * job.out_width; }

// A channel and a place in the window: where the channel begins in a picture, and the place.
struct Place {
    int start, y, x;
};

// Of a depth of channels × window, where a channel has `plane` positions.
DEVICE Place place_of(const Job &job, int depth, int plane) {
    const int within = depth % area_of(job);
    return {depth / area_of(job) * plane, within / job.kernel, within % job.kernel};
}

// A position of one of the pictures.
struct Position {
    int picture, y, x;
};

DEVICE Position position_of(int index, int height, int width) {
    const int plane = height * width, within = index % plane;
    return {index / plane, within / width, within % width};
}

DEVICE Position output_at(const Job &job, int index) { return position_of(index, job.out_height, job.out_width); }

// A window of an input of one source: where its picture begins in the map and in the mask, and its corner.
struct Window {
    long long values, mask;
    int y, x;
};

DEVICE Window window_of(const Job &job, const Position &output) {
    const long long plane = plane_of(job), reach = job.kernel / 2;
    return {output.picture * job.first_channels * plane, output.picture * plane, (int)(output.y * job.stride - reach),
            (int)(output.x * job.stride - reach)};
}

// What follows is called for every value of a product. It reads in any case, where nothing is to be seen at a place that
// is there: a branch costs more.

// The input of one source; zero outside and, if `MASKED`, in holes, whatever stands there.
template <bool MASKED> DEVICE float input_at(const Job &job, const Window &window, const Place &place) {
    const int y = window.y + place.y, x = window.x + place.x;
    const bool is_there = is_within(y, x, job.height, job.width);
    const int at = is_there ? y * job.width + x : 0;
    const float value = ((const float *)job.first + window.values)[place.start + at];
    const bool is_hole = MASKED && (job.first_mask + window.mask)[at] == 0.0f;
    return is_there & !is_hole ? value : 0.0f;
}

// The same of the decoder's two sources.
struct Windows {
    long long small, small_mask, skip, skip_mask;
    int y, x;
};

DEVICE Windows windows_of(const Job &job, const Position &output) {
    const long long picture = output.picture, small_plane = small_plane_of(job), plane = plane_of(job);
    const int reach = job.kernel / 2;
    return {picture * job.first_channels * small_plane,
            picture * small_plane,
            picture * job.second_channels * plane,
            picture * plane,
            output.y - reach,
            output.x - reach};
}

// A place, and whether its channel is one of the skip.
struct EitherPlace {
    int start, y, x, is_skip;
};

DEVICE EitherPlace either_place(const Job &job, int depth) {
    const Place place = place_of(job, depth, 1);
    const int is_skip = place.start >= job.first_channels;
    const int start = is_skip ? (place.start - job.first_channels) * plane_of(job) : place.start * small_plane_of(job);
    return {start, place.y, place.x, is_skip};
}

DEVICE float either_input_at(const Job &job, const Windows &windows, const EitherPlace &place) {
    const int y = windows.y + place.y, x = windows.x + place.x;
    const bool is_there = is_within(y, x, job.height, job.width);
    const int within = place.is_skip ? y * job.width + x : (y >> 1) * job.small_width + (x >> 1);
    const int at = is_there ? within : 0;
    const float *values =
        place.is_skip ? (const float *)job.second + windows.skip : (const float *)job.first + windows.small;
    const float *mask =
        place.is_skip ? job.second_mask + windows.skip_mask : job.first_mask + windows.small_mask;
    const float value = values[place.start + at];
    return is_there & mask[at] != 0.0f ? value : 0.0f;
}

// Rows: output positions of all pictures. Depth: in channels × window.
template <bool MASKED> struct PlanarInput {
    const Job &job;

    DEVICE Window row(int index) const { return window_of(job, output_at(job, index)); }
    DEVICE Place column(int depth) const { return place_of(job, depth, plane_of(job)); }
    DEVICE float at(const Window &row, const Place &column) const { return input_at<MASKED>(job, row, column); }
};

// The same in the decoder.
struct EitherInput {
    const Job &job;

    DEVICE Windows row(int index) const { return windows_of(job, output_at(job, index)); }
    DEVICE EitherPlace column(int depth) const { return either_place(job, depth); }
    DEVICE float at(const Windows &row, const EitherPlace &column) const { return either_input_at(job, row, column); }
};

// Rows: out channels. Depth: in channels × window.
struct WeightsByOutput {
    const Job &job;
    int depth;

    DEVICE int row(int index) const { return index * depth; }
    DEVICE int column(int at) const { return at; }
    DEVICE float at(int row, int column) const { return ((const float *)job.weights)[row + column]; }
};

// Where the first column of a row goes in [b, columns, plane], and a factor of the row.
struct To {
    float *first, factor;
};

DEVICE To planar_row(const Job &job, int row, int columns, int plane, float factor) {
    return {(float *)job.output + (long long)(row / plane) * columns * plane + row % plane, factor};
}

// [b, columns, plane]; finished with ratio, shift and slope.
struct PlanarOutput {
    const Job &job;

    DEVICE To row(int index) const {
        return planar_row(job, index, job.out_channels, out_plane_of(job), job.ratio ? job.ratio[index] : 1.0f);
    }
    DEVICE void put(const To &to, int column, float sum) const {
        const float scaled = sum * to.factor;
        const float value = job.shift ? scaled + job.shift[column] : scaled;
        to.first[column * out_plane_of(job)] = value < 0.0f ? value * job.slope : value;
    }
};

template <class T, class Input> DEVICE void convolve(const Job &job, const Input &input) {
    const int depth = all_channels(job) * area_of(job);
    multiply_tf32<T, false, true>(job, input, WeightsByOutput{job, depth}, PlanarOutput{job},
                                  job.batch * out_plane_of(job), job.out_channels, depth);
}

GLOBAL conv_forward(Job job) { convolve<Square>(job, PlanarInput<false>{job}); }
GLOBAL conv_forward_narrow(Job job) { convolve<Narrow>(job, PlanarInput<false>{job}); }
GLOBAL masked_forward(Job job) { convolve<Square>(job, PlanarInput<true>{job}); }
GLOBAL masked_forward_narrow(Job job) { convolve<Narrow>(job, PlanarInput<true>{job}); }
GLOBAL decoder_forward(Job job) { convolve<Square>(job, EitherInput{job}); }
GLOBAL decoder_forward_narrow(Job job) { convolve<Narrow>(job, EitherInput{job}); }

GLOBAL finish_forward(Job job) {
    add_parts(job, PlanarOutput{job}, job.batch * out_plane_of(job), job.out_channels);
}

// The gradient of the sums from that of the output: times `ratio`, [b, 1, plane], and, where `gate`, which is the output
// itself, is not above zero, times `slope`. Either may be missing.
GLOBAL sums_gradient(Job job) {
    const size_t at = thread_index(), plane = out_plane_of(job), planes = job.out_channels * plane;
    if (at >= job.batch * planes) {
        return;
    }
    float value = ((const float *)job.gradient)[at];
    if (job.ratio) {
        value *= job.ratio[at / planes * plane + at % plane];
    }
    if (job.gate && job.gate[at] <= 0.0f) {
        value *= job.slope;
    }
    ((float *)job.output)[at] = value;
}

// Rows: out channels. Depth: output positions of all pictures.
struct GradientByChannel {
    const Job &job;

    DEVICE int row(int index) const { return index * out_plane_of(job); }
    DEVICE long long column(int depth) const {
        const int plane = out_plane_of(job);
        return (long long)(depth / plane) * job.out_channels * plane + depth % plane;
    }
    DEVICE float at(int row, long long column) const { return ((const float *)job.gradient + column)[row]; }
};

// Rows: in channels × window. Depth: output positions of all pictures.
template <bool MASKED> struct InputByPlace {
    const Job &job;

    DEVICE Place row(int index) const { return place_of(job, index, plane_of(job)); }
    DEVICE Window column(int depth) const { return window_of(job, output_at(job, depth)); }
    DEVICE float at(const Place &row, const Window &column) const { return input_at<MASKED>(job, column, row); }
};

// The same in the decoder.
struct EitherByPlace {
    const Job &job;

    DEVICE EitherPlace row(int index) const { return either_place(job, index); }
    DEVICE Windows column(int depth) const { return windows_of(job, output_at(job, depth)); }
    DEVICE float at(const EitherPlace &row, const Windows &column) const { return either_input_at(job, column, row); }
};

// [rows][columns]
struct FlatOutput {
    const Job &job;
    int columns;

    DEVICE float *row(int index) const { return (float *)job.output + (size_t)index * columns; }
    DEVICE void put(float *to, int column, float sum) const { to[column] = sum; }
};

template <class T, class Input> DEVICE void weigh(const Job &job, const Input &input) {
    const int columns = all_channels(job) * area_of(job);
    multiply_tf32<T, true, true>(job, GradientByChannel{job}, input, FlatOutput{job, columns}, job.out_channels, columns,
                                 job.batch * out_plane_of(job));
}

GLOBAL conv_weight_gradient(Job job) { weigh<Square>(job, InputByPlace<false>{job}); }
GLOBAL conv_weight_gradient_flat(Job job) { weigh<Flat>(job, InputByPlace<false>{job}); }
GLOBAL masked_weight_gradient(Job job) { weigh<Square>(job, InputByPlace<true>{job}); }
GLOBAL masked_weight_gradient_flat(Job job) { weigh<Flat>(job, InputByPlace<true>{job}); }
GLOBAL decoder_weight_gradient(Job job) { weigh<Square>(job, EitherByPlace{job}); }
GLOBAL decoder_weight_gradient_flat(Job job) { weigh<Flat>(job, EitherByPlace{job}); }

GLOBAL finish_weight_gradient(Job job) {
    const int columns = all_channels(job) * area_of(job);
    add_parts(job, FlatOutput{job, columns}, job.out_channels, columns);
}
