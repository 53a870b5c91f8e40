"""Turns a pair of renders into a photo, its ground truth and a removal mask.

    python finish.py RENDERS OUT [--seed 11] [--quality 92]

Reads RENDERS/photo.png, truth.png (may be missing) and object.png (the silhouette in alpha).
Applies what a lens and a sensor would: a trace of vignetting and lateral colour, then grain
that depends on brightness, the same realisation for photo and truth. The mask is the silhouette plus everything the object's shadow changed.
Outside the mask the truth is made equal to the photo, so that any difference there is the
encoder's.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageCms
from scipy import ndimage

GROW_PX = 7  # so that soft edges and contact shadows are removed too
PINHOLE_PX = 2000  # smaller islands of "keep" are filled
SHADOW_SHARE = .002  # of the area; smaller changes that do not touch the object are noise


def read(path):
    """A 16-bit PNG as float RGB(A) in 0..1."""
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    top = np.iinfo(pixels.dtype).max
    order = [2, 1, 0, 3][:pixels.shape[2]]
    return pixels[..., order].astype(np.float32) / top


def whole(photo, part):
    """A render of a region only is transparent elsewhere; the photo fills that in."""
    alpha = part[..., 3:]
    return np.where(alpha > .999, part[..., :3], photo)


def lens(rgb, vignette=0.10, colour_shift=0.00035):
    """Corner fall-off and a little lateral colour, about the centre."""
    height, width = rgb.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    cx, cy = (width - 1) / 2, (height - 1) / 2
    out = np.empty_like(rgb)
    for channel, scale in enumerate((1 + colour_shift, 1.0, 1 - colour_shift)):
        out[..., channel] = cv2.remap(np.ascontiguousarray(rgb[..., channel]), cx + (x - cx) * scale,
                                      cy + (y - cy) * scale, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    radius = ((x - cx) ** 2 + (y - cy) ** 2) / (cx * cx + cy * cy)
    return out * (1 - vignette * radius ** 1.3)[..., None]


def grain_field(shape, seed):
    """Unit grain: fine in brightness, softer and weaker in colour, as after demosaicing."""
    rng = np.random.default_rng(seed)
    fine = ndimage.gaussian_filter(rng.normal(size=shape[:2]), .55)
    colour = ndimage.gaussian_filter(rng.normal(size=shape), (1.1, 1.1, 0))
    return (fine / fine.std())[..., None] + .55 * colour / colour.std()


def with_grain(rgb, field, amount):
    """`amount` is the standard deviation at mid grey, of 255; shadows get more, highlights less."""
    level = rgb.mean(-1, keepdims=True)
    return rgb + field * amount / 255 * (1.25 - .75 * np.clip(level, 0, 1))


def removal_mask(photo, truth, silhouette, visible, narrowest):
    """Silhouette plus visible change, cleaned, without islands or pinholes, widened.

    A change counts from `visible` (of 255) on and where it is wider than about 2 `narrowest` px.
    """
    solid = silhouette > .01
    if truth is not None:
        change = np.abs(ndimage.gaussian_filter(photo - truth, (3, 3, 0))).max(-1) > visible / 255
        labels, _ = ndimage.label(ndimage.binary_closing(change | solid, iterations=3))
        keep = np.bincount(labels.ravel()) > SHADOW_SHARE * labels.size  # a shadow may lie apart
        keep[np.unique(labels[solid])] = True
        keep[0] = False
        solid = ndimage.binary_opening(keep[labels], iterations=narrowest) | solid
    near = ndimage.distance_transform_edt(~solid) <= GROW_PX
    mask = ndimage.median_filter(near.astype(np.uint8), 9) > 0
    labels, _ = ndimage.label(~mask)
    return mask | (np.bincount(labels.ravel()) < PINHOLE_PX)[labels]


def inside_only(photo, truth, mask):
    """The truth inside the mask, the photo outside, melting over a few pixels inside."""
    weight = np.clip(ndimage.distance_transform_edt(mask) / 4, 0, 1)[..., None]
    return photo + weight.astype(np.float32) * (truth - photo)


def save(path, rgb, quality, subsample, description):
    image = Image.fromarray(np.clip(np.round(rgb * 255), 0, 255).astype(np.uint8))
    exif = Image.Exif()
    exif[0x010E], exif[0x0131] = description, "Blender"
    exif[0x013B] = exif[0x8298] = "Lacuna contributors"
    exif[0x0112] = 1
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image.save(path, quality=quality, subsampling=2 if subsample else 0, optimize=True, icc_profile=profile, exif=exif)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("renders", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--name", default="", help="prefix of the files in both folders")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--quality", type=int, default=92)
    parser.add_argument("--subsample", action="store_true", help="4:2:0 colour, for smaller files")
    parser.add_argument("--visible", type=float, default=4.0, help="what counts as shadow, of 255")
    parser.add_argument("--narrowest", type=int, default=2, help="thinner streaks of change are left out, px")
    parser.add_argument("--photo-only", action="store_true", help="write no truth, use it for the mask only")
    parser.add_argument("--grain", type=float, default=2.0)
    options = parser.parse_args()
    photo = read(options.renders / f"{options.name}photo.png")[..., :3]
    silhouette = read(options.renders / f"{options.name}object.png")[..., 3]
    truth_path = options.renders / f"{options.name}truth.png"
    truth = whole(photo, read(truth_path)) if truth_path.exists() else None
    mask = removal_mask(photo, truth, silhouette, options.visible, options.narrowest)
    field = grain_field(photo.shape, options.seed)
    pictures = {"photo": photo}
    if truth is not None and not options.photo_only:
        outside = np.abs(photo - truth).max(-1)[~mask]
        print(f"outside the mask: mean change {255 * outside.mean():.3f}, 99.9 % below {255 * np.quantile(outside, .999):.2f} of 255")
        pictures["truth"] = inside_only(photo, truth, mask)
    for name, rgb in pictures.items():
        finished = with_grain(lens(rgb), field, options.grain)
        save(options.out / f"{options.name}{name}.jpg", finished, options.quality, options.subsample,
             f"Lacuna sample, {name}")
    Image.fromarray((mask * 255).astype(np.uint8)).save(options.out / f"{options.name}mask.png", optimize=True)
    print(f"hole: {100 * mask.mean():.2f} % of {photo.shape[1]}x{photo.shape[0]}")


if __name__ == "__main__":
    main()
