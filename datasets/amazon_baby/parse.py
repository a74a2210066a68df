from datasets.pipeline.amazon import parse_reviews as parse

__all__ = ["parse"]
