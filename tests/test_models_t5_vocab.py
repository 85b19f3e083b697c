"""A vocabulary file that has its sentinels already, as mT5's public one: none are added, and ids are what they were."""

import numpy as np
from sentencepiece import sentencepiece_model_pb2
from shared import shared_path

from flan_jax.core.vocabulary import load_vocabulary


def test_sentinels_of_the_file_are_the_sentinels(tmp_path):
    path = shared_path("data/t5_tokenizer/spiece.model")
    added = load_vocabulary(str(path))
    model = sentencepiece_model_pb2.ModelProto.FromString(path.read_bytes())
    for k in reversed(range(100)):
        kind = sentencepiece_model_pb2.ModelProto.SentencePiece.USER_DEFINED
        model.pieces.add(piece=f"\u2581<extra_id_{k}>", score=0.0, type=kind)
    (tmp_path / "mt5.model").write_bytes(model.SerializeToString())
    own = load_vocabulary(str(tmp_path / "mt5.model"))
    assert (own.size, own.num_sentinels, own.num_pieces) == (added.size, added.num_sentinels, added.num_pieces)
    assert own.size == 32100 and own.sentinel_id(0) == 32099
    text = "Thank you <extra_id_0> me to <extra_id_1> week"
    np.testing.assert_array_equal(own.encode(text), added.encode(text))
    assert own.sentinel_id(0) in own.encode(text) and own.sentinel_id(1) in own.encode(text)
