"""T0 (Sanh et al. 2021): P3's prompts as tasks, its mixtures, and Flan 2022's share of it. docs/t0.md says what to
download."""
