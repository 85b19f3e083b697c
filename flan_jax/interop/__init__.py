"""Other programs' checkpoints, both ways: Hugging Face transformers and T5X. docs/checkpoints.md says what is read.

`hugging_face.open_hugging_face` and `t5x_checkpoint.open_t5x` find and check a model without reading it; their result's
`write` streams it into our format. `write_hugging_face` and `write_t5x` stream ours into theirs.
"""
