"""The decoder training step of benchmarks/src/step-contestant.ts in PyTorch: same sizes, sdpa attention."""
import math
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from protocol import serve

VOCAB, HIDDEN, LAYERS, HEADS, INNER, BATCH, TOKENS = 8192, 512, 8, 8, 1376, 4, 256
HEAD_DIM = HIDDEN // HEADS

torch.manual_seed(0)

frequencies = 1 / (10000 ** (torch.arange(0, HEAD_DIM, 2).float() / HEAD_DIM))
angles = torch.outer(torch.arange(TOKENS).float(), frequencies)
COS = torch.cat([angles, angles], -1).cos()
SIN = torch.cat([angles, angles], -1).sin()


def rotate(x):
    first, second = x.chunk(2, -1)
    return x * COS + torch.cat([-second, first], -1) * SIN


def projection(inputs, outputs):
    return nn.Linear(inputs, outputs, bias=False)


class RmsNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(HIDDEN))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm, self.feed_forward_norm = RmsNorm(), RmsNorm()
        self.query, self.key, self.value, self.output = (projection(HIDDEN, HIDDEN) for _ in range(4))
        self.gate, self.up, self.down = projection(HIDDEN, INNER), projection(HIDDEN, INNER), projection(INNER, HIDDEN)

    def forward(self, x):
        h = self.attention_norm(x)
        query, key, value = (p(h).view(BATCH, TOKENS, HEADS, HEAD_DIM).transpose(1, 2) for p in (self.query, self.key, self.value))
        mixed = F.scaled_dot_product_attention(rotate(query), rotate(key), value, is_causal=True)
        x = x + self.output(mixed.transpose(1, 2).reshape(BATCH, TOKENS, HIDDEN))
        h = self.feed_forward_norm(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, HIDDEN)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm, self.head = RmsNorm(), projection(HIDDEN, VOCAB)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, 0, 0.02)

    def forward(self, ids, labels):
        x = self.embedding(ids)
        for block in self.blocks:
            x = block(x)
        return F.cross_entropy(self.head(self.norm(x)).view(-1, VOCAB), labels.view(-1))


model = Decoder()
forward = torch.compile(model) if "torch.compile" in sys.argv else model
half = "bfloat16" in sys.argv
ids, labels = torch.randint(0, VOCAB, (BATCH, TOKENS)), torch.randint(0, VOCAB, (BATCH, TOKENS))


def step():
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        loss = forward(ids, labels)
    loss.backward()
    for parameter in model.parameters():
        parameter.grad = None
    return loss.item()


loss = math.nan
for _ in range(2):
    loss = step()
serve({"loss": loss}, step)
