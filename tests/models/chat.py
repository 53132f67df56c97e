"""Make the golden conversations of the engine's chat tests; see README.md.

The templates are written for this test, in the styles of families of models: the same control tokens and the
same constructs of the language, in few lines.
"""

import datetime
import json
import shutil
from pathlib import Path

import transformers.utils.chat_template_utils as rendering
from transformers import PreTrainedTokenizerFast

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "chat"
TOKENIZER = ROOT / "sidecar" / "engine" / "tests" / "optimum" / "tokenizer.json"
# 2026-03-05 23:30:00 UTC
NOW = 1772753400


class FixedClock(datetime.datetime):
    """A clock that stands still, in UTC."""

    @classmethod
    def now(cls, tz=None):
        """The same moment, always."""
        return datetime.datetime.fromtimestamp(NOW, tz=datetime.timezone.utc)


TEMPLATES = {
    "llama3": (
        {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
        """{{- bos_token }}
{%- set today = date_string if date_string is defined else strftime_now("%d %b %Y") %}
{%- set opened = messages[0]['role'] == 'system' %}
{%- set turns = messages[1:] if opened else messages %}
{{- "<|start_header_id|>system<|end_header_id|>\n\nToday is " + today + ".\n\n" }}
{%- if tools is not none %}
    {{- "Environment: tools\n" }}
{%- endif %}
{%- if opened %}
    {{- messages[0]['content'] | trim }}
{%- endif %}
{{- "<|eot_id|>" }}
{%- for turn in turns %}
    {%- if not (turn.role == 'ipython' or 'tool_calls' in turn) %}
        {{- '<|start_header_id|>' + turn['role'] + '<|end_header_id|>\n\n' }}
        {{- turn['content'] | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
""",
    ),
    "qwen2.5": (
        {"bos_token": None, "eos_token": "<|im_end|>"},
        """{%- if tools %}
    {{- raise_exception("no tools here") }}
{%- endif %}
{%- set first = messages[0] %}
{{- '<|im_start|>system\\n' }}
{{- first.content if first.role == "system" else 'You answer briefly.' }}
{{- '<|im_end|>\\n' }}
{%- for turn in messages %}
    {%- if not (loop.first and turn.role == "system") and not turn.tool_calls %}
        {{- '<|im_start|>' + turn.role + '\\n' + turn.content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    ),
    "qwen3": (
        {"bos_token": None, "eos_token": "<|im_end|>"},
        """{%- set seen = namespace(question=-1) %}
{%- for turn in messages[::-1] %}
    {%- if seen.question < 0 and turn.role == 'user' and turn.content is string and not turn.content.startswith('<tool>') %}
        {%- set seen.question = messages | length - loop.index %}
    {%- endif %}
{%- endfor %}
{%- for turn in messages %}
    {{- '<|im_start|>' ~ turn.role ~ '\\n' }}
    {%- set words = turn.content %}
    {%- if turn.role == 'assistant' and '</think>' in words %}
        {%- set halves = words.split('</think>') %}
        {%- if loop.index0 > seen.question %}
            {{- '<think>\\n' + halves[0].split('<think>')[-1].strip('\\n') + '\\n</think>\\n\\n' }}
        {%- endif %}
        {%- set words = halves[-1].lstrip('\\n') %}
    {%- endif %}
    {{- words ~ '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and not enable_thinking %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
""",
    ),
    "smollm2": (
        {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"},
        "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
        "{{ '<|im_start|>system\nA small helper.<|im_end|>\n' }}{% endif %}"
        "{% generation %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
        "{% endgeneration %}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    ),
    "gemma": (
        {"bos_token": "<bos>", "eos_token": "<eos>"},
        "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System turns are not known') }}"
        "{% endif %}{% for message in messages %}"
        "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('Turns go user, assistant, user, assistant') }}{% endif %}"
        "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}"
        "{% else %}{% set role = message['role'] %}{% endif %}"
        "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}",
    ),
    "phi3": (
        {"bos_token": "<s>", "eos_token": "<|endoftext|>"},
        "{% for message in messages %}{% if message['role'] == 'system' %}"
        "{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}"
        "{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}"
        "{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}",
    ),
    "json": (
        {"bos_token": "<s>", "eos_token": "</s>"},
        """{%- macro turn(message) %}
{{ message | tojson }}
{%- endmacro -%}
{{ bos_token }}
{% for message in messages %}
    {% if loop.index > 3 %}
        {% break %}
    {% endif %}
    {{ turn(message) }}
{{ message.content.upper() | tojson }} {{ [message.role, 1, true, none] | tojson }}
{{ {"a": [1], "b": {"c": "d"}} | tojson(indent=2) }}
{% endfor %}
{{ messages | map(attribute="role") | join(", ") }} {{ missing }}|{{ "%s-%d" | format("x", 3) }}
""",
    ),
}

CONVERSATIONS = {
    "one": [{"role": "user", "content": "  Who pays? <b>\"quoted\" & 'so'</b>\n"}],
    "system": [{"role": "system", "content": "Be kind.\n"}, {"role": "user", "content": "Größe — 大きさ?"}],
    "turns": [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "<think>\nsome thought\n</think>\n\nfirst answer"},
        {"role": "user", "content": "two"},
        {"role": "assistant", "content": "<think>again</think>second answer"},
    ],
    "wrong": [{"role": "assistant", "content": "I begin"}, {"role": "user", "content": ""}],
}


def main():
    """Render every conversation with every template."""
    rendering.datetime = FixedClock
    shutil.rmtree(GOLDEN, ignore_errors=True)
    for name, (tokens, template) in TEMPLATES.items():
        folder = GOLDEN / name
        folder.mkdir(parents=True)
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(TOKENIZER), **tokens)
        tokenizer.chat_template = template
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
        config = {key: value for key, value in tokens.items() if value}
        (folder / "tokenizer_config.json").write_text(json.dumps(config) + "\n", encoding="utf-8")
        cases = []
        for title, messages in CONVERSATIONS.items():
            for prompt in (True, False):
                case = {"conversation": title, "messages": messages, "add_generation_prompt": prompt}
                options = {"add_generation_prompt": prompt, "tokenize": False}
                try:
                    case["text"] = tokenizer.apply_chat_template(messages, **options)
                except Exception as error:  # noqa: BLE001: any refusal is a golden one
                    case["refused"] = str(error)
                cases.append(case)
        text = json.dumps({"now": NOW, "cases": cases}, ensure_ascii=False, indent=1)
        (folder / "cases.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
