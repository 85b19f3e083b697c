"""Another program's checkpoint as a weights folder to start from, evaluate or generate with."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from flan_jax.checkpoints.find import check_is_no_run
from flan_jax.checkpoints.weights import MODEL_FILE, MOMENTS_FILE, WEIGHTS_FILE, load_weights, write_model_info
from flan_jax.core import assets
from flan_jax.core.disk import sweep_partial, write_json_atomically
from flan_jax.core.errors import CheckpointError, ConfigError, counted, did_you_mean, some_of
from flan_jax.core.vocabulary import load_vocabulary, read_vocabulary
from flan_jax.interop.certificate import FLOAT32_LIMIT, compare_with_transformers, why_no_reference
from flan_jax.interop.gguf import open_gguf
from flan_jax.interop.hugging_face import open_hugging_face
from flan_jax.interop.pieces import ForeignModel, resize_vocabulary, stored_dtype
from flan_jax.interop.t5x_checkpoint import open_t5x
from flan_jax.models import DecoderConfig, ModelConfig, T5Config
from flan_jax.models.family import Dtype

FORMATS = ("hf", "t5x", "gguf")
_OPEN = {"hf": open_hugging_face, "t5x": open_t5x, "gguf": open_gguf}
CERTIFICATE_FILE = "certificate.json"
_REPO = re.compile(r"[\w.-]+/[\w.-]+")

__all__ = ["FORMATS", "ImportedWeights", "foreign_format", "import_weights"]


@dataclasses.dataclass(frozen=True)
class ImportedWeights:
    """What `import_weights` made.

    Attributes:
      folder: the weights folder.
      config: the model.
      dtype: what its parameters are stored as.
      step: optimizer steps behind it; None where the source does not say.
      notes: what a user should know: tensors left out, defaults assumed, no vocabulary.
      certificate: how far the logits are from transformers', or why that is not known; "" where it is not asked.
    """

    folder: pathlib.Path
    config: ModelConfig
    dtype: str
    step: int | None
    notes: tuple[str, ...]
    certificate: str


def import_weights(
    source: str,
    out: pathlib.Path,
    *,
    dtype: Dtype | None = None,
    vocab_path: str | None = None,
    mlp_activations: Sequence[str] | None = None,
    vocab_size: int | None = None,
    certify: bool = True,
    allow_not_finite: bool = False,
) -> ImportedWeights:
    """Makes a weights folder out of a Hugging Face folder, a T5X checkpoint or a gguf file.

    Args:
      source: hf:FOLDER, hf:ORG/REPO, t5x:checkpoint_<step>, t5x:FOLDER for its newest, or gguf:FILE.
      out: the folder to make.
      dtype: what is stored, "float32" or "bfloat16"; by default what loses nothing.
      vocab_path: SentencePiece model or tokenizer.json to put beside the weights; by default the source's.
      mlp_activations: t5x: of the MLP, which T5X does not store, such as ("silu", "linear") for UL2; by default relu
        for one matrix, gelu and linear for two.
      vocab_size: rows of the token table; by default the source's.
      certify: hf, gguf: whether to compare logits with transformers', which loads both.
      allow_not_finite: whether weights may hold NaN or infinity; refused by default, as they answer nothing.

    Raises `CheckpointError` for what cannot be read, or does not compute what transformers does, and `ConfigError` for
    options that do not fit the source.
    """
    if (out / WEIGHTS_FILE).exists():
        raise CheckpointError(f"{out} holds weights already: delete it, or give another --out")
    if (out / MODEL_FILE).exists():
        raise CheckpointError(f"{out / MODEL_FILE} is in the way: move it away, or give another --out")
    check_is_no_run(out)
    if out.is_dir():
        sweep_partial(out)  # of an import that was killed
    kind, path = _source(source)
    model = _open(kind, path, mlp_activations)
    if vocab_size is not None:
        _check_cut(model, vocab_size, vocab_path)
        model = resize_vocabulary(model, vocab_size)
    is_told = dtype is not None
    dtype = dtype or stored_dtype(model.tensors.infos)
    config = model.config.replace(dtype=dtype)
    vocab_fields, notes = _put_vocabulary(out, model, vocab_path)
    if dtype != "float32" and not is_told:
        notes.append(
            f"it computes in {dtype}, as its weights are stored: of a model that computed in float32 answers differ; "
            f"--dtype float32, here or where it is used, computes as that did"
        )
    # A tokenizer that puts BOS in front of texts says which token a decoder's examples start with.
    start_id = vocab_fields.pop("start_id", None)
    if isinstance(config, DecoderConfig) and not config.has_encoder and start_id is not None:
        config = config.replace(start_id=start_id)
    not_finite = model.write(out / WEIGHTS_FILE, dtype)
    if not_finite:
        told = some_of((f"{name} {count:,}" for name, count in not_finite.items()), 4)
        found = f"NaN or infinity in {counted(sum(not_finite.values()), 'value')} of its weights ({told})"
        if not allow_not_finite:
            (out / WEIGHTS_FILE).unlink()
            raise CheckpointError(
                f"{path} has {found}: take other weights; --allow_not_finite imports them as they are"
            )
        notes.append(found)
    if model.moments is not None:
        save_file({name: np.ascontiguousarray(a) for name, a in model.moments.items()}, out / MOMENTS_FILE)
        notes.append(f"Adafactor's state is in {MOMENTS_FILE}: `flan-jax export --to t5x` gives it back")
    info = {"model": config.to_json(), "step": model.step}
    write_model_info(out, {**info, **vocab_fields, "origin": dict(model.origin)})
    certificate = "" if kind == "t5x" else _certificate(certify, out, model, path, dtype)
    return ImportedWeights(out, config, dtype, model.step, (*model.notes, *notes), certificate)


def _check_cut(model: ForeignModel, vocab_size: int, given: str | None) -> None:
    """Raises `CheckpointError` unless the rows that a smaller table loses are padding, which no token has."""
    old = model.config.vocab_size
    if vocab_size >= old:
        return
    path = assets.resolve(given) if given else str(model.vocab_path) if model.vocab_path else None
    if path is None:
        raise CheckpointError(
            f"--vocab_size {vocab_size:,} is less than the model's {old:,} rows, and without its vocabulary it cannot "
            f"be told whether those are padding: give it with --vocab_path"
        )
    used = load_vocabulary(path).size
    if used > vocab_size:
        raise CheckpointError(
            f"--vocab_size {vocab_size:,} would cut tokens away: {path} has {used:,} with its sentinels. Give from "
            f"{used:,} to {old:,}"
        )


def _open(kind: str, path: pathlib.Path, mlp_activations: Sequence[str] | None) -> ForeignModel:
    if mlp_activations is None:
        return _OPEN[kind](path)
    if kind != "t5x":
        raise ConfigError(f"--mlp_activations is for t5x: a source of kind {kind} says itself what its MLP is")
    names = tuple(mlp_activations)
    T5Config(mlp_activations=names)  # type: ignore[arg-type]  # refuses what is none
    return open_t5x(path, names)  # type: ignore[arg-type]


def foreign_format(path: str) -> str | None:
    """Which of FORMATS a path begins with, as "hf" of "hf:FOLDER"; None for a folder of ours, `embedded:NAME` included.

    Raises `ConfigError` for any other word before a colon.
    """
    kind, colon, _ = path.partition(":")
    if not colon or kind == assets.PREFIX[:-1] or not kind.isidentifier() or pathlib.Path(path).exists():
        return None
    if kind not in FORMATS:
        known = [*FORMATS, assets.PREFIX[:-1]]
        raise ConfigError(
            f"{path!r} begins with {kind + ':'!r}{did_you_mean(kind, known) or '.'} The prefixes are "
            f"{', '.join(f'{name}:' for name in known)}; a folder has none"
        )
    return kind


def _source(source: str) -> tuple[str, pathlib.Path]:
    kind, name = foreign_format(source), source.partition(":")[2]
    if kind is None or not name:
        raise ConfigError(f"{source!r} does not say what to import: give hf:FOLDER, t5x:FOLDER or gguf:FILE")
    path = pathlib.Path(name).expanduser()
    if kind == "hf" and not path.is_dir():
        return kind, _download(name)
    return kind, path


def _download(name: str) -> pathlib.Path:
    """A repository of the Hub, from its cache or the network."""
    if not _REPO.fullmatch(name) or pathlib.Path(name).parent.is_dir():
        raise CheckpointError(f"{name} is no folder: give one that save_pretrained wrote, or hf:ORG/REPO")
    try:
        import huggingface_hub
    except ImportError as error:
        raise CheckpointError(
            f"{name} is no folder here, and huggingface_hub is not installed to fetch it: install it, or download the "
            f"repository's config.json, *.safetensors and spiece.model and give their folder"
        ) from error
    wanted = ["config.json", "*.safetensors", "*.safetensors.index.json", "spiece.model", "tokenizer*"]
    wanted += ["vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json", "generation_config.json"]
    wanted += ["chat_template.jinja"]
    try:
        return pathlib.Path(huggingface_hub.snapshot_download(name, allow_patterns=wanted))
    except huggingface_hub.errors.RepositoryNotFoundError as error:
        hub = huggingface_hub.constants.ENDPOINT
        raise CheckpointError(f"{hub} has no {name}, or it is private: check the name, or set HF_TOKEN") from error
    except (OSError, ValueError, huggingface_hub.errors.HfHubHTTPError) as error:
        why = " ".join(str(error).split())  # theirs are paragraphs
        raise CheckpointError(f"{name} cannot be fetched ({why}): check its name and the network") from error


def _put_vocabulary(out: pathlib.Path, model: ForeignModel, given: str | None) -> tuple[dict[str, Any], list[str]]:
    """Puts the vocabulary into `out`; returns model.json's fields of it and its `start_id`, and what to tell."""
    with tempfile.TemporaryDirectory(prefix="flan_jax_vocabulary_") as scratch:
        for name, content in model.vocab_files.items():
            (pathlib.Path(scratch) / name).write_bytes(content)
        own = pathlib.Path(scratch) / next(iter(model.vocab_files)) if model.vocab_files else model.vocab_path
        path = assets.resolve(given) if given else str(own) if own else None
        if model.vocab_fault and not given:
            raise CheckpointError(f"{model.vocab_fault}; or give another with --vocab_path")
        if path is None:
            return {}, [
                *model.vocab_notes,
                "no vocabulary came with it: give its vocab_path, here or where the weights are used",
            ]
        # Not cached: the scratch folder's path may come back with another content.
        try:
            vocabulary = read_vocabulary(path)
        except ConfigError as error:
            if given:
                raise
            # Made there of files of the source.
            told = str(error).replace(scratch, str(model.tensors.path))
            return {}, [f"the vocabulary was left: {told}"]
        if vocabulary.size > model.config.vocab_size:
            problem = (
                f"{path} has {vocabulary.size:,} ids with its sentinels, the model {model.config.vocab_size:,} rows"
            )
            if given:
                raise ConfigError(
                    f"{problem}: give the vocabulary it was trained with, or import it with a larger vocab_size"
                )
            return {}, [f"the vocabulary was left: {problem}"]
        out.mkdir(parents=True, exist_ok=True)
        vocabulary.copy_to(out)
        fields: dict[str, Any] = {"vocab_file": vocabulary.path.name, "vocab_fingerprint": vocabulary.fingerprint}
        if vocabulary.start_id is not None:
            fields["start_id"] = vocabulary.start_id
        return fields, [] if given else [*model.vocab_notes]


def _certificate(wanted: bool, out: pathlib.Path, model: ForeignModel, path: pathlib.Path, dtype: str) -> str:
    """Compares logits with transformers' and writes the certificate, where both can be done; returns what to tell."""
    reason = why_no_reference(path) if wanted else "--skip_certificate"
    if reason is not None:
        return f"no certificate: {reason}"
    params, _ = load_weights(out)
    certificate = compare_with_transformers(model.config, params, path)
    exact = dtype == "float32"
    fields = {**dataclasses.asdict(certificate), "stored": dtype, "limit": FLOAT32_LIMIT if exact else None}
    write_json_atomically(out / CERTIFICATE_FILE, fields)
    summary = (
        f"logits on fixed inputs are {certificate.max_abs_error:.2g} from those of {certificate.reference} "
        f"({certificate.relative_error:.2g} of the largest)"
    )
    if exact and not certificate.relative_error <= FLOAT32_LIMIT:
        raise CheckpointError(
            f"{summary}, more than {FLOAT32_LIMIT}: {out} does not compute what {path} does, so do not use it; "
            f"please report it with its configuration"
        )
    return f"certificate: {summary}{'' if exact else f', stored as {dtype}'}"
