"""Fills the scenes and shows them: screenshots/scenes.jpg (whole, before and after) and
screenshots/scenes-100.jpg (before and after at 100 %, one place of each).

    python montage.py LACUNA [--scenes .] [--out ../../screenshots]

LACUNA is the program; the results are made with its defaults.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

# Middle of the place that is shown at 100 %, as shares of width and height.
PLACES = {"roof": (.565, .40), "sky": (.68, .42), "gravel": (.53, .38), "tiles": (.55, .50)}
WHOLE = (760, 507)
CROP = (640, 480)


def filled(lacuna, scene, scenes, folder):
    out = folder / f"{scene}.png"
    mask = scenes / f"{scene}-mask.png"
    subprocess.run([lacuna, "inpaint", scenes / f"{scene}-photo.jpg", "--mask", mask, "-o", out, "--quiet"], check=True)
    return Image.open(out).convert("RGB")


def crop(picture, place):
    left, top = (int(share * side - size / 2) for share, side, size in zip(place, picture.size, CROP))
    return picture.crop((left, top, left + CROP[0], top + CROP[1]))


def main():
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("lacuna", type=Path)
    parser.add_argument("--scenes", type=Path, default=here)
    parser.add_argument("--out", type=Path, default=here.parent.parent / "screenshots")
    options = parser.parse_args()
    whole = Image.new("RGB", (2 * WHOLE[0], len(PLACES) * WHOLE[1]))
    close = Image.new("RGB", (2 * CROP[0], len(PLACES) * CROP[1]))
    with tempfile.TemporaryDirectory() as folder:
        for row, (scene, place) in enumerate(PLACES.items()):
            before = Image.open(options.scenes / f"{scene}-photo.jpg").convert("RGB")
            after = filled(options.lacuna.resolve(), scene, options.scenes, Path(folder))
            for column, picture in enumerate((before, after)):
                small = picture.resize(WHOLE, Image.Resampling.LANCZOS)
                whole.paste(small, (column * WHOLE[0], row * WHOLE[1]))
                close.paste(crop(picture, place), (column * CROP[0], row * CROP[1]))
    whole.save(options.out / "scenes.jpg", quality=85)
    close.save(options.out / "scenes-100.jpg", quality=85)


if __name__ == "__main__":
    main()
