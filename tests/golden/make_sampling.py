"""Probabilities that transformers' logits processors give to the next token, for packages/llava/src/sampling.ts.

Usage: python make_sampling.py OUT.json     (needs torch and transformers)
"""
import json, sys
import torch
from transformers.generation.logits_process import (
    LogitsProcessorList, RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper)

torch.manual_seed(1)
VOCAB = 40
cases = []
for settings in [
    dict(), dict(temperature=0.7), dict(temperature=1.3, topK=5), dict(temperature=0.9, topP=0.8), dict(topP=0.05),
    dict(repetitionPenalty=1.4), dict(repetitionPenalty=1.2, temperature=0.6, topK=12, topP=0.7), dict(topK=3, topP=0.9),
    dict(repetitionPenalty=0.8, temperature=2.0, topP=0.95),
]:
    logits = (torch.randn(1, VOCAB) * 3).float()
    seen = torch.randint(0, VOCAB, (1, 9))
    processors = LogitsProcessorList()  # the order of GenerationMixin._get_logits_processor
    if "repetitionPenalty" in settings: processors.append(RepetitionPenaltyLogitsProcessor(settings["repetitionPenalty"]))
    if "temperature" in settings: processors.append(TemperatureLogitsWarper(settings["temperature"]))
    if "topK" in settings: processors.append(TopKLogitsWarper(settings["topK"]))
    if "topP" in settings: processors.append(TopPLogitsWarper(settings["topP"]))
    probabilities = torch.softmax(processors(seen, logits.clone()), -1)
    cases.append(dict(settings=settings, logits=logits[0].tolist(), seen=seen[0].tolist(), probabilities=probabilities[0].tolist()))
json.dump(cases, open(sys.argv[1], "w"))
