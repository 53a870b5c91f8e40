// The fused layer for inference: masked convolution, ratio, shift and activation in one pass.
//
// Maps are [h, w, c], holes hold zeros. The decoder reads its small map and the skip where they lie: depth runs over
// the window of the first source, then over that of the second. Weights are [out][depth]. A block whose outputs all
// saw nothing, or are not needed, multiplies nothing.

#ifndef PARTIAL_CONV_CU
#define PARTIAL_CONV_CU

template <class T> struct Sources {
    const Job &job;

    DEVICE Row row(int index) const {
        const int reach = job.kernel / 2;
        return {0, index / job.out_width * job.stride - reach, index % job.out_width * job.stride - reach};
    }

    DEVICE Tap column(int depth) const {
        const int first = job.kernel * job.kernel * job.first_channels;
        const int source = depth >= first;
        const int within = source ? depth - first : depth;
        const int channels = source ? job.second_channels : job.first_channels;
        const int place = within / channels;
        return {source, place / job.kernel, place % job.kernel, within - place * channels};
    }

    DEVICE bool is_inside(const Row &row, const Tap &tap) const {
        const int y = row.y + tap.y, x = row.x + tap.x;
        return y >= 0 && y < job.height && x >= 0 && x < job.width;
    }

    // Where the values of an inside position start.
    DEVICE const T *place(const Row &row, const Tap &tap) const {
        const int y = row.y + tap.y, x = row.x + tap.x;
        if (tap.source) {
            return (const T *)job.second + ((size_t)y * job.width + x) * job.second_channels + tap.channel;
        }
        if (job.is_upsampled) {
            return (const T *)job.first + ((size_t)(y / 2) * job.small_width + x / 2) * job.first_channels +
                   tap.channel;
        }
        return (const T *)job.first + ((size_t)y * job.width + x) * job.first_channels + tap.channel;
    }

    DEVICE float at(const Row &row, const Tap &tap) const {
        return is_inside(row, tap) ? read(place(row, tap), 0) : 0.0f;
    }
};

template <class T> struct FusedOutput {
    const Job &job;

    DEVICE bool is_wanted(int row) const { return job.ratio[row] != 0.0f; }
    DEVICE int row(int index) const { return index; }
    DEVICE void put(int row, int column, float sum) const {
        write((T *)job.output, (size_t)row * job.out_channels + column, finished(job, sum, row, column));
    }
};

DEVICE int fused_depth(const Job &job) {
    return job.kernel * job.kernel * (job.first_channels + job.second_channels);
}

template <class T, class To> DEVICE void partial_conv(const Job &job) {
    const int depth = fused_depth(job);
    multiply<true, true>(job, Sources<T>{job}, Weights<T>{job, depth}, FusedOutput<To>{job},
                         job.out_height * job.out_width, job.out_channels, depth);
}

template <class T> DEVICE void finish(const Job &job) {
    add_parts(job, FusedOutput<T>{job}, job.out_height * job.out_width, job.out_channels);
}

GLOBAL finish_f32(Job job) { finish<float>(job); }
GLOBAL finish_f16(Job job) { finish<Half>(job); }

#endif
