"""Run one peer on one specification and print one JSON object; see README.md.

    python tests/peers/run.py peft SPEC.json
"""

import argparse
import json
import sys
import threading
import time
from pathlib import Path

import numpy as np

MASK = (1 << 64) - 1


def mix(seed):
    """SplitMix64, as the engine's own clients draw."""
    state = (seed + 0x9E3779B97F4A7C15) & MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
    return state ^ (state >> 31)


def prompt(spec, client, round_):
    seed = client << 40 | round_ << 16
    return [mix(seed + at + 1) % (spec["vocabulary"] - 3) + 3 for at in range(spec["prompt_tokens"])]


def adapter(spec, client, round_):
    """Number of the adapter that a request asks for, or None."""
    count = max(spec["registered"], 1)
    if spec["popularity"] == "base":
        return None
    if spec["popularity"] == "identical":
        return 0
    if spec["popularity"] == "distinct":
        return client % count
    if spec["popularity"] == "uniform":
        return mix(client << 32 | round_) % count
    raise SystemExit(f"popularity {spec['popularity']} is not for peers")


def phases(spec):
    """Rounds before the clock starts, and those that are measured: other prompts, so that no cache knows them."""
    return range(spec["rounds"], spec["rounds"] + spec["warmup"]), range(spec["rounds"])


def batches(spec, rounds):
    """For peers without a queue: one batch of all clients per round."""
    for round_ in rounds:
        clients = range(spec["clients"])
        yield [prompt(spec, client, round_) for client in clients], [adapter(spec, client, round_) for client in clients]


class Peft:
    """transformers + PEFT: one batch, an adapter name per row."""

    name = "transformers + PEFT, mixed batch"

    def __init__(self, spec):
        import torch
        from peft import PeftModel
        from transformers import AutoModelForCausalLM

        self.torch, self.spec = torch, spec
        torch.set_num_threads(spec["threads"])
        # On a card only where a specification says so.
        self.device = torch.device(spec.get("device", "cpu"))
        dtype = getattr(torch, spec.get("dtype", "float32"))
        model = AutoModelForCausalLM.from_pretrained(Path(spec["model"]).parent / "hf", dtype=dtype).to(self.device)
        folders = spec["adapters"][: spec["registered"]] if spec["popularity"] != "base" else []
        for number, folder in enumerate(folders):
            if number == 0:
                model = PeftModel.from_pretrained(model, folder, adapter_name="0")
            else:
                model.load_adapter(folder, adapter_name=str(number))
        # PEFT keeps adapters in 32 bits unless told otherwise.
        self.model = model.to(self.device, dtype).eval()

    def batch(self, prompts, adapters):
        torch = self.torch
        options = {}
        if adapters[0] is not None:
            options["adapter_names"] = [str(number) for number in adapters]
        ids = torch.tensor(prompts, device=self.device)
        with torch.inference_mode():
            out = self.model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=self.spec["new_tokens"],
                min_new_tokens=self.spec["new_tokens"],
                do_sample=False,
                pad_token_id=0,
                **options,
            )
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return out.numel() - ids.numel()


class Genai:
    """onnxruntime-genai: one batch on the base, no LoRA."""

    name = "onnxruntime-genai, base without LoRA"

    def __init__(self, spec):
        import onnxruntime_genai as genai

        self.genai, self.spec = genai, spec
        config = genai.Config(str(spec["model"]))
        config.overlay(json.dumps({"model": {"decoder": {"session_options": {"intra_op_num_threads": spec["threads"]}}}}))
        self.model = genai.Model(config)

    def batch(self, prompts, _):
        params = self.genai.GeneratorParams(self.model)
        length = len(prompts[0]) + self.spec["new_tokens"]
        params.set_search_options(max_length=length, min_length=length, batch_size=len(prompts), do_sample=False)
        generator = self.genai.Generator(self.model, params)
        generator.append_tokens(np.array(prompts, dtype=np.int32))
        made = 0
        while not generator.is_done():
            generator.generate_next_token()
            made += len(prompts)
        return made


def static(peer, spec):
    """Rounds of whole batches."""
    warmup, measured = phases(spec)
    for prompts, adapters in batches(spec, warmup):
        peer.batch(prompts, adapters)
    began = time.perf_counter()
    tokens = sum(peer.batch(prompts, adapters) for prompts, adapters in batches(spec, measured))
    return {"tokens_per_second": tokens / (time.perf_counter() - began), "tokens": tokens}


class LlamaServer:
    """llama.cpp's server in this process, one slot per client."""

    name = "llama.cpp server"

    def __init__(self, spec):
        import xllamacpp as xl

        self.spec = spec
        params = xl.CommonParams()
        params.model.path = str(Path(spec["model"]).parent / "model.gguf")
        params.n_parallel = spec["clients"]
        params.n_ctx = spec["clients"] * (spec["prompt_tokens"] + spec["new_tokens"] + 16)
        params.cpuparams.n_threads = spec["threads"]
        params.cpuparams_batch.n_threads = spec["threads"]
        params.warmup = False
        params.cache_ram_mib = 0
        if spec["popularity"] != "base":
            loras = []
            for folder in spec["adapters"][: spec["registered"]]:
                lora = xl.CommonAdapterLoraInfo()
                lora.path, lora.scale = str(Path(folder) / "lora.gguf"), 0.0
                loras.append(lora)
            params.lora_adapters = loras
        self.server = xl.Server(params)

    def ask(self, client, round_, times):
        number = adapter(self.spec, client, round_)
        request = {
            "prompt": prompt(self.spec, client, round_),
            "n_predict": self.spec["new_tokens"],
            "temperature": 0.0,
            "ignore_eos": True,
            "cache_prompt": False,
            "stream": True,
        }
        if number is not None:
            count = self.spec["registered"]
            request["lora"] = [{"id": id_, "scale": float(id_ == number)} for id_ in range(count)]
        began = time.perf_counter()

        def on(chunk):
            for part in chunk if isinstance(chunk, list) else [chunk]:
                if part.get("error"):
                    raise SystemExit(f"llama.cpp refused: {part}")
                times.append(time.perf_counter() - began)

        self.server.handle_completions(request, on)


def concurrent(peer, spec):
    """Every client sends its next request when its last one has ended."""

    def client(number, rounds, seen):
        for round_ in rounds:
            times = []
            peer.ask(number, round_, times)
            seen.append(times)

    def run(rounds):
        seen = []
        threads = [threading.Thread(target=client, args=(number, rounds, seen)) for number in range(spec["clients"])]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - began, seen

    warmup, measured = phases(spec)
    run(warmup)
    wall, seen = run(measured)
    tokens = spec["new_tokens"] * len(seen)
    first = sorted(times[0] for times in seen if times)
    return {
        "tokens_per_second": tokens / wall,
        "tokens": tokens,
        "events": sum(map(len, seen)),
        "first_token_ms": [first[len(first) // 2] * 1e3, first[len(first) * 95 // 100] * 1e3] if first else None,
    }


PEERS = {"peft": (Peft, static), "genai": (Genai, static), "llama": (LlamaServer, concurrent)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("spec", type=Path)
    arguments = parser.parse_args()
    spec = json.loads(arguments.spec.read_text())
    kind, loop = PEERS[arguments.peer]
    peer = kind(spec)
    report = {"peer": kind.name} | loop(peer, spec)
    sys.stdout.flush()
    print(json.dumps(report), flush=True)
    # Some runtimes take long to shut down; nothing is left to do.
    import os

    os._exit(0)


if __name__ == "__main__":
    main()
