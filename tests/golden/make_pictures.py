"""Pictures of every kind that LLaVA's `Image.open(path).convert("RGB")` meets, and what Pillow and transformers make of them.

Made with Pillow 12.3: from 13 on `resize` goes down before across where that is much cheaper, which moves some levels when a picture is stretched.
Usage: python make_pictures.py OUT_DIR (writes tests/golden/pictures: the files, and expected.safetensors)
"""
import math
import os
import sys

import numpy as np
import torch
from PIL import Image, ImageOps
from safetensors.torch import save_file
from transformers import CLIPImageProcessorPil, LlavaNextImageProcessorPil, SiglipImageProcessorPil

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
random = np.random.default_rng(7)
expected = {}


def levels(width, height, channels):
    """Smooth waves with a few odd pixels, so that rounding and clipping both happen."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / (2 + c)) * 90 + np.cos(y / (3 + c)) * 90 + 127 for c in range(channels)]
    picture = np.clip(np.stack(waves, -1), 0, 255).astype(np.uint8)
    picture[random.integers(0, height, 30), random.integers(0, width, 30)] = random.integers(0, 256, (30, channels))
    return picture


def save(name, picture, **options):
    path = os.path.join(out, name)
    picture.save(path, **options)
    expected[f"decode/{name}"] = torch.from_numpy(np.array(Image.open(path).convert("RGB")))


W, H = 37, 23
rgba = Image.fromarray(levels(W, H, 4), "RGBA")
rgb = rgba.convert("RGB")
grey = rgb.convert("L")
save("rgba.png", rgba)
save("rgba.webp", rgba, lossless=True, exact=True)
save("grey.png", grey)
save("grey-alpha.png", rgba.convert("LA"))
save("one-bit.png", grey.convert("1"))
palette = rgb.quantize(16)
save("palette.png", palette)
save("palette-transparent.png", palette, transparency=3)
save("palette-alphas.png", palette, transparency=bytes(range(0, 160, 10)))
save("grey-16.png", Image.fromarray((levels(W, H, 1)[..., 0].astype(np.uint16) * 3)))
save("rgb.tif", rgb)
save("grey-16.tif", Image.fromarray((levels(W, H, 1)[..., 0].astype(np.uint16) * 3)))
save("photo.jpg", rgb, quality=90)
save("photo-420.jpg", rgb, quality=60, subsampling=2)
save("progressive.jpg", rgb, quality=80, progressive=True)
save("grey.jpg", grey, quality=90)
save("cmyk.jpg", Image.fromarray(levels(W, H, 4), "CMYK"), quality=95)
save("photo.webp", rgb, quality=80)
save("still.gif", palette)
save("transparent.gif", palette, transparency=3)
frames = [Image.fromarray(levels(W, H, 3), "RGB").quantize(16) for _ in range(3)]
save("moving.gif", frames[0], save_all=True, append_images=frames[1:], duration=50, loop=0)
save("moving-transparent.gif", frames[0], save_all=True, append_images=frames[1:], duration=50, transparency=2, disposal=2)
save("moving.webp", frames[0].convert("RGB"), save_all=True, append_images=[f.convert("RGB") for f in frames[1:]], lossless=True)
save("moving.png", rgb, save_all=True, append_images=[f.convert("RGB") for f in frames[1:]])

for orientation in range(2, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    name = f"turned-{orientation}.jpg"
    save(name, rgb, quality=90, exif=exif)
    turned = ImageOps.exif_transpose(Image.open(os.path.join(out, name))).convert("RGB")
    expected[f"orient/{name}"] = torch.from_numpy(np.array(turned))

for filter in ("bilinear", "bicubic", "lanczos"):
    for width, height in ((9, 31), (50, 11), (37, 40), (60, 23), (80, 70)):
        resized = rgb.resize((width, height), getattr(Image.Resampling, filter.upper()))
        expected[f"resize/{filter}/{width}x{height}"] = torch.from_numpy(np.array(resized))


def pixels(processor, picture):
    return processor(picture, return_tensors="pt")["pixel_values"][0]


for name in ("photo.jpg", "grey.png", "turned-6.jpg"):
    picture = Image.open(os.path.join(out, name)).convert("RGB")
    for number, filter in enumerate(("lanczos", "bilinear", "bicubic"), 1):  # Pillow's numbers
        siglip = SiglipImageProcessorPil(size={"height": 28, "width": 20}, resample=number)
        expected[f"siglip/{name}/{filter}"] = pixels(siglip, picture)

GRID = [[28, 56], [56, 28], [56, 56], [84, 28], [28, 84]]  # LLaVA-1.6's, (width, height) there, with 336 made 28


def anyres(picture, size=28):
    """process_anyres_image of LLaVA (llava/mm_utils.py): the whole picture squashed, then tiles of the best resolution, row by row."""
    width, height = picture.size
    best, most, least = None, 0, float("inf")
    for w, h in GRID:
        scale = min(w / width, h / height)
        used = min(int(width * scale) * int(height * scale), width * height)
        wasted = w * h - used
        if used > most or (used == most and wasted < least):
            best, most, least = (w, h), used, wasted
    w, h = best
    if w / width < h / height:
        new_width, new_height = w, min(math.ceil(height * w / width), h)
    else:
        new_width, new_height = min(math.ceil(width * h / height), w), h
    sheet = Image.new("RGB", best, (0, 0, 0))
    sheet.paste(picture.resize((new_width, new_height)), ((w - new_width) // 2, (h - new_height) // 2))
    tiles = [sheet.crop((x, y, x + size, y + size)) for y in range(0, h, size) for x in range(0, w, size)]
    clip = CLIPImageProcessorPil(size={"shortest_edge": size}, crop_size=size)
    return torch.stack([pixels(clip, tile) for tile in [picture.resize((size, size)), *tiles]])


for width, height in ((37, 23), (23, 60), (90, 20), (30, 30), (150, 97)):
    picture = Image.fromarray(levels(width, height, 3), "RGB")
    picture.save(os.path.join(out, f"anyres-{width}x{height}.png"))
    expected[f"anyres/{width}x{height}"] = anyres(picture)
    grid = [[h, w] for w, h in GRID]  # transformers says (height, width)
    processor = LlavaNextImageProcessorPil(size={"shortest_edge": 28}, crop_size=28, image_grid_pinpoints=grid)
    assert torch.equal(expected[f"anyres/{width}x{height}"], pixels(processor, picture)), "LLaVA's tiles are transformers'"

save_file({key: value.contiguous() for key, value in expected.items()}, os.path.join(out, "expected.safetensors"))
print(len(expected), "tensors")
