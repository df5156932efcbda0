"""Machinery around the lessons: batching, checkpoints, progress, saved models, the dice game."""
