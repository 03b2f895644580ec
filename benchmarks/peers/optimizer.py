"""AdamW on 50 million parameters in PyTorch: `fused` or `default`."""
import sys

import torch

from protocol import serve

parameter = torch.nn.Parameter(torch.full((50_000_000,), 0.5))
parameter.grad = torch.full((50_000_000,), 0.01)
fused = True if "fused" in sys.argv else None
optimizer = torch.optim.AdamW([parameter], lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, fused=fused)

for _ in range(2):
    optimizer.step()
serve({"parameters": parameter.numel()}, optimizer.step)
