#!/usr/bin/env python3
"""Distils the first three stages of a VGG network into a small network of the same shape.

The perceptual and style terms of training compare features after VGG's pool1, pool2 and pool3. A VGG file is 9 MB
and more and not ours to ship, so this small network is: two 3 x 3 convolutions a stage, 24, 48 and 96 channels wide. Each of its
pooled channels imitates one channel of the teacher; those are chosen by pivoted Cholesky decomposition of the
teacher's channel covariance, so that together they explain the most. It trains on crops of photos, half of them
damaged in places (blur, noise, flat patches, shifted copies), because a loss network is shown bad fills.

At the end every pool is scaled (which a ReLU network allows without changing anything else) so that the perceptual
and the style term come as close as one factor can bring both to the teacher's, since 24 channels give a Gram matrix
with other entries than 64. What is left is measured on held-out photos and printed as JSON.

    distil_features.py --photos DIR --held-out DIR --vgg vgg19_pool3.safetensors --out features.safetensors

Needs torch, numpy, pillow and safetensors.
"""
import argparse, glob, json, os, random, time
import numpy as np
import torch, torch.nn as nn, torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
WIDTHS = (24, 48, 96)
NAMES = (0, 2, 5, 7, 10, 12)  # torchvision's numbers of VGG-13, cut at pool3


class Stages(nn.Module):
    """Convolutions and ReLUs from tensors named `features.N.*`; a gap of three marks a pool."""

    def __init__(self, state):
        super().__init__()
        numbers = sorted({int(key.split(".")[1]) for key in state})
        self.convs, self.pools = nn.ModuleList(), []
        for index, n in enumerate(numbers):
            weight = state[f"features.{n}.weight"].float()
            conv = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
            conv.weight.data.copy_(weight)
            conv.bias.data.copy_(state[f"features.{n}.bias"].float())
            self.convs.append(conv)
            self.pools.append(index + 1 == len(numbers) or numbers[index + 1] - n == 3)

    def forward(self, xs):
        pools = []
        for conv, pool in zip(self.convs, self.pools):
            xs = F.relu(conv(xs))
            if pool:
                xs = F.max_pool2d(xs, 2)
                pools.append(xs)
        return pools


def new_student():
    channels, state = [3, WIDTHS[0], WIDTHS[0], WIDTHS[1], WIDTHS[1], WIDTHS[2], WIDTHS[2]], {}
    for n, cin, cout in zip(NAMES, channels, channels[1:]):
        state[f"features.{n}.weight"] = torch.randn(cout, cin, 3, 3) * (2 / (9 * cin)) ** 0.5
        state[f"features.{n}.bias"] = torch.zeros(cout)
    return Stages(state)


def crop(path, side, rng):
    image = Image.open(path).convert("RGB")
    scale = side / min(image.size) * rng.choice([1.0, 1.4, 2.0])
    if scale < 1:
        image = image.resize([max(side, round(s * scale)) for s in image.size], Image.BICUBIC)
    elif min(image.size) < side:
        image = image.resize([max(side, round(s * side / min(image.size))) for s in image.size], Image.BICUBIC)
    x, y = rng.randint(0, image.width - side), rng.randint(0, image.height - side)
    pixels = np.asarray(image.crop((x, y, x + side, y + side)), np.float32) / 255
    return torch.from_numpy(pixels[:, ::-1].copy() if rng.random() < 0.5 else pixels).permute(2, 0, 1)


