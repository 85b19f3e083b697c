"""The nine chain-of-thought sets of Flan 2022: every one is registered, and reads its file when rows are asked for.

TASK_FOLDERS = {'cot': FOLDER}, a folder of `<set>_train.tsv` files, makes the mixture of those it has.
"""
