"""A check of everything between the inputs and a token that works, step by step: one file for each step.

Each has `examine(case)`, which returns a `Finding` or raises the `PipeError` that a run would end with.
"""
