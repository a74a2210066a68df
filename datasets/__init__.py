"""Data sets: one folder each (card and parser), and the pipeline from raw file to split."""
