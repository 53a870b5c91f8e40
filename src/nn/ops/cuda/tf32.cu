// `multiply` on tensor cores, for training: values are rounded to TF32 (11 bits, the range of single precision), sums
// are in single precision.
//
// 128 threads make 4,096 sums: four warps of 32 × 32, each two by four products of 16 × 8, 8 deep. Where there are no
// more than 32 columns or rows, the tile is as narrow, and no warp multiplies what nobody wants.
//
// A matrix has rows and a depth as in gemm.cu, but a type of its own for what is worked out once per row (`row`) and
// once per position in the depth (`column`), so that `at`, which is called for every value, has next to nothing to do.

constexpr int TF32_THREADS = 128;

// Rows and columns of the sums of a block.
template <int ROWS, int COLUMNS> struct Tile {
    static constexpr int rows = ROWS, columns = COLUMNS;
};
using Square = Tile<64, 64>;
using Narrow = Tile<128, 32>;
using Flat = Tile<32, 128>;

// A slice of a matrix, as deep as `STEP`, and what is known of the next two. Neighbouring threads read along the depth
// where the memory does (`DEEP`), else along the rows.
template <int EXTENT, bool DEEP, class Matrix> struct Slice {
    using Row = decltype(((const Matrix *)nullptr)->row(0));
    using Column = decltype(((const Matrix *)nullptr)->column(0));
    // Keeps the fragments of a warp on different banks.
    static constexpr int LINE = EXTENT + 8;
    // What a thread reads.
    static constexpr int VALUES = STEP * EXTENT / TF32_THREADS;

    __align__(16) unsigned tile[STEP][LINE];
    Row rows[EXTENT];
    Column columns[2][STEP];

    // Behind the last row or column stands that one again: it can be read.
    DEVICE void note_rows(const Matrix &matrix, int first, int count) {
        if (threadIdx.x < EXTENT) {
            rows[threadIdx.x] = matrix.row(min(first + (int)threadIdx.x, count - 1));
        }
    }

    DEVICE void note_columns(const Matrix &matrix, int slice, int from, int to) {
        if (threadIdx.x < STEP && from < to) {
            columns[slice % 2][threadIdx.x] = matrix.column(min(from + (int)threadIdx.x, to - 1));
        }
    }

    // This thread's values of a slice, of which `count` are there; `row` is the thread's own, if it has one. Those behind
    // are zeros if `ENDS`, which one of two matrices has to have, else the last one again.
    template <bool ENDS>
    DEVICE void read(const Matrix &matrix, const Row &row, int slice, int count, unsigned values[VALUES]) const {
        const int thread = threadIdx.x;
        if constexpr (DEEP) {
            const Column column = columns[slice % 2][thread % STEP];
#pragma unroll
            for (int i = 0; i < VALUES; i++) {
                values[i] = to_tf32(matrix.at(rows[thread / STEP + i * (TF32_THREADS / STEP)], column));
                if (ENDS && thread % STEP >= count) {
                    values[i] = 0;
                }
            }
        } else {
            const int first = thread / EXTENT * VALUES;
#pragma unroll
            for (int i = 0; i < VALUES; i++) {
                values[i] = to_tf32(matrix.at(row, columns[slice % 2][first + i]));
                if (ENDS && first + i >= count) {
                    values[i] = 0;
                }
            }
        }
    }

    DEVICE void keep(const unsigned values[VALUES]) {
        const int thread = threadIdx.x;
#pragma unroll
        for (int i = 0; i < VALUES; i++) {
            if constexpr (DEEP) {
                tile[thread % STEP][thread / STEP + i * (TF32_THREADS / STEP)] = values[i];
            } else {
                tile[thread / EXTENT * VALUES + i][thread % EXTENT] = values[i];
            }
        }
    }
};

// The products of one slice of 8, for the 32 × 32 sums of this warp at (row, column) of the tile.
template <class SliceA, class SliceB>
DEVICE void multiply_tf32_slice(const SliceA &slice_a, const SliceB &slice_b, int row, int column, int k,
                                float sums[2][4][4]) {
    const int lane = threadIdx.x % 32, group = lane / 4, within = k + lane % 4;
    unsigned a[2][4], b[4][2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
        const int top = row + 16 * i + group;
        a[i][0] = slice_a.tile[within][top];
        a[i][1] = slice_a.tile[within][top + 8];
        a[i][2] = slice_a.tile[within + 4][top];
        a[i][3] = slice_a.tile[within + 4][top + 8];
    }
#pragma unroll
    for (int j = 0; j < 4; j++) {
        b[j][0] = slice_b.tile[within][column + 8 * j + group];
        b[j][1] = slice_b.tile[within + 4][column + 8 * j + group];
    }
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            multiply_tf32_tile(sums[i][j], a[i], b[j]);
        }
    }
}

template <class T, bool A_DEEP, bool B_DEEP, class A, class B, class Out>
DEVICE void multiply_tf32(const Job &job, const A &a, const B &b, const Out &out, int rows, int columns, int depth) {
    using SliceA = Slice<T::rows, A_DEEP, A>;
    using SliceB = Slice<T::columns, B_DEEP, B>;
    __shared__ SliceA slice_a;
    __shared__ SliceB slice_b;
    const int thread = threadIdx.x;
    const int first_row = blockIdx.x * T::rows, first_column = blockIdx.y * T::columns;
    const Depth part = depth_of(job, depth, STEP, blockIdx.z);
    slice_a.note_rows(a, first_row, rows);
    slice_b.note_rows(b, first_column, columns);
    const auto note = [&](int slice) {
        const int from = part.from + slice * STEP;
        slice_a.note_columns(a, slice, from, part.to);
        slice_b.note_columns(b, slice, from, part.to);
    };
    note(0);
    note(1);
    __syncthreads();
    const auto row_a = slice_a.rows[thread % T::rows];
    const auto row_b = slice_b.rows[thread % T::columns];
    unsigned next_a[SliceA::VALUES], next_b[SliceB::VALUES];
    const auto read_next = [&](int slice) {
        const int from = part.from + slice * STEP;
        if (from < part.to) {
            slice_a.template read<false>(a, row_a, slice, part.to - from, next_a);
            slice_b.template read<true>(b, row_b, slice, part.to - from, next_b);
        }
    };
    read_next(0);
    const int across = T::columns / 32, warp = thread / 32;
    const int warp_row = warp / across * 32, warp_column = warp % across * 32;
    float sums[2][4][4] = {};
    for (int slice = 0; part.from + slice * STEP < part.to; slice++) {
        __syncthreads();
        slice_a.keep(next_a);
        slice_b.keep(next_b);
        note(slice + 2);
        __syncthreads();
        read_next(slice + 1);
#pragma unroll
        for (int k = 0; k < STEP; k += 8) {
            multiply_tf32_slice(slice_a, slice_b, warp_row, warp_column, k, sums);
        }
    }
    put_warp_sums(job, out, rows, columns, first_row + warp_row, first_column + warp_column, sums);
}
