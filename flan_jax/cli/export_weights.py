"""`flan-jax export`: weights as a folder that transformers loads, or as a T5X checkpoint."""

from __future__ import annotations

import argparse
import pathlib

from flan_jax.checkpoints.find import WeightsSource, find_weights
from flan_jax.checkpoints.weights import MOMENTS_FILE, WEIGHTS_FILE, is_weights_folder
from flan_jax.core import assets
from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.core.vocabulary_file import load_vocabulary
from flan_jax.interop.hugging_face import MAX_SHARD_BYTES, PLAIN_VOCAB_FILE, is_unigram, write_hugging_face
from flan_jax.interop.pieces import our_shapes, stored_dtype
from flan_jax.interop.t5x_checkpoint import are_adafactors, write_t5x
from flan_jax.interop.t5x_orbax import write_t5x_orbax
from flan_jax.interop.tensors import OrbaxTensors, SafetensorsTensors, Tensors, check_tensors
from flan_jax.models import DecoderConfig, ModelConfig, T5Config, count_params

HELP = "Write weights for Hugging Face transformers (4 or 5) or for T5X."

__all__ = ["HELP", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `export`."""
    parser.add_argument(
        "--checkpoint",
        required=True,
        help="a run's folder (its selected weights), one of its checkpoints (t5x: with the optimizer's state), a "
        "weights folder, or embedded:NAME",
    )
    parser.add_argument("--to", required=True, choices=["hf", "t5x", "t5x_orbax"], help="the format; T5X has two")
    parser.add_argument(
        "--out", required=True, type=pathlib.Path, help="hf: the folder; t5x: where checkpoint_<step> goes"
    )
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], help="(default: what the weights are stored in)")
    parser.add_argument("--vocab_path", help="hf: vocabulary to put beside (default: the weights' own)")
    parser.add_argument("--max_shard_bytes", type=int, default=MAX_SHARD_BYTES, help="hf: larger files are split")


def run(args: argparse.Namespace) -> int:
    """Exports `args.checkpoint`."""
    source = find_weights(assets.resolve(args.checkpoint))
    if source.tuning is not None:
        raise CheckpointError(
            f"{source.path} holds the {source.tuning['method']} part of a model whose rest is in {source.base}: export "
            f"the run's folder, whose selected weights are whole"
        )
    config = source.model_config()
    if args.to != "hf" and not isinstance(config, T5Config):
        raise CheckpointError(f"{source.path} is a decoder-only model, which T5X's checkpoints here are not: use hf")
    if config.prompt_tokens:
        raise CheckpointError(
            f"{source.path} has a soft prompt of {config.prompt_tokens} tokens, which {args.to} has no place for: use "
            f"it with `flan-jax infer` and `flan-jax eval`"
        )
    params, moments = _tensors(source)
    check_tensors(source.path, our_shapes(config), params.infos, "the model it says it is")
    dtype = args.dtype or stored_dtype(params.infos)
    notes = []
    if args.to == "hf":
        vocab_path = _vocab_path(args.vocab_path, source, config)
        if vocab_path is None:
            notes.append("no tokenizer beside it: the weights do not carry theirs; give it with --vocab_path")
        elif isinstance(config, T5Config) and not is_unigram(vocab_path):
            notes.append(
                f"its vocabulary is not Unigram, which is all that T5Tokenizer reads: it is in {PLAIN_VOCAB_FILE}, "
                f"encode with the sentencepiece package"
            )
        elif isinstance(config, DecoderConfig):
            notes += _decoder_notes(config, vocab_path)
        files = write_hugging_face(args.out, config, params, dtype, vocab_path, args.max_shard_bytes)
        written = f"{args.out} ({len(files)} file{'s' if len(files) > 1 else ''} of weights)"
    else:
        assert isinstance(config, T5Config)  # others were refused above
        if moments is not None and not are_adafactors(config, moments):
            raise CheckpointError(f"{source.path}: its optimizer's state is not Adafactor's, which T5X reads")
        if moments is None:
            notes.append(
                "without the optimizer's state, which is not beside these weights: T5X can infer from it, or finetune "
                "with a fresh one; a run's checkpoints/<step> has it"
            )
        if source.step is None:
            notes.append("the step is not known: written as 0")
        write = write_t5x if args.to == "t5x" else write_t5x_orbax
        written = str(write(args.out, config, params, source.step or 0, dtype, moments))
    print(f"{count_params(config):,} parameters of {source.path} as {dtype}: {written}")
    for note in notes:
        print(f"  {note}")
    return 0


def _decoder_notes(config: DecoderConfig, vocab_path: pathlib.Path) -> list[str]:
    """What transformers will do with the folder that the model was not trained for."""
    notes = []
    if config.attention == "prefix_lm":
        notes.append("transformers masks causally, and this model read its inputs both ways: its answers will differ")
    vocabulary = load_vocabulary(str(vocab_path))
    if vocab_path.suffix != ".json" and vocabulary.start_id is None:
        notes.append(
            f"its vocabulary is of T5's convention, which transformers' decoders do not read: it is in "
            f"{PLAIN_VOCAB_FILE}, encode with the sentencepiece package"
        )
    if config.start_id is not None and config.start_id != vocabulary.start_id:
        notes.append(f"put id {config.start_id} before every prompt, which its tokenizer does not do")
    if config.prompt_end == "eos":
        notes.append(f"end every prompt in id {vocabulary.eos_id} (EOS), after which its answers begin")
    return notes


def _tensors(source: WeightsSource) -> tuple[Tensors, Tensors | None]:
    """Parameters, and the optimizer's state where there is one."""
    path = source.path
    if is_weights_folder(path):
        state = path / MOMENTS_FILE
        moments = SafetensorsTensors(path, [state]) if state.is_file() else None
        return SafetensorsTensors(path, [path / WEIGHTS_FILE]), moments
    return OrbaxTensors(path / "params"), OrbaxTensors(path / "opt_state")


def _vocab_path(given: str | None, source: WeightsSource, config: ModelConfig) -> pathlib.Path | None:
    """The weights' own vocabulary; the embedded one only if it is theirs."""
    path = assets.resolve(given) if given else source.vocab_path and str(source.vocab_path)
    vocabulary = load_vocabulary(path or str(assets.EMBEDDED_VOCAB))
    if source.vocab_fingerprint not in (None, vocabulary.fingerprint):
        if path is None:
            return None
        raise ConfigError(
            f"{source.path} was trained with vocabulary {source.vocab_fingerprint[:12]}, {path} is "
            f"{vocabulary.fingerprint[:12]}: give the vocabulary it was trained with (--vocab_path)"
        )
    if path is None and source.vocab_fingerprint is None:
        return None
    if vocabulary.size > config.vocab_size:
        raise CheckpointError(
            f"{path} has {vocabulary.size:,} pieces, the model {config.vocab_size:,} rows: give its own vocabulary"
        )
    return vocabulary.path
