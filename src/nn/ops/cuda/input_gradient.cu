// The gradient of the convolution's input: what training.cu says holds here too.

// Where the gradient of a picture's sums begins, and a position among them.
struct Seen {
    long long picture;
    int y, x;
};

DEVICE Seen seen_from(const Job &job, int picture, int y, int x) {
    return {(long long)picture * job.out_channels * out_plane_of(job), y, x};
}

// If `is_there` and inside.
DEVICE float gradient_at(const Job &job, const Seen &seen, int start, int y, int x, bool is_there) {
    is_there = is_there & is_within(y, x, job.out_height, job.out_width);
    const int at = is_there ? y * job.out_width + x : 0;
    const float value = ((const float *)job.gradient + seen.picture)[start + at];
    return is_there ? value : 0.0f;
}

// Rows: input positions of all pictures, with stride 1. Depth: out channels × window. An output saw the position through
// the place in the window at which it stands from there.
struct PlanarGradient {
    const Job &job;

    DEVICE Seen row(int index) const {
        const Position position = position_of(index, job.height, job.width);
        const int reach = job.kernel / 2;
        return seen_from(job, position.picture, position.y + reach, position.x + reach);
    }
    DEVICE Place column(int depth) const { return place_of(job, depth, out_plane_of(job)); }
    DEVICE float at(const Seen &row, const Place &column) const {
        return gradient_at(job, row, column.start, row.y - column.y, row.x - column.x, true);
    }
};

// Rows: in channels from `offset` on. Depth: out channels × window.
struct WeightsByInput {
    const Job &job;
    int offset;

    DEVICE int row(int index) const { return (index + offset) * area_of(job); }
    DEVICE int column(int depth) const {
        const int area = area_of(job);
        return depth / area * all_channels(job) * area + depth % area;
    }
    DEVICE float at(int row, int column) const { return ((const float *)job.weights)[row + column]; }
};

// [b, columns, plane] of a map of the input; zero in its holes.
struct InputGradient {
    const Job &job;
    const float *mask;
    int columns, plane;

    DEVICE To row(int index) const {
        return planar_row(job, index, columns, plane, mask && mask[index] == 0.0f ? 0.0f : 1.0f);
    }
    DEVICE void put(const To &to, int column, float sum) const {
        to.first[column * plane] = to.factor == 0.0f ? 0.0f : sum;
    }
};

DEVICE InputGradient of_input(const Job &job) { return {job, job.first_mask, job.first_channels, plane_of(job)}; }

DEVICE InputGradient of_skip(const Job &job) { return {job, job.second_mask, job.second_channels, plane_of(job)}; }

DEVICE InputGradient of_small(const Job &job) {
    return {job, job.first_mask, job.first_channels, small_plane_of(job)};
}

// Of the input channels from `offset` on.
template <class T> DEVICE void input_gradient(const Job &job, int offset, const InputGradient &to) {
    multiply_tf32<T, false, true>(job, PlanarGradient{job}, WeightsByInput{job, offset}, to, job.batch * to.plane,
                                  to.columns, job.out_channels * area_of(job));
}

// With stride 2 an output sees a position only through every other place, and which ones depends on whether the
// position's row and column are even: four kinds of positions with products of their own. `of` is which kind.
struct Kind {
    int y, x;          // 0 where the row (column) is even
    int first_y, first_x; // the first place
    int down, across;  // places

    DEVICE Kind(const Job &job, int of) : y(of / 2), x(of % 2) {
        const int reach = job.kernel / 2;
        first_y = (y + reach) % 2;
        first_x = (x + reach) % 2;
        down = (job.kernel - first_y + 1) / 2;
        across = (job.kernel - first_x + 1) / 2;
    }
    DEVICE int places() const { return down * across; }
    // Of a depth of channels × places.
    DEVICE Place place(int depth, int plane) const {
        const int within = depth % places();
        return {depth / places() * plane, first_y + within / across * 2, first_x + within % across * 2};
    }
};

// Positions of a kind, as many rows for each kind as fill whole tiles of `TILE` rows.
template <int TILE> struct Kinds {
    const Job &job;

    DEVICE int rows_of_one() const {
        const int rows = job.batch * ((job.height + 1) / 2) * ((job.width + 1) / 2);
        return (rows + TILE - 1) / TILE * TILE;
    }
    // That of a row; beyond the last picture or outside where it only fills up.
    DEVICE Position position(int index) const {
        const int of = index / rows_of_one();
        const Position half = position_of(index % rows_of_one(), (job.height + 1) / 2, (job.width + 1) / 2);
        return {half.picture, 2 * half.y + of / 2, 2 * half.x + of % 2};
    }
};

template <int TILE> struct StridedGradient {
    const Job &job;
    Kind kind;

    DEVICE Seen row(int index) const {
        const Position position = Kinds<TILE>{job}.position(index);
        const int reach = job.kernel / 2;
        return seen_from(job, min(position.picture, job.batch - 1), position.y + reach, position.x + reach);
    }
    DEVICE Place column(int depth) const { return kind.place(depth, out_plane_of(job)); }
    DEVICE float at(const Seen &row, const Place &column) const {
        return gradient_at(job, row, column.start, (row.y - column.y) >> 1, (row.x - column.x) >> 1, true);
    }
};

