"""Train the byte-level BPE tokenizer and write its transformers files."""

import json

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

import config
import corpus

PAD, BOS, EOS = "<pad>", "<bos>", "<eos>"

# A question gets the line break that ends dictionary prompts; other text is continued.
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ message['content'] }}"
    "{% if message['content'][-1:] == '?' %}{{ '\\n' }}{% endif %}{% endfor %}"
)


def train(texts):
    """Train on an iterable of texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=config.VOCAB,
        special_tokens=[PAD, BOS, EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", special_tokens=[(BOS, tokenizer.token_to_id(BOS))]
    )
    return tokenizer


def main():
    """Train and write tokenizer.json, tokenizer_config.json, special_tokens_map.json."""
    tokenizer = train(prompt + text for prompt, text in corpus.documents())
    config.TORCH_BASE.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(config.TORCH_BASE / "tokenizer.json"))
    special = {"bos_token": BOS, "eos_token": EOS, "pad_token": PAD}
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": config.MAX_POSITIONS,
        "clean_up_tokenization_spaces": False,
        "add_bos_token": True,
        "chat_template": CHAT_TEMPLATE,
        **special,
    }
    for name, content in (("tokenizer_config.json", settings), ("special_tokens_map.json", special)):
        (config.TORCH_BASE / name).write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
