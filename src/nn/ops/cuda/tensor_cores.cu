// `partial_conv` on tensor cores: halves in, single-precision sums. `partial_conv_f32` is its twin.
//
// 128 threads make 64 × 64 sums: four warps of 32 × 32, each two by four products of 16 × 8, 16 deep. The slices are 32
// deep and read eight channels at a time where the channels allow it (`WIDE`: both sources have a multiple of eight).

constexpr int HALF_STEP = 32;
// Rows of 80 bytes: aligned to 16, and the fragments of a warp on different banks.
constexpr int HALF_LINE = HALF_STEP + 8;

// Eight halves.
struct __align__(16) Eight {
    unsigned pair[4];
};

DEVICE unsigned pair_of(Half low, Half high) { return (unsigned)low.bits | (unsigned)high.bits << 16; }

template <class Matrix> DEVICE Half read_one(const Matrix &matrix, const Row &row, int at, int to) {
    if (at >= to) {
        return {0};
    }
    const auto column = matrix.column(at);
    if (!matrix.is_inside(row, column)) {
        return {0};
    }
    return *matrix.place(row, column);
}

// Eight positions of the depth from `at` on, zeros from `to` on.
template <bool WIDE, class Matrix>
DEVICE Eight read_eight(const Matrix &matrix, const Row &row, int at, int to) {
    Eight eight = {{0, 0, 0, 0}};
    if (row.base < 0 || at >= to) {
        return eight;
    }
    if constexpr (WIDE) {
        const auto column = matrix.column(at);
        if (matrix.is_inside(row, column)) {
            eight = *(const Eight *)matrix.place(row, column);
        }
    } else {
        for (int i = 0; i < 4; i++) {
            eight.pair[i] = pair_of(read_one(matrix, row, at + 2 * i, to), read_one(matrix, row, at + 2 * i + 1, to));
        }
    }
    return eight;
}

// The weights in the form that `read_eight` reads.
struct HalfWeights {
    const Job &job;
    int depth;

    DEVICE Row row(int index) const { return {(long long)index * depth, 0, 0}; }
    DEVICE int column(int at) const { return at; }
    DEVICE bool is_inside(const Row &, int) const { return true; }
    DEVICE const Half *place(const Row &row, int column) const { return (const Half *)job.weights + row.base + column; }
};

DEVICE unsigned pair_at(const Half (*tile)[HALF_LINE], int row, int column) {
    return *(const unsigned *)&tile[row][column];
}

// The products of one slice of 16, for the 32 × 32 sums of this warp at (row, column) of the tile.
DEVICE void multiply_slice(const Half (*tile_a)[HALF_LINE], const Half (*tile_b)[HALF_LINE], int row, int column, int k,
                           float sums[2][4][4]) {
    const int lane = threadIdx.x % 32, group = lane / 4, within = k + lane % 4 * 2;
    unsigned a[2][4], b[4][2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
        const int top = row + 16 * i + group;
        a[i][0] = pair_at(tile_a, top, within);
        a[i][1] = pair_at(tile_a, top + 8, within);
        a[i][2] = pair_at(tile_a, top, within + 8);
        a[i][3] = pair_at(tile_a, top + 8, within + 8);
    }
#pragma unroll
    for (int j = 0; j < 4; j++) {
        b[j][0] = pair_at(tile_b, column + 8 * j + group, within);
        b[j][1] = pair_at(tile_b, column + 8 * j + group, within + 8);
    }
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            multiply_tile(sums[i][j], a[i], b[j]);
        }
    }
}

template <bool WIDE> DEVICE void partial_conv_on_tensor_cores(const Job &job) {
    __shared__ __align__(16) Half tile_a[TILE][HALF_LINE];
    __shared__ __align__(16) Half tile_b[TILE][HALF_LINE];
    __shared__ Row rows_a[TILE];
    __shared__ Row rows_b[TILE];
    __shared__ int is_any_wanted;
    const int thread = threadIdx.x, depth = fused_depth(job);
    const int rows = job.out_height * job.out_width, columns = job.out_channels;
    const int first_row = blockIdx.x * TILE, first_column = blockIdx.y * TILE;
    const Sources<Half> a = {job};
    const HalfWeights b = {job, depth};
    const FusedOutput<Half> out = {job};
    if (thread == 0) {
        is_any_wanted = 0;
    }
    __syncthreads();
    if (thread < TILE) {
        const int row = first_row + thread, column = first_column + thread;
        rows_a[thread] = row < rows ? a.row(row) : Row{-1, 0, 0};
        rows_b[thread] = column < columns ? b.row(column) : Row{-1, 0, 0};
        if (row < rows && out.is_wanted(row)) {
            is_any_wanted = 1;
        }
    }
    __syncthreads();
    Depth part = depth_of(job, depth, HALF_STEP, blockIdx.z);
    if (!is_any_wanted) {
        part.to = part.from;
    }
    const int at = thread % 4 * 8, line = thread / 4;
    const int warp_row = thread / 64 * 32, warp_column = thread / 32 % 2 * 32;
    float sums[2][4][4] = {};
    Eight next_a[2], next_b[2];
    for (int i = 0; i < 2; i++) {
        next_a[i] = read_eight<WIDE>(a, rows_a[line + 32 * i], part.from + at, part.to);
        next_b[i] = read_eight<WIDE>(b, rows_b[line + 32 * i], part.from + at, part.to);
    }
    for (int from = part.from; from < part.to; from += HALF_STEP) {
        __syncthreads();
        for (int i = 0; i < 2; i++) {
            *(Eight *)&tile_a[line + 32 * i][at] = next_a[i];
            *(Eight *)&tile_b[line + 32 * i][at] = next_b[i];
        }
        __syncthreads();
        for (int i = 0; i < 2; i++) {
            next_a[i] = read_eight<WIDE>(a, rows_a[line + 32 * i], from + HALF_STEP + at, part.to);
            next_b[i] = read_eight<WIDE>(b, rows_b[line + 32 * i], from + HALF_STEP + at, part.to);
        }
#pragma unroll
        for (int k = 0; k < HALF_STEP; k += 16) {
            multiply_slice(tile_a, tile_b, warp_row, warp_column, k, sums);
        }
    }
    put_warp_sums(job, out, rows, columns, first_row + warp_row, first_column + warp_column, sums);
}

GLOBAL partial_conv_f16_mma(Job job) { partial_conv_on_tensor_cores<true>(job); }
GLOBAL partial_conv_f16_mma_narrow(Job job) { partial_conv_on_tensor_cores<false>(job); }
