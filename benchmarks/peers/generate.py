"""The answer of benchmarks/src/generate-contestant.ts with transformers.generate: same sizes, sdpa attention, KV cache."""
import logging
import sys

import torch
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.utils import logging as hf_logging

from protocol import serve

PROMPT_TOKENS, NEW_TOKENS = 512, 128
hf_logging.set_verbosity(logging.ERROR)
torch.manual_seed(0)
config = LlamaConfig(
    vocab_size=32000,
    hidden_size=768,
    intermediate_size=2048,
    num_hidden_layers=12,
    num_attention_heads=12,
    num_key_value_heads=12,
    max_position_embeddings=2048,
    tie_word_embeddings=True,
)
model = LlamaForCausalLM(config).float().eval()
prompt = torch.randint(5, config.vocab_size, (1, PROMPT_TOKENS))
new_tokens = 1 if "first" in sys.argv else NEW_TOKENS + 1


def answer():
    with torch.inference_mode():
        ids = model.generate(
            input_ids=prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=new_tokens,
            do_sample=False,
            eos_token_id=None,
            pad_token_id=0,
        )
    assert ids.shape[1] == PROMPT_TOKENS + new_tokens


answer()
serve({}, answer)
