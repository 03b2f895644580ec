"""An epoch of pictures and tokens to batches with torch's DataLoader, Pillow and transformers' processors."""
import json
import os
import sys

import torch
from PIL import Image
from transformers import CLIPImageProcessor, PreTrainedTokenizerFast

from protocol import serve

folder = sys.argv[1]
here = os.path.dirname(os.path.abspath(__file__))
try:
    from transformers import CLIPImageProcessorPil as Processor  # Pillow's exact resize, where there are two kinds
except ImportError:
    Processor = CLIPImageProcessor
processor = Processor(size={"shortest_edge": 336}, crop_size={"height": 336, "width": 336})
tokenizer = PreTrainedTokenizerFast(tokenizer_file=os.path.join(here, "../../assets/tiny/decoder/tokenizer.json"))


class Samples(torch.utils.data.Dataset):
    def __init__(self):
        with open(os.path.join(folder, "chat.json")) as file:
            self.samples = json.load(file)

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        sample = self.samples[index]
        with Image.open(os.path.join(folder, "images", sample["image"])) as image:
            pixels = processor(image.convert("RGB"), return_tensors="pt")["pixel_values"][0]
        text = "".join(turn["value"] for turn in sample["conversations"])
        return torch.tensor(tokenizer(text)["input_ids"]), pixels


def collate(rows):
    return torch.nn.utils.rnn.pad_sequence([ids for ids, _ in rows], batch_first=True), torch.stack([p for _, p in rows])


torch.set_num_threads(1)
loader = torch.utils.data.DataLoader(
    Samples(), batch_size=16, num_workers=os.cpu_count(), prefetch_factor=2, persistent_workers=True, collate_fn=collate
)


def epoch():
    for _ in loader:
        pass


epoch()
serve({"samples": len(loader.dataset)}, epoch)
