"""Projectors that transformers' LLaVA does not know, in PyTorch."""
import math
import torch
from torch import nn
from transformers import Blip2QFormerConfig, Blip2QFormerModel


class ResamplerBlock(nn.Module):
    def __init__(self, dim, heads, head_dim):
        super().__init__()
        width, self.heads, self.head_dim = heads * head_dim, heads, head_dim
        self.norm_media, self.norm_latents = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.to_q, self.to_kv, self.to_out = nn.Linear(dim, width, bias=False), nn.Linear(dim, 2 * width, bias=False), nn.Linear(width, dim, bias=False)

    def forward(self, media, latents):
        asking = self.norm_latents(latents)
        seen = torch.cat([self.norm_media(media), asking], 1)
        q, (k, v) = self.to_q(asking), self.to_kv(seen).chunk(2, -1)
        q, k, v = (t.unflatten(-1, (self.heads, self.head_dim)).transpose(1, 2) for t in (q, k, v))
        weights = (q @ k.transpose(-1, -2) / math.sqrt(self.head_dim)).softmax(-1)
        return self.to_out((weights @ v).transpose(1, 2).flatten(2))


class Resampler(nn.Module):
    """Flamingo's perceiver resampler (Alayrac et al. 2022, section 3.1.1) behind a linear layer, with TinyLLaVA's names."""

    def __init__(self, vision, dim, latents, depth, heads, head_dim, mult):
        super().__init__()
        self.latents, self.linear, self.tokens = nn.Parameter(torch.empty(latents, dim)), nn.Linear(vision, dim), latents
        feed = lambda: nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, mult * dim, bias=False), nn.GELU(), nn.Linear(mult * dim, dim, bias=False))
        self.layers = nn.ModuleList(nn.ModuleList([ResamplerBlock(dim, heads, head_dim), feed()]) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)

    def forward(self, features):
        media, latents = self.linear(features), self.latents.expand(len(features), -1, -1)
        for attention, feed in self.layers:
            latents = latents + attention(media, latents)
            latents = latents + feed(latents)
        return self.norm(latents)


class QFormer(nn.Module):
    """BLIP-2's query path: a norm of the features, transformers' own Q-Former, a linear layer."""

    def __init__(self, vision, dim, queries, depth, hidden, heads, inner):
        super().__init__()
        self.query_tokens, self.ln_vision, self.tokens = nn.Parameter(torch.empty(1, queries, hidden)), nn.LayerNorm(vision), queries
        config = Blip2QFormerConfig(hidden_size=hidden, num_hidden_layers=depth, num_attention_heads=heads, intermediate_size=inner,
                                    encoder_hidden_size=vision, cross_attention_frequency=2, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
        config._attn_implementation = "eager"
        self.qformer, self.language_projection = Blip2QFormerModel(config), nn.Linear(hidden, dim)

    def forward(self, features):
        queries = self.query_tokens.expand(len(features), -1, -1)
        return self.language_projection(self.qformer(query_embeds=queries, encoder_hidden_states=self.ln_vision(features)).last_hidden_state)