def damage(xs, rng):
    """Spoils a random rectangle of every picture in one of the ways fills go wrong."""
    ys, side = xs.clone(), xs.shape[-1]
    for i in range(len(xs)):
        h, w = rng.randint(side // 6, side * 2 // 3), rng.randint(side // 6, side * 2 // 3)
        y, x = rng.randint(0, side - h), rng.randint(0, side - w)
        part = ys[i:i + 1, :, y:y + h, x:x + w]
        kind = rng.randrange(5)
        if kind == 0:
            k = rng.choice([3, 7, 15])
            part = F.avg_pool2d(F.pad(part, [k // 2] * 4, mode="replicate"), k, 1)
        elif kind == 1:
            part = (part + torch.randn_like(part) * rng.choice([0.03, 0.1, 0.2])).clamp(0, 1)
        elif kind == 2:
            part = part.mean((2, 3), keepdim=True).expand_as(part)
        elif kind == 3:
            part = torch.roll(part, (rng.randint(1, h), rng.randint(1, w)), (2, 3))
        else:
            small = F.avg_pool2d(part, 4, ceil_mode=True)
            part = F.interpolate(small, size=(h, w), mode="nearest" if rng.random() < 0.5 else "bilinear")
        ys[i:i + 1, :, y:y + h, x:x + w] = part
    return ys


def batch(files, side, count, rng):
    xs = torch.stack([crop(rng.choice(files), side, rng) for _ in range(count)])
    half = count // 2
    xs[:half] = damage(xs[:half], rng)
    return (xs - MEAN) / DEVIATION


def representative_channels(teacher, xs):
    """Per pool, the channels that explain the others best: pivoted Cholesky of the covariance."""
    chosen = []
    for width, pool in zip(WIDTHS, teacher(xs)):
        flat = pool.transpose(0, 1).flatten(1).double()
        flat = (flat - flat.mean(1, keepdim=True)) / flat.std(1, keepdim=True).clamp(min=1e-6)
        left, picks = flat @ flat.T / flat.shape[1], []
        for _ in range(width):
            score = (left ** 2).sum(1) / left.diagonal().clamp(min=1e-4)
            score[picks] = -1
            pick = int(score.argmax())
            picks.append(pick)
            left = left - torch.outer(left[:, pick], left[pick]) / left[pick, pick].clamp(min=1e-6)
        chosen.append(torch.tensor(picks))
    return chosen


def gram(f):
    n, c, h, w = f.shape
    f = f.reshape(n, c, h * w)
    return torch.bmm(f, f.transpose(1, 2)) / (c * h * w)


def terms(net, a, b):
    """Per pool and picture: the perceptual and the style distance of two batches."""
    return [((p - q).abs().mean((1, 2, 3)), (gram(p) - gram(q)).abs().mean((1, 2))) for p, q in zip(net(a), net(b))]


def rescale(student, teacher, clean, spoilt):
    """Scales every pool so that perceptual and style term are off by inverse factors, no more than they must."""
    convs, factors = list(student.convs), []
    with torch.no_grad():
        for (sp, ss), (tp, ts) in zip(terms(student, clean, spoilt), terms(teacher, clean, spoilt)):
            perceptual, style = (tp.mean() / sp.mean()).item(), (ts.mean() / ss.mean()).item()
            factors.append((perceptual * style) ** (1 / 3))
        for stage, factor in enumerate(factors):
            convs[2 * stage + 1].weight *= factor
            convs[2 * stage + 1].bias *= factor
            if 2 * stage + 2 < len(convs):
                convs[2 * stage + 2].weight /= factor


def spearman(a, b):
    rank = lambda v: v.argsort().argsort().double()
    return torch.corrcoef(torch.stack([rank(a), rank(b)]))[0, 1].item()


def agreement(student, teacher, clean, spoilt):
    s, t = terms(student, clean, spoilt), terms(teacher, clean, spoilt)
    report = {}
    for i, ((sp, ss), (tp, ts)) in enumerate(zip(s, t)):
        report[f"pool{i + 1}"] = {
            "perceptual_ratio": round((sp.mean() / tp.mean()).item(), 3), "style_ratio": round((ss.mean() / ts.mean()).item(), 3),
            "perceptual_rank_correlation": round(spearman(sp, tp), 3), "style_rank_correlation": round(spearman(ss, ts), 3)}
    total = lambda parts: sum(0.05 * p + 120 * q for p, q in parts)
    report["loss_rank_correlation"] = round(spearman(total(s), total(t)), 3)
    report["loss_ratio"] = round((total(s).mean() / total(t).mean()).item(), 3)
    cosines = []
    for i in range(len(clean)):
        gradients = []
        for net in (student, teacher):
            x = spoilt[i:i + 1].clone().requires_grad_()
            total(terms(net, clean[i:i + 1], x)).sum().backward()
            gradients.append(x.grad.flatten())
        cosines.append(F.cosine_similarity(*gradients, dim=0).item())
    report["gradient_cosine"] = round(float(np.mean(cosines)), 3)
    return report


def explained(student, teacher, chosen, xs):
    out = []
    with torch.no_grad():
        for s, t, picks in zip(student(xs), teacher(xs), chosen):
            t = t[:, picks]
            out.append(round(1 - ((s - t) ** 2).mean().item() / t.var(dim=(0, 2, 3)).mean().item(), 3))
    return out


def main():
    cli = argparse.ArgumentParser()
    cli.add_argument("--photos"), cli.add_argument("--held-out"), cli.add_argument("--vgg"), cli.add_argument("--out")
    cli.add_argument("--minutes", type=float, default=25), cli.add_argument("--threads", type=int, default=1)
    cli.add_argument("--side", type=int, default=96), cli.add_argument("--batch", type=int, default=8)
    args = cli.parse_args()
    torch.set_num_threads(args.threads), torch.manual_seed(0)
    rng = random.Random(0)
    files = sorted(f for f in glob.glob(args.photos + "/**/*", recursive=True) if os.path.isfile(f))
    held_out = sorted(f for f in glob.glob(args.held_out + "/**/*", recursive=True) if os.path.isfile(f))
    teacher, student = Stages(load_file(args.vgg)).requires_grad_(False), new_student()
    with torch.no_grad():
        sample = batch(files, 128, 48, rng)
        chosen = representative_channels(teacher, sample)
        weights = [1 / t[:, picks].var(dim=(0, 2, 3)).clamp(min=1e-3) for t, picks in zip(teacher(sample), chosen)]
    optimizer = torch.optim.Adam(student.parameters(), 2e-3)
    started, step = time.time(), 0
    while (share := (time.time() - started) / (60 * args.minutes)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / 100) * (0.5 + 0.5 * np.cos(np.pi * share))
        xs = batch(files, args.side, args.batch, rng)
        with torch.no_grad():
            targets = [t[:, picks] for t, picks in zip(teacher(xs), chosen)]
        loss = sum((((s - t) ** 2).mean((0, 2, 3)) * w).mean() for s, t, w in zip(student(xs), targets, weights))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 0:
            print(f"step {step} {share:.2f} unexplained {loss.item() / 3:.3f}", flush=True)
        step += 1
    rng = random.Random(1)
    clean = torch.stack([crop(path, 224, rng) for path in held_out[:48]])
    spoilt = damage(clean, rng)
    clean, spoilt = (clean - MEAN) / DEVIATION, (spoilt - MEAN) / DEVIATION
    report = {"steps": step, "minutes": args.minutes, "explained_variance": explained(student, teacher, chosen, clean[:16])}
    half = len(clean) // 2
    rescale(student, teacher, clean[:half], spoilt[:half])
    report |= agreement(student, teacher, clean[half:], spoilt[half:])
    state = {}
    for n, conv in zip(NAMES, student.convs):
        state[f"features.{n}.weight"], state[f"features.{n}.bias"] = conv.weight.detach().half().contiguous(), conv.bias.detach().half().contiguous()
    save_file(state, args.out, {"format": "vgg-features", "name": "Lacuna features, distilled from VGG-19", "normalization": "imagenet"})
    print(json.dumps(report, indent=1))


main()
