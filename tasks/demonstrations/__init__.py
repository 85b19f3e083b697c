"""Demonstrations that people wrote, for supervised finetuning as InstructGPT's (Ouyang et al. 2022).
docs/demonstrations.md says how they are curated, and how to bring your own.

TASK_FOLDERS = {'demonstrations': FOLDER}, a folder of JSONL files, for a folder elsewhere than
DATA_DIR/human_demonstrations.
"""
