"""Logits of a LLaVA with a LoRA adapter, as transformers and peft compute them.

Usage: python peft_logits.py MODEL_DIR ADAPTER_DIR IDS.json OUT.safetensors
"""
import json
import sys

import torch
from peft import PeftModel
from safetensors.torch import save_file
from transformers import LlavaForConditionalGeneration

model_dir, adapter_dir, ids_file, out = sys.argv[1:]
model = LlavaForConditionalGeneration.from_pretrained(model_dir, torch_dtype=torch.float32).eval()
ids = torch.tensor([json.load(open(ids_file))])
with torch.inference_mode():
    base = model(input_ids=ids).logits
    adapted = PeftModel.from_pretrained(model, adapter_dir).eval()(input_ids=ids).logits
save_file({"base": base.contiguous(), "adapted": adapted.contiguous()}, out)
