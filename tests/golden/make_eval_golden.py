"""Golden numbers for the evaluation: OpenCV's classical fills and scikit-image's SSIM, on synthetic pictures.

Needs numpy, opencv-python-headless, scikit-image and safetensors; run it from this folder. It writes
classic.safetensors (pictures, masks, what cv2.inpaint makes of them with radius 3) and metrics.safetensors.
"""

import cv2
import numpy as np
import skimage
from safetensors.numpy import save_file
from skimage.metrics import structural_similarity


def picture(height, width, seed):
    """A gradient with a straight edge, a disc and a little noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = [90 + 2.0 * x, 60 + 2.5 * y, 150 - 1.2 * x + 0.8 * y]
    rgb = np.stack(planes, 2)
    rgb[3 * x + y > 2 * width] += (40, -30, 20)
    rgb[(x - 0.3 * width) ** 2 + (y - 0.6 * height) ** 2 < (0.15 * width) ** 2] = (30, 120, 200)
    return np.clip(rgb + rng.normal(0, 4, rgb.shape), 0, 255).astype(np.uint8)


def inner_mask(height, width):
    """A blob, a scratch and a single pixel, all away from the border."""
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, (width // 2, height // 2), (9, 6), 25, 0, 360, 255, -1)
    cv2.line(mask, (6, 6), (width - 12, 9), 255, 2)
    mask[height - 7, 9] = 255
    return mask


def border_mask(height, width):
    """Holes that touch the right and the lower border, and the upper left corner."""
    mask = np.zeros((height, width), np.uint8)
    mask[height - 9:, width - 14:] = 255
    mask[12:17, width - 5:] = 255
    mask[:6, :8] = 255
    return mask


def classic():
    tensors = {}
    for case, mask_of, seed in [("inner", inner_mask, 1), ("border", border_mask, 2)]:
        height, width = 40, 52
        rgb, mask = picture(height, width, seed), mask_of(height, width)
        holed = np.where(mask[..., None] > 0, np.uint8(255), rgb)
        tensors[f"{case}.holed"] = holed
        tensors[f"{case}.mask"] = mask
        tensors[f"{case}.telea"] = cv2.inpaint(holed, mask, 3, cv2.INPAINT_TELEA)
        tensors[f"{case}.ns"] = cv2.inpaint(holed, mask, 3, cv2.INPAINT_NS)
    save_file(tensors, "classic.safetensors", {"made_by": f"make_eval_golden.py, cv2 {cv2.__version__}"})


def metrics():
    first = picture(33, 41, 3).astype(np.float32) / 255
    second = np.clip(first + np.random.default_rng(4).normal(0, 0.05, first.shape), 0, 1).astype(np.float32)
    second[8:20, 10:30] = second[8:20, 10:30].mean((0, 1))
    channels = [
        structural_similarity(
            first[..., c].astype(np.float64), second[..., c].astype(np.float64),
            gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1,
        )
        for c in range(3)
    ]
    difference = first.astype(np.float64) - second
    tensors = {
        "first": first,
        "second": second,
        "ssim": np.array([np.mean(channels)], np.float64).astype(np.float32),
        "psnr": np.array([-10 * np.log10((difference ** 2).mean())]).astype(np.float32),
        "l1_percent": np.array([100 * np.abs(difference).mean()]).astype(np.float32),
    }
    save_file(tensors, "metrics.safetensors", {"made_by": f"make_eval_golden.py, skimage {skimage.__version__}"})


if __name__ == "__main__":
    classic()
    metrics()
