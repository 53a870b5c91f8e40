"""Times the PConv U-Net in PyTorch on a GPU: what `lacuna bench --device cuda` is compared with.

    bench_torch_cuda.py REFERENCE_FOLDER [RUNS]        prints one JSON line per variant

REFERENCE_FOLDER holds pconv_reference.py. Each forward pass takes its picture from the CPU's memory and brings the result
back there, as Lacuna's does; `device_ms` leaves these copies out. A training step has batch 4 at 256², all losses, Adam.
"""
import json, statistics as st, sys, time
import torch

sys.path.insert(0, sys.argv[1])
import pconv_reference as ref

runs = int(sys.argv[2]) if len(sys.argv) > 2 else 30
torch.manual_seed(0)
torch.backends.cudnn.benchmark = True
dev = "cuda"


def median(step, budget=4.0):
    for _ in range(5):
        step()
    torch.cuda.synchronize()
    ms, end = [], time.perf_counter() + budget
    while len(ms) < runs and time.perf_counter() < end:
        t = time.perf_counter()
        step()
        torch.cuda.synchronize()
        ms.append((time.perf_counter() - t) * 1e3)
    return round(st.median(ms), 2)


def forward(base, size, variant):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = "tf32" in variant
    net = ref.PConvUNet(8, base).eval().to(dev)
    mask = ref.irregular_mask(size, size, 0.2, 1, 0)
    x = torch.randn(1, 3, size, size) * mask
    kind = torch.float16 if "half" in variant else torch.float32
    net = net.to(kind)
    layout = torch.channels_last if "cl" in variant else torch.contiguous_format
    net = net.to(memory_format=layout)

    def whole():
        with torch.inference_mode():
            return net(x.to(dev, kind).contiguous(memory_format=layout), mask.to(dev, kind))[0].float().cpu()

    there, mask_there = x.to(dev, kind).contiguous(memory_format=layout), mask.to(dev, kind)

    def alone():
        with torch.inference_mode():
            net(there, mask_there)

    return {"variant": variant, "base": base, "size": size, "ms": median(whole), "device_ms": median(alone)}


def train(base, variant):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = "tf32" in variant
    layout = torch.channels_last if "cl" in variant else torch.contiguous_format
    net, vgg = ref.PConvUNet(8, base).to(dev).to(memory_format=layout), ref.VGGLike().to(dev).to(memory_format=layout)
    opt = torch.optim.Adam(net.parameters(), 2e-4)
    mask = ref.irregular_mask(256, 256, 0.2, 1, 0).expand(4, -1, -1, -1).contiguous().to(dev)
    gt = torch.randn(4, 3, 256, 256, device=dev).contiguous(memory_format=layout)

    def step():
        with torch.autocast("cuda", torch.bfloat16, enabled="half" in variant):
            out, _ = net(gt * mask, mask)
            loss = ref.total(ref.losses(out, gt, mask, vgg))
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()

    return {"variant": f"train {variant}", "base": base, "size": 256, "ms": median(step)}


print(json.dumps({"device": torch.cuda.get_device_name(), "torch": torch.__version__}))
for variant in ("eager", "tf32", "cl half"):
    print(json.dumps(train(32, variant)), flush=True)
for size in (512, 1024):
    for base in (32, 64):
        for variant in ("eager", "cl", "cl tf32", "cl half"):
            print(json.dumps(forward(base, size, variant)), flush=True)
