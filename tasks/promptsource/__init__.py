"""Every prompt of a PromptSource checkout as a task, rendered from the data sets themselves.

TASK_FOLDERS = {'promptsource': FOLDER}, FOLDER being the checkout. docs/t0.md says where the data sets' rows go.
"""
