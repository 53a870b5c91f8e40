"""Checkpoints in naoto0804's layout and the weights they become; run in tests/golden.

Width 2, 5 levels, random numbers. Writes naoto0804_plain.pth (a bare state dict), naoto0804_nested.pth (under
"model", as its training script saves) and naoto0804_expected.safetensors (our names, convolutions over in*k*k).
"""
import torch
from safetensors.torch import save_file

from pconv_reference import PConvUNet

LEVELS = 5
torch.manual_seed(12)
net = PConvUNet(LEVELS, 2)
state = {}
for name, tensor in net.state_dict().items():
    state[name] = torch.rand_like(tensor) + 0.5 if tensor.is_floating_point() else tensor
    if name.endswith("input_conv.weight"):
        state[name.replace("input_conv", "mask_conv")] = torch.ones_like(tensor)
torch.save(state, "naoto0804_plain.pth")
torch.save({"model": state, "n_iter": 7}, "naoto0804_nested.pth")

expected = {}
for name, tensor in state.items():
    if "mask_conv" in name or "num_batches" in name:
        continue
    layer, parameter = name.split(".", 1)
    side, level = layer.split("_")
    index = int(level) - 1 if side == "enc" else LEVELS - int(level)
    parameter = parameter.replace("conv.input_conv", "conv").replace("bn.", "norm.")
    if parameter == "conv.weight":
        tensor = (tensor.double() / tensor[0].numel()).float()
    expected[f"{'encoder' if side == 'enc' else 'decoder'}.{index}.{parameter}"] = tensor
save_file(expected, "naoto0804_expected.safetensors", {"made_by": '"make_convert_golden.py"'})
