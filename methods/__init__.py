"""Methods: one folder each (card and code), the engine that trains and ranks, and the evaluation of ranks."""
