"""The half of tests/interop that runs in Python.

answer MODEL INPUTS OUT   loads MODEL with transformers, writes logits and greedy ids for INPUTS to OUT (safetensors)
save MODEL OUT            writes MODEL in every layout that this transformers writes, prints a JSON list of [name, folder]
"""

import inspect
import json
import os
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import LlavaForConditionalGeneration

torch.set_num_threads(2)


def load(folder):
    model = LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    return model.eval()


@torch.no_grad()
def answer(folder, inputs, out):
    model, given = load(folder), load_file(inputs)
    ids, mask, pixels = given["input_ids"].long(), given["attention_mask"].long(), given["pixel_values"]
    logits = model(input_ids=ids, pixel_values=pixels, attention_mask=mask).logits * mask[..., None]
    prompt = given["prompt"].long()[None]
    generated = model.generate(
        input_ids=prompt,
        pixel_values=pixels[:1],
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=10,
        do_sample=False,
        eos_token_id=None,
        pad_token_id=0,
    )
    save_file({"logits": logits.contiguous(), "generated": generated[0, prompt.shape[1] :].to(torch.int32)}, out)
    print(json.dumps({"transformers": transformers.__version__, "torch": torch.__version__}))


def save(folder, out):
    model = load(folder)
    variants = {
        "as save_pretrained writes it": {},
        "in shards": {"max_shard_size": "40KB"},
        "in the layout it has in memory": {"save_original_format": False},
        "as PyTorch files": {"safe_serialization": False},
    }
    known = inspect.signature(model.save_pretrained).parameters
    written = []
    for name, options in variants.items():
        target = os.path.join(out, name.replace(" ", "-"))
        if "safe_serialization" in options and "safe_serialization" not in known:
            os.makedirs(target)  # transformers 5 writes no .bin any more: what 4 did, by hand
            model.config.save_pretrained(target)
            torch.save(model.state_dict(), os.path.join(target, "pytorch_model.bin"))
        else:
            model.save_pretrained(target, **options)
        written.append([name, target])
    half = os.path.join(out, "in-bfloat16")
    model.to(torch.bfloat16).save_pretrained(half)
    written.append(["in bfloat16", half])
    print(json.dumps(written))


{"answer": answer, "save": save}[sys.argv[1]](*sys.argv[2:])
