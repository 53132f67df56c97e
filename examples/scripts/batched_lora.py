"""The base model's forward pass with many LoRA adapters side by side.

Adapter e sees its own rows: activations have the shape [adapters, rows, tokens, width].
The base weights are frozen and shared; only the adapter factors get gradients. The
result for each adapter equals PEFT's forward with that adapter alone.
"""

import math

import torch
import torch.nn.functional as F

import config

GROUP = {name: "self_attn" if name[0] in "qkvo" else "mlp" for name in config.TARGETS}


def sites(shape):
    """(module path, input width, output width) of every adapted projection."""
    q = shape.num_attention_heads * shape.head_dim
    kv = shape.num_key_value_heads * shape.head_dim
    h, m = shape.hidden_size, shape.intermediate_size
    widths = {
        "q_proj": (h, q), "k_proj": (h, kv), "v_proj": (h, kv), "o_proj": (q, h),
        "gate_proj": (h, m), "up_proj": (h, m), "down_proj": (m, h),
    }
    return [
        (f"model.layers.{layer}.{GROUP[name]}.{name}", *widths[name])
        for layer in range(shape.num_hidden_layers)
        for name in config.TARGETS
    ]


class BatchedLora(torch.nn.Module):
    """A frozen Llama base plus `count` adapters trained at once."""

    def __init__(self, base, count):
        super().__init__()
        self.shape = base.config
        self.weights = {k: v.detach() for k, v in base.state_dict().items()}
        generator = torch.Generator().manual_seed(config.ADAPTER_SEED)
        self.lora_a = torch.nn.ParameterDict()
        self.lora_b = torch.nn.ParameterDict()
        for path, fan_in, fan_out in sites(base.config):
            bound = 1 / math.sqrt(fan_in)
            start = (torch.rand(config.RANK, fan_in, generator=generator) * 2 - 1) * bound
            key = path.replace(".", "/")
            self.lora_a[key] = torch.nn.Parameter(start.repeat(count, 1, 1))
            self.lora_b[key] = torch.nn.Parameter(torch.zeros(count, fan_out, config.RANK))

    def _linear(self, x, path):
        key = path.replace(".", "/")
        out = F.linear(x, self.weights[f"{path}.weight"])
        flat = x.flatten(1, 2)
        low = torch.bmm(flat, self.lora_a[key].transpose(1, 2))
        delta = torch.bmm(low, self.lora_b[key].transpose(1, 2))
        return out + (config.ALPHA / config.RANK) * delta.view_as(out)

    def _norm(self, x, path):
        scale = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.shape.rms_norm_eps)
        return x * scale * self.weights[f"{path}.weight"]

    def _rotate(self, x, cos, sin):
        half = x.shape[-1] // 2
        turned = torch.cat((-x[..., half:], x[..., :half]), dim=-1)
        return x * cos + turned * sin

    def _attention(self, x, layer, cos, sin):
        path, shape = f"model.layers.{layer}.self_attn", self.shape
        adapters, rows, tokens, _ = x.shape

        def heads(name, count):
            y = self._linear(x, f"{path}.{name}")
            return y.view(adapters * rows, tokens, count, shape.head_dim).transpose(1, 2)

        q = self._rotate(heads("q_proj", shape.num_attention_heads), cos, sin)
        k = self._rotate(heads("k_proj", shape.num_key_value_heads), cos, sin)
        v = heads("v_proj", shape.num_key_value_heads)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        y = y.transpose(1, 2).reshape(adapters, rows, tokens, -1)
        return self._linear(y, f"{path}.o_proj")

    def _mlp(self, x, layer):
        path = f"model.layers.{layer}.mlp"
        gate = F.silu(self._linear(x, f"{path}.gate_proj"))
        return self._linear(gate * self._linear(x, f"{path}.up_proj"), f"{path}.down_proj")

    def hidden(self, ids):
        """Final hidden states for ids [adapters, rows, tokens]."""
        dim = self.shape.head_dim
        theta = self.shape.rope_parameters["rope_theta"]
        inverse = theta ** (-torch.arange(0, dim, 2).float() / dim)
        angles = torch.outer(torch.arange(ids.shape[-1]).float(), inverse).repeat(1, 2)
        cos, sin = angles.cos(), angles.sin()
        x = F.embedding(ids, self.weights["model.embed_tokens.weight"])
        for layer in range(self.shape.num_hidden_layers):
            path = f"model.layers.{layer}"
            x = x + self._attention(self._norm(x, f"{path}.input_layernorm"), layer, cos, sin)
            x = x + self._mlp(self._norm(x, f"{path}.post_attention_layernorm"), layer)
        return self._norm(x, "model.norm")

    def token_losses(self, ids, weights):
        """Weighted loss of each adapter; weights [adapters, rows, tokens] mark targets."""
        states = self.hidden(ids)[:, :, :-1]
        targets, weights = ids[:, :, 1:], weights[:, :, 1:]
        picked = weights != 0
        logits = F.linear(states[picked], self.weights["model.embed_tokens.weight"])
        losses = F.cross_entropy(logits, targets[picked], reduction="none") * weights[picked]
        owner = picked.nonzero()[:, 0]
        return torch.zeros(ids.shape[0]).index_add(0, owner, losses)

    def factors(self, index):
        """PEFT-named tensors of one adapter."""
        out = {}
        for key in self.lora_a:
            name = f"base_model.model.{key.replace('/', '.')}"
            out[f"{name}.lora_A.weight"] = self.lora_a[key][index].detach()
            out[f"{name}.lora_B.weight"] = self.lora_b[key][index].detach()
        return out
