"""The pictures of benchmarks/src/images.ts with Pillow: `pillow` (decode, resize, cut, normalise in numpy) or `transformers` (CLIPImageProcessor)."""
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from protocol import serve

folder, mode, cores, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), 336
MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)

if mode == "transformers":
    import transformers

    kind = getattr(transformers, "CLIPImageProcessorPil", transformers.CLIPImageProcessor)
    processor = kind(size={"shortest_edge": size}, crop_size=size)


def load(path):
    picture = Image.open(path).convert("RGB")
    if mode == "transformers":
        return processor(picture, return_tensors="np")["pixel_values"][0]
    width, height = picture.size
    longer = int(size * max(width, height) / min(width, height))
    resized = picture.resize((size, longer) if width <= height else (longer, size), Image.Resampling.BICUBIC)
    left, top = (resized.width - size) // 2, (resized.height - size) // 2
    levels = np.asarray(resized.crop((left, top, left + size, top + size)), np.float32)
    return np.ascontiguousarray(((levels / 255 - MEAN) / STD).transpose(2, 0, 1))


paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
pool = ThreadPoolExecutor(cores)


def step():
    return [float(pixels[0, 0, 0]) for pixels in pool.map(load, paths)]


step()
total = sum(float(load(path).sum(dtype=np.float64)) for path in paths)
serve({"pictures": len(paths), "sum": total}, step)
