// What all kernels share: the parameters of a launch, half precision without CUDA's headers, and maps of values.
//
// The kernels are one text: this file first, then the others. nvrtc compiles it on the person's machine, where there
// are no headers at all, so none is included. A C++ compiler for the CPU takes the same text after the definitions of
// tests/kernels/emulator.cpp, which is how the arithmetic is tested where there is no GPU.

#ifndef COMMON_CU
#define COMMON_CU

#ifndef EMULATED
#define GLOBAL extern "C" __global__ void
#define DEVICE __device__ __forceinline__
#endif

// A launch. The same as `Job` in job.rs, field by field. What a kernel does not need is 0.
struct Job {
    const void *first;    // the input, in the decoder the small map
    const void *second;   // the skip
    const float *first_mask, *second_mask; // in training: theirs, 0 in holes
    const void *weights;
    const float *shift;   // per output channel, added last
    const float *ratio;   // per output, sum(1)/sum(M); 0 where nothing is to be computed
    const float *gradient; // in training: of the output
    const float *gate;    // in training: the output that the activation gave
    void *output;
    float *partial;       // [split][row][column], where the depth is split
    void *extra;
    int batch;
    int height, width;    // of the input; in the decoder of the skip, which is that of the output
    int small_height, small_width;
    int first_channels, second_channels;
    int out_height, out_width, out_channels;
    int kernel, stride;
    int is_upsampled;     // the first source is seen twice as large
    int splits;
    int count;            // values, where nothing else matters
    float slope;          // what follows: values below 0 times this; 1 for nothing
    float factor;
};

struct Half {
    unsigned short bits;
};

#ifndef EMULATED
DEVICE float half_to_float(unsigned short bits) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
    return value;
}

DEVICE unsigned short float_to_half(float value) {
    unsigned short bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}

// sums += a · b for 16 × 16, 16 × 8 halves; the layout of the fragments is that of PTX's mma.m16n8k16.
DEVICE void multiply_tile(float sums[4], const unsigned a[4], const unsigned b[2]) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
                 "{%0,%1,%2,%3};"
                 : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// Half of the last bit that TF32 holds.
constexpr unsigned TF32_ROUNDING = 0x1000;

// sums += a · b for 16 × 8, 8 × 8 values in TF32; the layout of the fragments is that of PTX's mma.m16n8k8.
DEVICE void multiply_tf32_tile(float sums[4], const unsigned a[4], const unsigned b[2]) {
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
                 "{%0,%1,%2,%3};"
                 : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif

// Rounded to 11 bits of mantissa, half away from zero; the tensor cores do not look at the bits below. What is no number
// stays none: a GPU's has all bits set but the sign, and one more would make it next to zero.
DEVICE unsigned to_tf32(float value) {
    const unsigned bits = __float_as_uint(value);
    return value == value ? bits + TF32_ROUNDING : bits;
}

DEVICE float read(const float *values, size_t at) { return values[at]; }
DEVICE float read(const Half *values, size_t at) { return half_to_float(values[at].bits); }
DEVICE void write(float *values, size_t at, float value) { values[at] = value; }
// Kept finite: where almost everything is a hole, values can be larger than a half can be.
DEVICE void write(Half *values, size_t at, float value) {
    values[at].bits = float_to_half(min(max(value, -65504.0f), 65504.0f));
}

// This thread's number among all of a launch in one dimension.
DEVICE size_t thread_index() { return (size_t)blockIdx.x * blockDim.x + threadIdx.x; }

// What follows the sum of a fused layer: act(sum · ratio + shift), exactly 0 where the window saw nothing.
DEVICE float finished(const Job &job, float sum, size_t row, int channel) {
    const float ratio = job.ratio[row];
    if (ratio == 0.0f) {
        return 0.0f;
    }
    const float value = sum * ratio + job.shift[channel];
    return value < 0.0f ? value * job.slope : value;
}

#endif
