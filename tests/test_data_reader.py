"""The cache reader: what it gives back, what it refuses, and how many files it holds open."""

import dataclasses
import os
import threading

import numpy as np
import pytest
from data_cache import FakeVocabulary, make_examples, rewrite_lengths, write_cache, write_split

from flan_jax.core.errors import CacheError
from flan_jax.core.manifest import read_split_manifest, split_dir, write_split_manifest
from flan_jax.data import CacheReader

FINGERPRINT = FakeVocabulary().fingerprint


def test_every_example_comes_back_from_any_shard_in_the_order_asked(tmp_path):
    _, examples = write_cache(tmp_path, {"alpha": 23}, num_shards=4)
    wanted = [22, 0, 7, 7, 5, 6, 12]
    with CacheReader(tmp_path, FINGERPRINT) as reader:
        for index, found in zip(wanted, reader.read_many("alpha", "train", wanted), strict=True):
            expected = examples["alpha"][index]
            np.testing.assert_array_equal(found.inputs_tokens, expected.inputs_tokens)
            np.testing.assert_array_equal(found.targets_tokens, expected.targets_tokens)
            assert found.references == expected.references and found.index == index
        assert [example.index for example in reader.examples("alpha", "train", batch_size=5)] == list(range(23))
        lengths = reader.lengths("alpha", "train")
        assert lengths[9].tolist() == [
            len(examples["alpha"][9].inputs_tokens),
            len(examples["alpha"][9].targets_tokens),
        ]


def test_open_files_stay_bounded_over_many_tasks(tmp_path):
    sizes = {f"task_{i:03}": 2 for i in range(40)}
    write_cache(tmp_path, sizes)
    before = len(os.listdir("/proc/self/fd"))
    with CacheReader(tmp_path, FINGERPRINT, max_open_files=5) as reader:
        for _ in range(2):  # the second round reads shards that were closed to make room
            for task in sizes:
                assert reader.read(task, "train", 1).index == 1
                reader.lengths(task, "train")
                assert reader.num_open_files <= 5
        assert len(os.listdir("/proc/self/fd")) - before <= 6
    assert len(os.listdir("/proc/self/fd")) == before


def test_threads_may_share_a_reader(tmp_path):
    write_cache(tmp_path, {"alpha": 50, "beta": 50}, num_shards=5)
    wrong: list[int] = []
    with CacheReader(tmp_path, FINGERPRINT, max_open_files=2) as reader:

        def read_all(task: str) -> None:
            wrong.extend(i for i in range(50) if reader.read(task, "train", i).index != i)

        threads = [threading.Thread(target=read_all, args=(task,)) for task in ("alpha", "beta", "alpha")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_a_flipped_byte_names_the_shard(tmp_path):
    write_cache(tmp_path, {"alpha": 30}, num_shards=3)
    shard = sorted(split_dir(tmp_path, "alpha", "train").glob("*.arrayrecord"))[1]
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    with CacheReader(tmp_path, FINGERPRINT) as reader:
        assert reader.read("alpha", "train", 0).index == 0  # another shard
        with pytest.raises(CacheError, match=rf"{shard.name} is corrupt: its sha256 .*delete .* run `flan-jax cache`"):
            reader.read("alpha", "train", 15)


def test_records_that_are_no_examples_name_the_shard(tmp_path):
    """A checksum that agrees does not help when the writer itself wrote nonsense."""
    write_split(tmp_path, "alpha", make_examples(0, 3, 8, 8))
    other = tmp_path / "other"
    from array_record.python import array_record_module

    folder = split_dir(tmp_path, "alpha", "train")
    manifest = read_split_manifest(folder, FINGERPRINT)
    path = folder / manifest.shards[0].file
    writer = array_record_module.ArrayRecordWriter(str(other), "group_size:1")
    for _ in range(3):
        writer.write(b"not an example")
    writer.close()
    path.write_bytes(other.read_bytes())
    from flan_jax.core.disk import file_sha256

    shard = dataclasses.replace(manifest.shards[0], num_bytes=path.stat().st_size, sha256=file_sha256(path))
    write_split_manifest(folder, dataclasses.replace(manifest, shards=(shard,)))
    with CacheReader(tmp_path, FINGERPRINT) as reader, pytest.raises(CacheError, match=r"shard .*not an example"):
        reader.read("alpha", "train", 0)


def test_another_tokenizers_cache_is_refused(tmp_path):
    write_cache(tmp_path, {"alpha": 3})
    with pytest.raises(CacheError, match="was tokenised with vocabulary ffffffffffff, this run uses 000000000000"):
        CacheReader(tmp_path, "0" * 64).read("alpha", "train", 0)


def test_missing_splits_and_rows_are_refused(tmp_path):
    write_cache(tmp_path, {"alpha": 3})
    reader = CacheReader(tmp_path, FINGERPRINT)
    with pytest.raises(CacheError, match="does not exist: build it with `flan-jax cache`"):
        reader.read("beta", "train", 0)
    for index in (-1, 3):
        with pytest.raises(CacheError, match=rf"example {index} of alpha/train is not in \[0, 3\)"):
            reader.read("alpha", "train", index)


def test_lengths_of_another_size_are_refused(tmp_path):
    write_cache(tmp_path, {"alpha": 3})
    rewrite_lengths(split_dir(tmp_path, "alpha", "train"), lambda _: np.ones((4, 2), np.int32))
    with pytest.raises(CacheError, match=r"lengths.npy has shape \(4, 2\).*manifest says \(3, 2\)"):
        CacheReader(tmp_path, FINGERPRINT).lengths("alpha", "train")
