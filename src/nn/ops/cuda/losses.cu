// The losses that are not convolutions: distances, those of the pixels, and correlations of features.

// The sum of |first − second|, in as many parts as there are blocks; `second` is repeated `batch` times.
GLOBAL sum_of_distances(Job job) {
    const float *xs = (const float *)job.first, *ys = (const float *)job.second;
    const size_t period = job.count / job.batch;
    float sum = 0.0f;
    for (size_t at = thread_index(); at < (size_t)job.count; at += (size_t)gridDim.x * BLOCK) {
        sum += fabsf(xs[at] - ys[at % period]);
    }
    keep_part(job, sum);
}

DEVICE float sign_of(float value) { return value > 0.0f ? 1.0f : value < 0.0f ? -1.0f : 0.0f; }

// sign(first − second) · gradient · factor; the gradient is one number.
GLOBAL distance_gradient(Job job) {
    const size_t at = thread_index(), period = job.count / job.batch;
    if (at < (size_t)job.count) {
        const float difference = ((const float *)job.first)[at] - ((const float *)job.second)[at % period];
        ((float *)job.output)[at] = sign_of(difference) * job.factor * *(const float *)job.gradient;
    }
}

// A position of a picture whose output is `first`, photo `second` and mask `first_mask`, and where its first channel
// is.
struct Pixel {
    int y, x;
    size_t mask, first;
};

DEVICE Pixel pixel_at(const Job &job, size_t index) {
    const size_t plane = (size_t)job.height * job.width, picture = index / plane;
    const int within = (int)(index - picture * plane);
    return {within / job.width, within % job.width, index, picture * job.first_channels * plane + within};
}

// The photo at valid pixels, the output in holes.
DEVICE float composite_at(const Job &job, size_t mask, size_t at) {
    const float valid = job.first_mask[mask];
    return valid * ((const float *)job.second)[at] + (1.0f - valid) * ((const float *)job.first)[at];
}

// Whether the pixel or one around it, `down` and `right` of the one given, is a hole. It is inside.
DEVICE bool is_near_hole(const Job &job, const Pixel &pixel, int down, int right) {
    const int y = pixel.y + down, x = pixel.x + right;
    const float *plane = job.first_mask + (pixel.mask - (size_t)pixel.y * job.width - pixel.x);
    for (int row = max(y - 1, 0); row <= min(y + 1, job.height - 1); row++) {
        for (int column = max(x - 1, 0); column <= min(x + 1, job.width - 1); column++) {
            if (plane[(size_t)row * job.width + column] != 1.0f) {
                return true;
            }
        }
    }
    return false;
}

// The sums behind three losses: of distances at valid pixels, of those in holes, and of differences between neighbours
// in the composite that are both near a hole. In parts, [3][splits].
GLOBAL pixel_losses(Job job) {
    const size_t plane = (size_t)job.height * job.width, count = job.batch * plane;
    float valid = 0.0f, hole = 0.0f, variation = 0.0f;
    for (size_t index = thread_index(); index < count; index += (size_t)gridDim.x * BLOCK) {
        const Pixel pixel = pixel_at(job, index);
        const float is_valid = job.first_mask[pixel.mask];
        const bool is_near = is_near_hole(job, pixel, 0, 0);
        const bool is_down = is_near && pixel.y + 1 < job.height && is_near_hole(job, pixel, 1, 0);
        const bool is_right = is_near && pixel.x + 1 < job.width && is_near_hole(job, pixel, 0, 1);
        for (int channel = 0; channel < job.first_channels; channel++) {
            const size_t at = pixel.first + channel * plane;
            const float distance = fabsf(((const float *)job.first)[at] - ((const float *)job.second)[at]);
            valid += distance * is_valid;
            hole += distance * (1.0f - is_valid);
            const float here = composite_at(job, pixel.mask, at);
            if (is_down) {
                variation += fabsf(composite_at(job, pixel.mask + job.width, at + job.width) - here);
            }
            if (is_right) {
                variation += fabsf(composite_at(job, pixel.mask + 1, at + 1) - here);
            }
        }
    }
    const float sums[3] = {valid, hole, variation};
    for (int term = 0; term < 3; term++) {
        const float sum = sum_of_block(sums[term]);
        if (threadIdx.x == 0) {
            job.partial[term * job.splits + blockIdx.x] = sum;
        }
    }
}

