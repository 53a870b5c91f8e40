// Runs the CUDA kernels of src/nn/ops/cuda on the CPU, so that their arithmetic can be tested without a GPU.
//
// The kernels' own text is compiled by a C++ compiler. The threads of a block are fibers that run in turn up to the
// next barrier; blocks run one after another. A product on tensor cores exchanges its fragments between the fibers of
// a warp in the layout that PTX documents. What this cannot show: speed, races, and anything that the driver does.
//
// Commands come on stdin, answers go to stdout; little-endian, as tests/kernels.rs writes them:
//   U id:u32 len:u64 bytes   make a buffer       E id:u32 len:u64   make one, filled with 0xFF (NaN)
//   F id:u32                 forget it           D id:u32           answer with its bytes
//   L len:u8 name, grid:3 × u32, threads:u32, buffers:12 × u32, bytes of the job    run a kernel

#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

using std::max;
using std::min;

struct Index {
    unsigned x, y, z;
};
static Index threadIdx, blockIdx, blockDim, gridDim;

#define EMULATED
#define GLOBAL static void
#define DEVICE inline
#define __shared__ static
#define __align__(bytes) __attribute__((aligned(bytes)))

[[noreturn]] static void fail(const char *what, const char *which) {
    fprintf(stderr, "emulator: %s: %s\n", what, which);
    exit(1);
}

constexpr size_t STACK = 64 << 10;

struct Fiber {
    ucontext_t context;
    bool is_done = false;
    unsigned products = 0;
};
static std::vector<Fiber> fibers(1024);
static std::vector<char> stacks(1024 * STACK);
static ucontext_t scheduler;
static size_t current;

// All threads of a block meet here: each runs up to it before any goes on.
static void meet() { swapcontext(&fibers[current].context, &scheduler); }

#define __syncthreads meet

static float half_to_float(unsigned short bits) {
    const uint32_t sign = (uint32_t)(bits & 0x8000) << 16, rest = bits & 0x7FFF;
    float value;
    uint32_t single;
    if (rest >= 0x7C00) {
        single = 0x7F800000 | (rest & 0x3FF) << 13;
    } else if (rest >= 0x400) {
        single = (rest << 13) + (112u << 23);
    } else {
        value = (float)rest * 0x1p-24f;
        memcpy(&single, &value, 4);
    }
    single |= sign;
    memcpy(&value, &single, 4);
    return value;
}

static unsigned short float_to_half(float value) {
    uint32_t single;
    memcpy(&single, &value, 4);
    const unsigned short sign = single >> 16 & 0x8000;
    single &= 0x7FFFFFFF;
    if (single > 0x7F800000) {
        return 0x7FFF;
    }
    if (single >= 0x477FF000) {
        return sign | 0x7C00;
    }
    if (single < 0x38800000) {
        float size;
        memcpy(&size, &single, 4);
        // Adding a half (of single precision's last bit there) rounds to even in hardware.
        size += 0.5f;
        memcpy(&single, &size, 4);
        return sign | (unsigned short)(single - 0x3F000000);
    }
    single += 0xFFF + (single >> 13 & 1);
    return sign | (unsigned short)((single - (112u << 23)) >> 13);
}

// What the fibers of a warp show each other; two sets, because a fast one is at most one product ahead.
struct Fragments {
    unsigned a[4], b[2];
};
static Fragments shown[2][1024];

// Shows this fiber's fragments; gives those of its warp.
static const Fragments *show(const unsigned a[4], const unsigned b[2]) {
    Fragments(&all)[1024] = shown[fibers[current].products++ % 2];
    memcpy(all[current].a, a, sizeof all[current].a);
    memcpy(all[current].b, b, sizeof all[current].b);
    meet();
    return all + current / 32 * 32;
}

static float half_of(unsigned pair, int which) { return half_to_float((unsigned short)(pair >> 16 * which)); }

static void multiply_tile(float sums[4], const unsigned a[4], const unsigned b[2]) {
    const Fragments *warp = show(a, b);
    const int group = current % 32 / 4, within = current % 4;
    for (int i = 0; i < 4; i++) {
        const int row = group + i / 2 * 8, column = within * 2 + i % 2;
        for (int k = 0; k < 16; k++) {
            const int lane = k % 8 / 2;
            const unsigned left = warp[row % 8 * 4 + lane].a[row / 8 + k / 8 * 2];
            const unsigned right = warp[column * 4 + lane].b[k / 8];
            sums[i] += half_of(left, k % 2) * half_of(right, k % 2);
        }
    }
}

// EXACT_PRODUCTS=1 leaves values as they are, so that what rounding does is told from what is wrong.
static const bool IS_EXACT = getenv("EXACT_PRODUCTS") != nullptr;
static const unsigned TF32_ROUNDING = IS_EXACT ? 0 : 0x1000;

static unsigned __float_as_uint(float value) {
    unsigned bits;
    memcpy(&bits, &value, 4);
    return bits;
}

// Of what tensor cores are given in TF32 they do not look at the last bits.
static float float_of(unsigned bits) {
    float value;
    bits &= IS_EXACT ? ~0u : ~0x1FFFu;
    memcpy(&value, &bits, 4);
    return value;
}

static void multiply_tf32_tile(float sums[4], const unsigned a[4], const unsigned b[2]) {
    const Fragments *warp = show(a, b);
    const int group = current % 32 / 4, within = current % 4;
    for (int i = 0; i < 4; i++) {
        const int row = group + i / 2 * 8, column = within * 2 + i % 2;
        for (int k = 0; k < 8; k++) {
            const unsigned left = warp[row % 8 * 4 + k % 4].a[row / 8 + k / 4 * 2];
            const unsigned right = warp[column * 4 + k % 4].b[k / 4];
            sums[i] += float_of(left) * float_of(right);
        }
    }
}

