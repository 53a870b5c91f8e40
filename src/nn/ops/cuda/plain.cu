// The fused layer without tensor cores: for single precision, as a twin of `tensor_cores.cu`, and for picture layers that
// are too deep for `picture.cu`. A text of its own, because it takes nvrtc three times as long as all the rest.

GLOBAL partial_conv_f32(Job job) { partial_conv<float, float>(job); }
GLOBAL picture_conv_f16(Job job) { partial_conv<Half, float>(job); }
