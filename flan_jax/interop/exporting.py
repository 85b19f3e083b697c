"""Our weights as a folder that transformers loads, or as a T5X checkpoint."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Mapping

from flan_jax.checkpoints.digests import array_digests
from flan_jax.checkpoints.find import WeightsSource, check_is_no_run, find_weights
from flan_jax.checkpoints.weights import MOMENTS_FILE, WEIGHTS_FILE, check_files, is_weights_folder, read_model_info
from flan_jax.core import assets
from flan_jax.core.disk import sweep_partial
from flan_jax.core.errors import CheckpointError, ConfigError, did_you_mean
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.interop.hugging_face import MAX_SHARD_BYTES, PLAIN_VOCAB_FILE, is_unigram, write_hugging_face
from flan_jax.interop.pieces import our_shapes, stored_dtype
from flan_jax.interop.t5x_checkpoint import are_adafactors, write_t5x
from flan_jax.interop.t5x_orbax import write_t5x_orbax
from flan_jax.interop.tensors import OrbaxTensors, SafetensorsTensors, Tensors, check_tensors
from flan_jax.models import DecoderConfig, EncoderDecoderConfig, ModelConfig, T5Config
from flan_jax.models.family import Dtype

FORMATS = ("hf", "t5x", "t5x_orbax")

__all__ = ["FORMATS", "ExportedWeights", "export_weights"]


@dataclasses.dataclass(frozen=True)
class ExportedWeights:
    """What `export_weights` wrote.

    Attributes:
      source: the weights it was made from.
      config: the model.
      dtype: what is stored.
      written: the folder, and in how many files where there are several.
      notes: what a user should know of them.
    """

    source: WeightsSource
    config: ModelConfig
    dtype: str
    written: str
    notes: tuple[str, ...]


def export_weights(
    checkpoint: str | os.PathLike[str],
    to: str,
    out: pathlib.Path,
    *,
    dtype: Dtype | None = None,
    vocab_path: str | None = None,
    max_shard_bytes: int = MAX_SHARD_BYTES,
) -> ExportedWeights:
    """Writes weights as a folder that transformers loads, or as a T5X checkpoint.

    Args:
      checkpoint: a run's folder (its selected weights), one of its checkpoints (t5x: with the optimizer's state), a
        weights folder, or `embedded:NAME`.
      to: "hf", or one of T5X's two formats, "t5x" and "t5x_orbax".
      out: hf: the folder; t5x: where checkpoint_<step> goes.
      dtype: "float32" or "bfloat16"; by default what the weights are stored in.
      vocab_path: hf: vocabulary to put beside; by default the weights' own.
      max_shard_bytes: hf: larger files are split.

    Raises `CheckpointError` for a model that the format has no place for, `ConfigError` for an unknown format.
    """
    if to not in FORMATS:
        raise ConfigError(f"no format is called {to!r}{did_you_mean(to, FORMATS) or '.'} They are {', '.join(FORMATS)}")
    source = find_weights(assets.resolve(os.fspath(checkpoint)))
    if source.tuning is not None:
        raise CheckpointError(
            f"{source.path} holds the {source.tuning['method']} part of a model whose rest is in {source.base}: export "
            f"the run's folder, whose selected weights are whole"
        )
    config = source.model_config()
    if to != "hf" and not isinstance(config, T5Config):
        kind = "an encoder-decoder of a decoder's layers" if config.has_encoder else "a decoder-only model"
        raise CheckpointError(f"{source.path} is {kind}, which T5X's checkpoints here are not: use hf")
    if to != "hf" and isinstance(config, T5Config) and config.position_bias == "each_layer":
        raise CheckpointError(
            f"{source.path} has a position bias in every layer, which T5X's checkpoints here have once a stack: use hf"
        )
    if config.prompt_tokens:
        raise CheckpointError(
            f"{source.path} has a soft prompt of {config.prompt_tokens} tokens, which {to} has no place for: use "
            f"it with `flan-jax infer` and `flan-jax eval`"
        )
    params, moments = _tensors(source)
    check_tensors(source.path, our_shapes(config), params.infos, "the model it says it is")
    dtype = dtype or stored_dtype(params.infos)
    check_is_no_run(out)
    if out.is_dir():
        sweep_partial(out)  # of an export that was killed
    if isinstance(config, T5Config) and to != "hf":
        written, notes = _write_t5x(source, config, params, moments, to, out, dtype)
    else:
        written, notes = _write_hugging_face(source, config, params, out, dtype, vocab_path, max_shard_bytes)
    if config.dtype != dtype:
        notes.append(
            f"the model computes in {config.dtype}, which has no place there beside the {dtype} of its weights: who "
            f"loads it has to say so (here: --dtype {config.dtype}), or answers differ"
        )
    return ExportedWeights(source, config, dtype, written, tuple(notes))


def _write_hugging_face(
    source: WeightsSource,
    config: ModelConfig,
    params: Tensors,
    out: pathlib.Path,
    dtype: Dtype,
    given_vocab_path: str | None,
    max_shard_bytes: int,
) -> tuple[str, list[str]]:
    """(what was written, notes)."""
    notes = []
    vocab_path = _vocab_path(given_vocab_path, source, config)
    if vocab_path is None:
        notes.append("no tokenizer beside it: the weights do not carry theirs; give it with --vocab_path")
    elif isinstance(config, T5Config) and not is_unigram(vocab_path):
        notes.append(
            f"its vocabulary is not Unigram, which is all that T5Tokenizer reads: it is in {PLAIN_VOCAB_FILE}, "
            f"encode with the sentencepiece package"
        )
    elif isinstance(config, EncoderDecoderConfig):
        eos_id = load_vocabulary(str(vocab_path)).eos_id
        notes.append(f"end every prompt in id {eos_id} (EOS), as the model has read it, whatever its tokenizer does")
    elif isinstance(config, DecoderConfig):
        notes += _decoder_notes(config, vocab_path)
    if isinstance(config, EncoderDecoderConfig) and config.window is not None:
        notes.append(
            f"of prompts longer than its window of {config.window:,}, version 5 of transformers has the encoder see "
            f"one position more on either side, version 4 does as this program"
        )
    files = write_hugging_face(out, config, params, dtype, vocab_path, max_shard_bytes)
    return f"{out} ({len(files)} file{'s' if len(files) > 1 else ''} of weights)", notes


def _write_t5x(
    source: WeightsSource,
    config: T5Config,
    params: Tensors,
    moments: Tensors | None,
    to: str,
    out: pathlib.Path,
    dtype: Dtype,
) -> tuple[str, list[str]]:
    """(what was written, notes)."""
    notes = []
    if moments is not None and not are_adafactors(config, moments):
        raise CheckpointError(
            f"{source.path}: T5X reads the state of Adafactor without momentum, and this run's is another: "
            f"export the run's folder, which gives its parameters alone"
        )
    if moments is None:
        notes.append(
            "without the optimizer's state, which is not beside these weights: T5X can infer from it, or finetune "
            "with a fresh one; a run's checkpoints/<step> has it"
        )
    if source.step is None:
        notes.append("the step is not known: written as 0")
    write = write_t5x if to == "t5x" else write_t5x_orbax
    return str(write(out, config, params, source.step or 0, dtype, moments)), notes


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
    """Parameters, and the optimizer's state where there is one; all of it what was once written."""
    path = source.path
    if is_weights_folder(path):
        state = path / MOMENTS_FILE
        moments = SafetensorsTensors(path, [state]) if state.is_file() else None
        check_files(path, read_model_info(path), [WEIGHTS_FILE, *([MOMENTS_FILE] if moments else [])])
        return SafetensorsTensors(path, [path / WEIGHTS_FILE]), moments
    params, opt_state = OrbaxTensors(path / "params"), OrbaxTensors(path / "opt_state")
    if source.digests is not None:
        for item, tensors in (("params", params), ("opt_state", opt_state)):
            _check_digests(tensors, source.digests.get(item, {}))
    return params, opt_state


def _check_digests(tensors: Tensors, expected: Mapping[str, str]) -> None:
    """Raises `CheckpointError` for arrays, read one at a time, that are not those that were saved."""
    for name in sorted(expected.keys() | tensors.infos.keys()):
        if name not in tensors.infos or array_digests({name: tensors.read(name)}) != {name: expected.get(name)}:
            raise CheckpointError(
                f"{tensors.path} is damaged: {name} is not what was saved; export another of the run's checkpoints"
            )


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
