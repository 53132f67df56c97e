"""Make the Optimum fixture of the engine's tests: a random tiny Llama, its ONNX export, a random
LoRA adapter, and what transformers and PEFT compute with them.

Made with transformers 4.57.6, optimum 2.1.0, optimum-onnx 0.1.0, peft 0.21.2, torch 2.15.0:
  python make.py
"""

import json
import shutil
import tempfile
from pathlib import Path

import torch
from optimum.exporters.onnx import main_export
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

HERE = Path(__file__).resolve().parent
SEED = 5
VOCAB = 288
PROMPTS = ([1, 40, 77, 9], [1, 200, 13], [1, 33, 34, 35, 36, 37, 250, 251], [1, 5])
NEW_TOKENS = 10
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def tokenizer():
    """Byte-level tokens and a few merges."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<pad>", "<bos>", "<eos>"]
    trainer = trainers.BpeTrainer(vocab_size=VOCAB, initial_alphabet=alphabet, special_tokens=special)
    made.train_from_iterator(["the ledger pays whoever made the answer that it pays for"] * 4, trainer)
    names = {"pad_token": "<pad>", "bos_token": "<bos>", "eos_token": "<eos>"}
    return PreTrainedTokenizerFast(tokenizer_object=made, **names)


def base():
    """A Llama whose weights are large enough for clear preferences between tokens."""
    torch.manual_seed(SEED)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    ids = {"vocab_size": VOCAB, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    config = LlamaConfig(**sizes, **heads, **ids, max_position_embeddings=64, initializer_range=0.25)
    return LlamaForCausalLM(config).eval()


@torch.no_grad()
def case(model, adapter, prompt):
    """Logits after the prompt, a greedy continuation, and its log-probability."""
    logits = model(input_ids=torch.tensor([prompt])).logits[0, -1]
    ids = list(prompt)
    while len(ids) < len(prompt) + NEW_TOKENS and ids[-1] != 2:
        ids.append(int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    new = ids[len(prompt) :]
    table = model(input_ids=torch.tensor([ids])).logits[0].double().log_softmax(-1)
    log_prob = sum(float(table[len(prompt) - 1 + at, token]) for at, token in enumerate(new))
    return {"adapter": adapter, "prompt": prompt, "logits": logits.tolist(), "greedy": new, "log_prob": log_prob}


def main():
    """Write model, adapter and golden numbers beside this script."""
    model = base()
    with tempfile.TemporaryDirectory() as scratch:
        source, export = Path(scratch) / "hf", Path(scratch) / "onnx"
        model.save_pretrained(source)
        tokenizer().save_pretrained(source)
        main_export(str(source), export, task="text-generation-with-past", opset=18)
        for name in ("model.onnx", "config.json", "tokenizer.json"):
            shutil.copyfile(export / name, HERE / name)
    cases = [case(model, None, prompt) for prompt in PROMPTS]
    torch.manual_seed(SEED + 1)
    tuned = get_peft_model(model, LoraConfig(r=3, lora_alpha=6, target_modules=TARGETS, use_rslora=True))
    for name, weight in tuned.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.15)
    tuned.eval()
    tuned.save_pretrained(HERE / "adapter")
    (HERE / "adapter" / "README.md").unlink(missing_ok=True)
    cases += [case(tuned, "adapter", prompt) for prompt in PROMPTS]
    (HERE / "golden.json").write_text(json.dumps(cases) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