#include "kernels.cu"

using Kernel = void (*)(Job);
static const std::map<std::string, Kernel> kernels = {
#define KERNEL(name) {#name, name}
    KERNEL(partial_mask), KERNEL(needed_below), KERNEL(take_picture_f32), KERNEL(take_picture_f16),
    KERNEL(partial_conv_f32), KERNEL(partial_conv_f16_mma),
    KERNEL(partial_conv_f16_mma_narrow), KERNEL(picture_conv_f16), KERNEL(finish_f32), KERNEL(finish_f16),
    KERNEL(picture_direct_f32), KERNEL(picture_direct_f16),
    KERNEL(conv_forward), KERNEL(conv_forward_narrow), KERNEL(masked_forward), KERNEL(masked_forward_narrow),
    KERNEL(decoder_forward), KERNEL(decoder_forward_narrow), KERNEL(finish_forward), KERNEL(sums_gradient),
    KERNEL(conv_input_gradient), KERNEL(conv_input_gradient_narrow), KERNEL(conv_skip_gradient),
    KERNEL(conv_skip_gradient_narrow), KERNEL(conv_small_gradient), KERNEL(conv_small_gradient_narrow),
    KERNEL(strided_input_gradient), KERNEL(strided_input_gradient_narrow), KERNEL(finish_strided_gradient),
    KERNEL(finish_strided_gradient_narrow), KERNEL(finish_input_gradient), KERNEL(finish_skip_gradient),
    KERNEL(finish_small_gradient), KERNEL(conv_weight_gradient), KERNEL(conv_weight_gradient_flat),
    KERNEL(masked_weight_gradient), KERNEL(masked_weight_gradient_flat), KERNEL(decoder_weight_gradient),
    KERNEL(decoder_weight_gradient_flat), KERNEL(finish_weight_gradient), KERNEL(channel_sums),
    KERNEL(channel_deviations), KERNEL(put_channel_sums), KERNEL(add_bias), KERNEL(bias_gradient), KERNEL(norm_apply),
    KERNEL(pixel_losses), KERNEL(put_pixel_losses), KERNEL(pixel_losses_gradient), KERNEL(composite),
    KERNEL(composite_gradient), KERNEL(correlations), KERNEL(finish_correlations), KERNEL(norm_weight_gradients),
    KERNEL(norm_input_gradient), KERNEL(update_mask), KERNEL(max_pool), KERNEL(max_pool_gradient), KERNEL(blend),
    KERNEL(blend_squared), KERNEL(adam), KERNEL(sum_of_distances), KERNEL(distance_gradient), KERNEL(sum_of_squares),
    KERNEL(put_sum_of_parts), KERNEL(add_sum_of_parts),
};

static Kernel running;
static Job job;

static void thread_main() {
    running(job);
    fibers[current].is_done = true;
    swapcontext(&fibers[current].context, &scheduler);
}

static void run_block() {
    for (size_t i = 0; i < blockDim.x; i++) {
        Fiber &fiber = fibers[i];
        fiber.is_done = false;
        fiber.products = 0;
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = &stacks[i * STACK];
        fiber.context.uc_stack.ss_size = STACK;
        fiber.context.uc_link = nullptr;
        makecontext(&fiber.context, thread_main, 0);
    }
    for (bool is_any_left = true; is_any_left;) {
        is_any_left = false;
        for (current = 0; current < blockDim.x; current++) {
            if (!fibers[current].is_done) {
                threadIdx = {(unsigned)current, 0, 0};
                swapcontext(&scheduler, &fibers[current].context);
                is_any_left = is_any_left || !fibers[current].is_done;
            }
        }
    }
}

static void take(void *to, size_t len) {
    if (len != 0 && fread(to, 1, len, stdin) != len) {
        fail("the commands end early", "stdin");
    }
}

template <class T> static T take() {
    T value;
    take(&value, sizeof value);
    return value;
}

static std::map<uint32_t, std::vector<char>> buffers;

static void launch() {
    std::string name(take<uint8_t>(), ' ');
    take(name.data(), name.size());
    const auto found = kernels.find(name);
    if (found == kernels.end()) {
        fail("no such kernel", name.c_str());
    }
    running = found->second;
    gridDim = take<Index>();
    blockDim = {take<uint32_t>(), 1, 1};
    void *pointers[12];
    for (void *&pointer : pointers) {
        const uint32_t id = take<uint32_t>();
        if (id != 0 && !buffers.count(id)) {
            fail("no such buffer", name.c_str());
        }
        pointer = id == 0 ? nullptr : buffers[id].data();
    }
    static_assert(offsetof(Job, batch) == sizeof pointers, "the pointers come first");
    memcpy((void *)&job, pointers, sizeof pointers);
    take((char *)&job + sizeof pointers, offsetof(Job, factor) + sizeof job.factor - sizeof pointers);
    for (blockIdx.z = 0; blockIdx.z < gridDim.z; blockIdx.z++) {
        for (blockIdx.y = 0; blockIdx.y < gridDim.y; blockIdx.y++) {
            for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++) {
                run_block();
            }
        }
    }
}

int main() {
    for (int command = getchar(); command != EOF; command = getchar()) {
        if (command == 'L') {
            launch();
            continue;
        }
        const uint32_t id = take<uint32_t>();
        if (command == 'U' || command == 'E') {
            buffers[id].assign(take<uint64_t>(), (char)0xFF);
            if (command == 'U') {
                take(buffers[id].data(), buffers[id].size());
            }
        } else if (command == 'F') {
            buffers.erase(id);
        } else if (command == 'D') {
            fwrite(buffers[id].data(), 1, buffers[id].size(), stdout);
            fflush(stdout);
        } else {
            fail("no such command", "stdin");
        }
    }
}
