"""Plain text for pretraining, in the vocabulary of the tasks, without instructions: something is told, then told again.

What is told again follows from what was told: the same words, the same pairs in other sentences and another order, what
became of them. Copying from context, and finding a word's partner, are skills that following instructions builds on.
"""
