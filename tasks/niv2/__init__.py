"""Super-NaturalInstructions (Wang et al. 2022): every task is registered, and reads its file when rows are asked for.

TASK_FOLDERS = {'niv2': FOLDER}, where FOLDER has `tasks/*.json` and `splits/default/*_tasks.txt`, makes the training,
selection and report mixtures of what that folder has.
"""
