// Masks: one byte per position, 1 = valid; sums over windows, and which outputs anybody needs.

DEVICE int window_sum(const unsigned char *mask, int height, int width, int y, int x, int kernel, bool is_upsampled) {
    const int small_width = (width + 1) / 2;
    const int reach = kernel / 2;
    int sum = 0;
    for (int row = y - reach; row <= y + reach; row++) {
        for (int column = x - reach; column <= x + reach; column++) {
            if (row < 0 || row >= height || column < 0 || column >= width) {
                continue;
            }
            const size_t at = is_upsampled ? (size_t)(row / 2) * small_width + column / 2 : (size_t)row * width + column;
            sum += mask[at] != 0;
        }
    }
    return sum;
}

// The new mask into `extra`, the ratio into `output`. `first` and `second` are masks, `weights`, if given, is what is
// needed: elsewhere the ratio is 0, so that nothing is computed.
GLOBAL partial_mask(Job job) {
    const size_t at = thread_index();
    if (at >= (size_t)job.out_height * job.out_width) {
        return;
    }
    const int y = (int)(at / job.out_width) * job.stride, x = (int)(at % job.out_width) * job.stride;
    int sum = job.first_channels * window_sum((const unsigned char *)job.first, job.height, job.width, y, x, job.kernel,
                                              job.is_upsampled != 0);
    if (job.second) {
        sum += job.second_channels *
               window_sum((const unsigned char *)job.second, job.height, job.width, y, x, job.kernel, false);
    }
    ((unsigned char *)job.extra)[at] = sum != 0;
    const unsigned char *needed = (const unsigned char *)job.weights;
    const bool is_wanted = sum != 0 && (!needed || needed[at] != 0);
    const float window = (float)((job.first_channels + job.second_channels) * job.kernel * job.kernel);
    ((float *)job.output)[at] = is_wanted ? window / (float)sum : 0.0f;
}

// What a decoder layer needs of its small map to make what is needed of its output: an output sees the upsampled
// positions around it. `first` is what is needed, `output` that of the small map.
GLOBAL needed_below(Job job) {
    const size_t at = thread_index();
    if (at >= (size_t)job.small_height * job.small_width) {
        return;
    }
    const unsigned char *needed = (const unsigned char *)job.first;
    const int top = 2 * (int)(at / job.small_width) - 1, left = 2 * (int)(at % job.small_width) - 1;
    bool is_needed = false;
    for (int y = max(top, 0); y < min(top + 4, job.height); y++) {
        for (int x = max(left, 0); x < min(left + 4, job.width); x++) {
            is_needed = is_needed || needed[(size_t)y * job.width + x] != 0;
        }
    }
    ((unsigned char *)job.output)[at] = is_needed;
}

// The picture `first` (single precision) with zeros where the mask `second` has holes, whatever stood there.
template <class T> DEVICE void take_picture(const Job &job) {
    const size_t at = thread_index();
    if (at >= (size_t)job.height * job.width * job.first_channels) {
        return;
    }
    const bool is_valid = ((const unsigned char *)job.second)[at / job.first_channels] != 0;
    write((T *)job.output, at, is_valid ? ((const float *)job.first)[at] : 0.0f);
}

GLOBAL take_picture_f32(Job job) { take_picture<float>(job); }
GLOBAL take_picture_f16(Job job) { take_picture<Half>(job); }