// Three sums of `splits` parts each, times `factor`, by one block.
GLOBAL put_pixel_losses(Job job) {
    for (int term = 0; term < 3; term++) {
        float sum = 0.0f;
        for (int part = threadIdx.x; part < job.splits; part += BLOCK) {
            sum += job.partial[term * job.splits + part];
        }
        sum = sum_of_block(sum);
        if (threadIdx.x == 0) {
            ((float *)job.output)[term] = sum * job.factor;
        }
    }
}

// The gradient of the output from those of the three. Around a hole's pixel everything is near a hole.
GLOBAL pixel_losses_gradient(Job job) {
    const size_t plane = (size_t)job.height * job.width, index = thread_index();
    if (index >= job.batch * plane) {
        return;
    }
    const Pixel pixel = pixel_at(job, index);
    const float *gradient = (const float *)job.gradient;
    const float valid = job.first_mask[pixel.mask];
    for (int channel = 0; channel < job.first_channels; channel++) {
        const size_t at = pixel.first + channel * plane;
        const float sign = sign_of(((const float *)job.first)[at] - ((const float *)job.second)[at]);
        float sum = sign * (valid * gradient[0] + (1.0f - valid) * gradient[1]);
        if (valid != 1.0f) {
            const float here = composite_at(job, pixel.mask, at);
            const int width = job.width;
            float variation = 0.0f;
            if (pixel.y > 0) {
                variation += sign_of(here - composite_at(job, pixel.mask - width, at - width));
            }
            if (pixel.y + 1 < job.height) {
                variation += sign_of(here - composite_at(job, pixel.mask + width, at + width));
            }
            if (pixel.x > 0) {
                variation += sign_of(here - composite_at(job, pixel.mask - 1, at - 1));
            }
            if (pixel.x + 1 < width) {
                variation += sign_of(here - composite_at(job, pixel.mask + 1, at + 1));
            }
            sum += (1.0f - valid) * variation * gradient[2];
        }
        ((float *)job.output)[at] = sum * job.factor;
    }
}

// The composite, and the gradient of the output from the composite's.
GLOBAL composite(Job job) {
    const size_t at = thread_index();
    if (at < all_values(job)) {
        ((float *)job.output)[at] = composite_at(job, mask_at(job, at), at);
    }
}

GLOBAL composite_gradient(Job job) {
    const size_t at = thread_index();
    if (at < all_values(job)) {
        const float valid = job.first_mask[mask_at(job, at)];
        ((float *)job.output)[at] = (1.0f - valid) * ((const float *)job.gradient)[at];
    }
}

DEVICE int padded_channels(const Job &job) {
    return (job.first_channels + Square::rows - 1) / Square::rows * Square::rows;
}

// Rows: the channels of `picture` and, behind them, of the next ones; each picture's are filled up to full tiles.
// Depth: positions.
struct FeatureRows {
    const Job &job;
    int picture;

    DEVICE long long row(int index) const {
        const int padded = padded_channels(job), channel = min(index % padded, job.first_channels - 1);
        return ((long long)(picture + index / padded) * job.first_channels + channel) * plane_of(job);
    }
    DEVICE int column(int depth) const { return depth; }
    DEVICE float at(long long row, int column) const { return ((const float *)job.first + row)[column]; }
};

// [b, c, c]
struct Correlations {
    const Job &job;

    // Null for what fills a tile up.
    DEVICE float *row(int index) const {
        const int padded = padded_channels(job), channel = index % padded, channels = job.first_channels;
        const size_t at = ((size_t)(index / padded) * channels + channel) * channels;
        return channel < channels ? (float *)job.output + at : nullptr;
    }
    DEVICE void put(float *to, int column, float sum) const {
        if (to) {
            to[column] = sum * job.factor;
        }
    }
};

// Sums over all positions of the products of each two channels, times `factor`.
GLOBAL correlations(Job job) {
    const int padded = padded_channels(job), picture = blockIdx.x / (padded / Square::rows);
    multiply_tf32<Square, true, true>(job, FeatureRows{job, 0}, FeatureRows{job, picture}, Correlations{job},
                                      job.batch * padded, job.first_channels, plane_of(job));
}

GLOBAL finish_correlations(Job job) {
    add_parts(job, Correlations{job}, job.batch * padded_channels(job), job.first_channels);
}
