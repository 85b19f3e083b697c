"""The token cache: from names of mixtures to checksummed shards of tokens.

The only package that imports SeqIO, TFDS, TensorFlow or Beam, in modules that say so by their names (`seqio_*`,
`tfds_rows`, `beam_runner`). Its ways in are `flan-jax cache` and `python -m flan_jax.cache`, the process that
`ensure_cache` starts.
"""