// `WeightsByInput` for that depth.
struct StridedWeights {
    const Job &job;
    Kind kind;

    DEVICE int row(int index) const { return index * area_of(job); }
    DEVICE int column(int depth) const {
        const Place place = kind.place(depth, all_channels(job) * area_of(job));
        return place.start + place.y * job.kernel + place.x;
    }
    DEVICE float at(int row, int column) const { return ((const float *)job.weights)[row + column]; }
};

template <int TILE> struct StridedOutput {
    const Job &job;

    // Null for what fills up.
    DEVICE To row(int index) const {
        const Position position = Kinds<TILE>{job}.position(index);
        const bool is_there = position.picture < job.batch && is_within(position.y, position.x, job.height, job.width);
        if (!is_there) {
            return {nullptr, 0.0f};
        }
        const InputGradient to = of_input(job);
        return to.row((position.picture * job.height + position.y) * job.width + position.x);
    }
    DEVICE void put(const To &to, int column, float sum) const {
        if (to.first) {
            of_input(job).put(to, column, sum);
        }
    }
};

template <class T> DEVICE void strided_gradient(const Job &job) {
    const int rows = Kinds<T::rows>{job}.rows_of_one();
    const Kind kind(job, blockIdx.x * T::rows / rows);
    multiply_tf32<T, false, true>(job, StridedGradient<T::rows>{job, kind}, StridedWeights{job, kind},
                                  StridedOutput<T::rows>{job}, 4 * rows, job.first_channels,
                                  job.out_channels * kind.places());
}

template <class T> DEVICE void finish_strided(const Job &job) {
    add_parts(job, StridedOutput<T::rows>{job}, 4 * Kinds<T::rows>{job}.rows_of_one(), job.first_channels);
}

GLOBAL strided_input_gradient(Job job) { strided_gradient<Square>(job); }
GLOBAL strided_input_gradient_narrow(Job job) { strided_gradient<Narrow>(job); }
GLOBAL finish_strided_gradient(Job job) { finish_strided<Square>(job); }
GLOBAL finish_strided_gradient_narrow(Job job) { finish_strided<Narrow>(job); }

GLOBAL conv_input_gradient(Job job) { input_gradient<Square>(job, 0, of_input(job)); }
GLOBAL conv_input_gradient_narrow(Job job) { input_gradient<Narrow>(job, 0, of_input(job)); }
GLOBAL conv_skip_gradient(Job job) { input_gradient<Square>(job, job.first_channels, of_skip(job)); }
GLOBAL conv_skip_gradient_narrow(Job job) { input_gradient<Narrow>(job, job.first_channels, of_skip(job)); }

// A place in the window as seen from one of the four positions at which a small map's position is seen.
struct SpreadPlace {
    int start, y, x, which;
};

// Rows: positions of the small map. Depth: out channels × the four positions × window.
struct SpreadGradient {
    const Job &job;

    DEVICE Seen row(int index) const {
        const Position position = position_of(index, job.small_height, job.small_width);
        return seen_from(job, position.picture, 2 * position.y, 2 * position.x);
    }
    DEVICE SpreadPlace column(int depth) const {
        const int area = area_of(job), which = depth / area % 4, reach = job.kernel / 2;
        const Place place = place_of(job, depth % area, 0);
        return {depth / area / 4 * out_plane_of(job), which / 2 + reach - place.y, which % 2 + reach - place.x, which};
    }
    DEVICE float at(const Seen &row, const SpreadPlace &column) const {
        const bool is_there = row.y + column.which / 2 < job.height & row.x + column.which % 2 < job.width;
        return gradient_at(job, row, column.start, row.y + column.y, row.x + column.x, is_there);
    }
};

// `WeightsByInput` for that depth.
struct SpreadWeights {
    const Job &job;

    DEVICE int row(int index) const { return index * area_of(job); }
    DEVICE int column(int depth) const {
        const int area = area_of(job);
        return depth / area / 4 * all_channels(job) * area + depth % area;
    }
    DEVICE float at(int row, int column) const { return ((const float *)job.weights)[row + column]; }
};

template <class T> DEVICE void small_gradient(const Job &job) {
    multiply_tf32<T, false, true>(job, SpreadGradient{job}, SpreadWeights{job}, of_small(job),
                                  job.batch * small_plane_of(job), job.first_channels,
                                  4 * job.out_channels * area_of(job));
}

GLOBAL conv_small_gradient(Job job) { small_gradient<Square>(job); }
GLOBAL conv_small_gradient_narrow(Job job) { small_gradient<Narrow>(job); }

DEVICE void finish_gradient(const Job &job, const InputGradient &out) {
    add_parts(job, out, job.batch * out.plane, out.columns);
}

GLOBAL finish_input_gradient(Job job) { finish_gradient(job, of_input(job)); }
GLOBAL finish_skip_gradient(Job job) { finish_gradient(job, of_skip(job)); }
GLOBAL finish_small_gradient(Job job) { finish_gradient(job, of_small(job)); }
