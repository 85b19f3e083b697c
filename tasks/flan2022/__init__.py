"""Flan 2022 (Chung et al. 2022): what it adds to FLAN 2021, T0, Super-NaturalInstructions and chain of thought, and all
mixtures of the five; docs/mixtures.md. It comes after the packages it draws on."""
