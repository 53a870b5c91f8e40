// The last layer, which makes the three channels of the picture: one thread per position, no tiles.
//
// A tile of 64 columns would be padding for 61 of them. The weights, [3][depth], lie in shared memory, where all
// threads of a warp read the same one; the launch passes only as many as fit.

constexpr int PICTURE_THREADS = 256;
constexpr int PICTURE_DEPTH = 3072;

template <class T> DEVICE void picture_direct(const Job &job) {
    __shared__ float weights[3 * PICTURE_DEPTH];
    const int depth = fused_depth(job);
    for (int i = threadIdx.x; i < 3 * depth; i += PICTURE_THREADS) {
        weights[i] = read((const T *)job.weights, i);
    }
    __syncthreads();
    const size_t index = thread_index();
    if (index >= (size_t)job.out_height * job.out_width) {
        return;
    }
    float sums[3] = {0.0f, 0.0f, 0.0f};
    if (job.ratio[index] != 0.0f) {
        const Sources<T> sources = {job};
        const Row row = sources.row((int)index);
        int at = 0;
        for (int source = 0; source < 2; source++) {
            const int channels = source ? job.second_channels : job.first_channels;
            for (int place = 0; place < job.kernel * job.kernel && channels; place++, at += channels) {
                const Tap tap = {source, place / job.kernel, place % job.kernel, 0};
                if (!sources.is_inside(row, tap)) {
                    continue;
                }
                const T *values = sources.place(row, tap);
#pragma unroll 4
                for (int channel = 0; channel < channels; channel++) {
                    const float value = read(values, channel);
                    sums[0] += value * weights[at + channel];
                    sums[1] += value * weights[depth + at + channel];
                    sums[2] += value * weights[2 * depth + at + channel];
                }
            }
        }
    }
    for (int channel = 0; channel < 3; channel++) {
        ((float *)job.output)[3 * index + channel] = finished(job, sums[channel], index, channel);
    }
}

GLOBAL picture_direct_f32(Job job) { picture_direct<float>(job); }
GLOBAL picture_direct_f16(Job job) { picture_direct<Half>(job); }
