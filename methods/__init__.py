"""Methods: one folder each (card and code), the engine that they are made of, and the evaluation that ranks."""
