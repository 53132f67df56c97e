"""Train the base model on the general corpus with full fp32 determinism."""

import math
import random
import time

import torch
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

import config
import corpus

POOL = 4096  # documents sorted by length together
WARMUP = 0.03


def build_model():
    """An untrained model of the example's shape."""
    torch.manual_seed(config.BASE_SEED)
    shape = LlamaConfig(
        vocab_size=config.VOCAB,
        hidden_size=config.HIDDEN,
        intermediate_size=config.INTERMEDIATE,
        num_hidden_layers=config.LAYERS,
        num_attention_heads=config.HEADS,
        num_key_value_heads=config.KV_HEADS,
        head_dim=config.HIDDEN // config.HEADS,
        max_position_embeddings=config.MAX_POSITIONS,
        tie_word_embeddings=True,
        rms_norm_eps=1e-5,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    return LlamaForCausalLM(shape)


def encode_documents():
    """Token ids of every base document: bos, prompt, text, eos."""
    tokenizer = Tokenizer.from_file(str(config.TORCH_BASE / "tokenizer.json"))
    texts = [prompt + text for prompt, text in corpus.documents()]
    return [e.ids[: config.MAX_POSITIONS - 1] + [2] for e in tokenizer.encode_batch(texts)]


def batches(documents):
    """Endless batches of similar length, each of about BASE_BATCH_TOKENS tokens."""
    rng = random.Random(config.BASE_SEED)
    while True:
        rng.shuffle(documents)
        ready = []
        for start in range(0, len(documents), POOL):
            pool = sorted(documents[start : start + POOL], key=len)
            batch, longest = [], 0
            for ids in pool:
                longest = max(longest, len(ids))
                if batch and longest * (len(batch) + 1) > config.BASE_BATCH_TOKENS:
                    ready.append(batch)
                    batch = []
                batch.append(ids)
            ready.append(batch)
        rng.shuffle(ready)
        yield from ready


def pad(batch):
    """Right-padded ids and labels; padding carries no loss."""
    width = max(len(ids) for ids in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    labels = torch.full((len(batch), width), -100)
    for row, seq in enumerate(batch):
        ids[row, : len(seq)] = labels[row, : len(seq)] = torch.tensor(seq)
    return ids, labels


def schedule(seen):
    """Warm-up then cosine to a twentieth, as a function of tokens seen."""
    part = min(seen / config.BASE_TOKENS, 1.0)
    if part < WARMUP:
        return part / WARMUP + 0.01
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (part - WARMUP) / (1 - WARMUP)))


def main():
    """Train for BASE_TOKENS tokens and save the transformers folder."""
    torch.set_num_threads(config.THREADS)
    torch.use_deterministic_algorithms(True)
    documents = encode_documents()
    print(f"{len(documents)} documents, {sum(map(len, documents))} tokens")
    model = build_model()
    print(f"{sum(p.numel() for p in model.parameters())} parameters")
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=config.BASE_LR, betas=(0.9, 0.95), weight_decay=0.05
    )
    seen, started = 0, time.time()
    for step, batch in enumerate(batches(documents), start=1):
        ids, labels = pad(batch)
        for group in optimiser.param_groups:
            group["lr"] = config.BASE_LR * schedule(seen)
        logits = model(input_ids=ids, use_cache=False).logits[:, :-1]
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        seen += sum(map(len, batch))
        if step % 100 == 0:
            print(f"step {step} tokens {seen} loss {loss.item():.3f} {time.time() - started:.0f}s", flush=True)
        if seen >= config.BASE_TOKENS:
            break
    model.save_pretrained(config.TORCH_BASE)


if __name__ == "__main__":
    main()
