// `multiply` on tensor cores, for training: values are rounded to TF32 (11 bits, the range of single precision), sums
// are in single precision. The same rows, columns and depth as in gemm.cu.
//
// 128 threads make 64 × 64 sums: four warps of 32 × 32, each two by four products of 16 × 8, 8 deep.

constexpr int TF32_THREADS = 128;
// Keeps the fragments of a warp on different banks.
constexpr int TF32_LINE = TILE + 8;
// Values of a slice that a thread reads of each matrix.
constexpr int TF32_VALUES = STEP * TILE / TF32_THREADS;

// What the positions of a slice mean, worked out once for all threads; two slices, one ahead of the other.
template <class Column> struct Columns {
    Column at[2][STEP];
};

template <class Matrix, class Column>
DEVICE void note_columns(const Matrix &matrix, Columns<Column> &columns, int slice, int from, int to) {
    if (threadIdx.x < STEP) {
        const int at = from + threadIdx.x;
        columns.at[slice % 2][threadIdx.x] = matrix.column(at < to ? at : to - 1);
    }
}

// Reads this thread's eight values of a slice. Neighbouring threads read along the depth where the memory does
// (`DEEP`), else along the rows.
template <bool DEEP, class Matrix, class Column>
DEVICE void read_tf32(const Matrix &matrix, const Row *rows, const Columns<Column> &columns, int slice, int from, int to,
                      unsigned values[TF32_VALUES]) {
    const int thread = threadIdx.x;
    if constexpr (DEEP) {
        const bool is_there = from + thread % STEP < to;
        const Column column = columns.at[slice % 2][thread % STEP];
#pragma unroll
        for (int i = 0; i < TF32_VALUES; i++) {
            const Row row = rows[thread / STEP + i * (TF32_THREADS / STEP)];
            values[i] = to_tf32(is_there && row.base >= 0 ? matrix.at(row, column) : 0.0f);
        }
    } else {
        const Row row = rows[thread % TILE];
        const int first = thread / TILE * TF32_VALUES;
#pragma unroll
        for (int i = 0; i < TF32_VALUES; i++) {
            const bool is_there = from + first + i < to && row.base >= 0;
            values[i] = to_tf32(is_there ? matrix.at(row, columns.at[slice % 2][first + i]) : 0.0f);
        }
    }
}

template <bool DEEP> DEVICE void keep_tf32(unsigned (*tile)[TF32_LINE], const unsigned values[TF32_VALUES]) {
    const int thread = threadIdx.x;
#pragma unroll
    for (int i = 0; i < TF32_VALUES; i++) {
        if constexpr (DEEP) {
            tile[thread % STEP][thread / STEP + i * (TF32_THREADS / STEP)] = values[i];
        } else {
            tile[thread / TILE * TF32_VALUES + i][thread % TILE] = values[i];
        }
    }
}

// The products of one slice of 8, for the 32 × 32 sums of this warp at (row, column) of the tile.
DEVICE void multiply_tf32_slice(const unsigned (*tile_a)[TF32_LINE], const unsigned (*tile_b)[TF32_LINE], int row,
                                int column, int k, float sums[2][4][4]) {
    const int lane = threadIdx.x % 32, group = lane / 4, within = k + lane % 4;
    unsigned a[2][4], b[4][2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
        const int top = row + 16 * i + group;
        a[i][0] = tile_a[within][top];
        a[i][1] = tile_a[within][top + 8];
        a[i][2] = tile_a[within + 4][top];
        a[i][3] = tile_a[within + 4][top + 8];
    }
#pragma unroll
    for (int j = 0; j < 4; j++) {
        b[j][0] = tile_b[within][column + 8 * j + group];
        b[j][1] = tile_b[within + 4][column + 8 * j + group];
    }
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            multiply_tf32_tile(sums[i][j], a[i], b[j]);
        }
    }
}

template <bool A_DEEP, bool B_DEEP, class A, class B, class Out>
DEVICE void multiply_tf32(const Job &job, const A &a, const B &b, const Out &out, int rows, int columns, int depth) {
    __shared__ __align__(16) unsigned tile_a[STEP][TF32_LINE];
    __shared__ __align__(16) unsigned tile_b[STEP][TF32_LINE];
    __shared__ Row rows_a[TILE];
    __shared__ Row rows_b[TILE];
    __shared__ Columns<decltype(a.column(0))> columns_a;
    __shared__ Columns<decltype(b.column(0))> columns_b;
    const int thread = threadIdx.x;
    const int first_row = blockIdx.x * TILE, first_column = blockIdx.y * TILE;
    const Depth part = depth_of(job, depth, STEP, blockIdx.z);
    if (thread < TILE) {
        const int row = first_row + thread, column = first_column + thread;
        rows_a[thread] = row < rows ? a.row(row) : Row{-1, 0, 0};
        rows_b[thread] = column < columns ? b.row(column) : Row{-1, 0, 0};
    }
    const auto note = [&](int slice) {
        const int from = part.from + slice * STEP;
        if (from < part.to) {
            note_columns(a, columns_a, slice, from, part.to);
            note_columns(b, columns_b, slice, from, part.to);
        }
    };
    unsigned next_a[TF32_VALUES], next_b[TF32_VALUES];
    const auto read_next = [&](int slice) {
        const int from = part.from + slice * STEP;
        if (from < part.to) {
            read_tf32<A_DEEP>(a, rows_a, columns_a, slice, from, part.to, next_a);
            read_tf32<B_DEEP>(b, rows_b, columns_b, slice, from, part.to, next_b);
        }
    };
    note(0);
    note(1);
    __syncthreads();
    read_next(0);
    const int warp_row = thread / 64 * 32, warp_column = thread / 32 % 2 * 32;
    float sums[2][4][4] = {};
    for (int slice = 0; part.from + slice * STEP < part.to; slice++) {
        __syncthreads();
        keep_tf32<A_DEEP>(tile_a, next_a);
        keep_tf32<B_DEEP>(tile_b, next_b);
        note(slice + 2);
        __syncthreads();
        read_next(slice + 1);
#pragma unroll
        for (int k = 0; k < STEP; k += 8) {
            multiply_tf32_slice(tile_a, tile_b, warp_row, warp_column, k, sums);
        }
    }
    put_warp_sums(job, out, rows, columns, first_row + warp_row, first_column + warp_column, sums);
}
