// A convolution as a product of matrices that are never made: row = output position, column = output channel, depth =
// position in the window. `A` and `B` say where a value comes from, `Out` where a sum goes.
//
// 64 threads make 64 × 64 sums, 8 × 8 each, in single precision; the next slices are read while the present ones are
// multiplied. Where rows and columns make too few blocks to fill a GPU, the depth is split over `gridDim.z` and the
// parts are added afterwards in a fixed order, so that the same input gives the same bits.

#ifndef GEMM_CU
#define GEMM_CU

constexpr int TILE = 64;
constexpr int STEP = 16;
// Keeps rows 16 bytes aligned and the stores of a warp on different banks.
constexpr int LINE = TILE + 4;

// A row of `A` or `B`: where it starts, and where its window does. `base` is negative for rows outside.
struct Row {
    long long base;
    int y, x;
};

// What a position in the depth means: a channel of one of the sources, and a place in the window.
struct Tap {
    int source, y, x, channel;
};

// [columns][depth]
template <class T> struct Weights {
    const Job &job;
    int depth;

    DEVICE Row row(int index) const { return {(long long)index * depth, 0, 0}; }
    DEVICE int column(int at) const { return at; }
    DEVICE float at(const Row &row, int column) const { return read((const T *)job.weights, row.base + column); }
};

// The part of the depth that this block adds, in steps of `step`.
struct Depth {
    int from, to;
};

DEVICE Depth depth_of(const Job &job, int depth, int step, int split) {
    const int steps = (depth + step - 1) / step;
    const int each = (steps + job.splits - 1) / job.splits;
    const long long from = (long long)split * each * step, to = from + (long long)each * step;
    return {(int)min(from, (long long)depth), (int)min(to, (long long)depth)};
}

// Reads this thread's sixteen values of a slice. Neighbouring threads read along the depth where the memory does
// (`DEEP`), else along the rows.
template <bool DEEP, class Matrix>
DEVICE void read_slice(const Matrix &matrix, const Row *rows, int from, int to, float values[STEP]) {
    const int thread = threadIdx.x;
    if constexpr (DEEP) {
        const int at = from + thread % STEP;
        const auto column = matrix.column(at < to ? at : to - 1);
        for (int i = 0; i < STEP; i++) {
            const Row row = rows[thread / STEP + 4 * i];
            values[i] = at < to && row.base >= 0 ? matrix.at(row, column) : 0.0f;
        }
    } else {
        const Row row = rows[thread];
        for (int i = 0; i < STEP; i++) {
            const int at = from + i;
            values[i] = at < to && row.base >= 0 ? matrix.at(row, matrix.column(at)) : 0.0f;
        }
    }
}

template <bool DEEP> DEVICE void keep_slice(float (*tile)[LINE], const float values[STEP]) {
    const int thread = threadIdx.x;
    for (int i = 0; i < STEP; i++) {
        if constexpr (DEEP) {
            tile[thread % STEP][thread / STEP + 4 * i] = values[i];
        } else {
            tile[i][thread] = values[i];
        }
    }
}

// Where the eight rows (or columns) of a thread lie in the tile: two runs of four.
DEVICE int place(int group, int i) { return i / 4 * (TILE / 2) + group * 4 + i % 4; }

// Puts a sum where it belongs, or among the parts; `to` is what `out` makes of the row.
template <class Out, class To>
DEVICE void put_sum(const Job &job, const Out &out, int rows, int columns, int row, const To &to, int column,
                    float sum) {
    if (job.splits > 1) {
        job.partial[((size_t)blockIdx.z * rows + row) * columns + column] = sum;
    } else {
        out.put(to, column, sum);
    }
}

// The 32 × 32 sums of a warp from (top, left) on, as tensor cores leave them: two by four products of 16 × 8.
template <class Out>
DEVICE void put_warp_sums(const Job &job, const Out &out, int rows, int columns, int top, int left,
                          const float sums[2][4][4]) {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const int row = top + 8 * i + lane / 4;
        if (row >= rows) {
            continue;
        }
        const auto to = out.row(row);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            const int column = left + j / 2 * 8 + lane % 4 * 2 + j % 2;
            if (column < columns) {
                put_sum(job, out, rows, columns, row, to, column, sums[i / 2][j / 2][i % 2 * 2 + j % 2]);
            }
        }
    }
}

template <bool A_DEEP, bool B_DEEP, class A, class B, class Out>
DEVICE void multiply(const Job &job, const A &a, const B &b, const Out &out, int rows, int columns, int depth) {
    __shared__ __align__(16) float tile_a[STEP][LINE];
    __shared__ __align__(16) float tile_b[STEP][LINE];
    __shared__ Row rows_a[TILE];
    __shared__ Row rows_b[TILE];
    __shared__ int is_any_wanted;
    const int thread = threadIdx.x;
    const int first_row = blockIdx.x * TILE, first_column = blockIdx.y * TILE;
    if (thread == 0) {
        is_any_wanted = 0;
    }
    __syncthreads();
    const int row = first_row + thread, column = first_column + thread;
    rows_a[thread] = row < rows ? a.row(row) : Row{-1, 0, 0};
    rows_b[thread] = column < columns ? b.row(column) : Row{-1, 0, 0};
    if (row < rows && out.is_wanted(row)) {
        is_any_wanted = 1;
    }
    __syncthreads();
    Depth part = depth_of(job, depth, STEP, blockIdx.z);
    if (!is_any_wanted) {
        part.to = part.from;
    }
    float sums[8][8] = {};
    float next_a[STEP], next_b[STEP];
    if (part.from < part.to) {
        read_slice<A_DEEP>(a, rows_a, part.from, part.to, next_a);
        read_slice<B_DEEP>(b, rows_b, part.from, part.to, next_b);
    }
    for (int from = part.from; from < part.to; from += STEP) {
        __syncthreads();
        keep_slice<A_DEEP>(tile_a, next_a);
        keep_slice<B_DEEP>(tile_b, next_b);
        __syncthreads();
        if (from + STEP < part.to) {
            read_slice<A_DEEP>(a, rows_a, from + STEP, part.to, next_a);
            read_slice<B_DEEP>(b, rows_b, from + STEP, part.to, next_b);
        }
#pragma unroll 4
        for (int k = 0; k < STEP; k++) {
            float left[8], right[8];
#pragma unroll
            for (int i = 0; i < 8; i++) {
                left[i] = tile_a[k][place(thread / 8, i)];
                right[i] = tile_b[k][place(thread % 8, i)];
            }
#pragma unroll
            for (int i = 0; i < 8; i++) {
#pragma unroll
                for (int j = 0; j < 8; j++) {
                    sums[i][j] += left[i] * right[j];
                }
            }
        }
    }
#pragma unroll
    for (int i = 0; i < 8; i++) {
        const int to = first_row + place(thread / 8, i);
        if (to >= rows) {
            continue;
        }
        const auto place_of_row = out.row(to);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            const int from = first_column + place(thread % 8, j);
            if (from < columns) {
                put_sum(job, out, rows, columns, to, place_of_row, from, sums[i][j]);
            }
        }
    }
}

// Adds the parts of a split depth, in their order.
template <class Out> DEVICE void add_parts(const Job &job, const Out &out, int rows, int columns) {
    const size_t at = thread_index();
    if (at >= (size_t)rows * columns) {
        return;
    }
    float sum = 0.0f;
    for (int split = 0; split < job.splits; split++) {
        sum += job.partial[(size_t)split * rows * columns + at];
    }
    out.put(out.row((int)(at / columns)), (int)(at % columns), sum);
}

#endif
