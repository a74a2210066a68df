from datasets.pipeline.amazon import parse_ratings as parse

__all__ = ["parse"]
