"""Initial weights, drawn from the generator that the caller seeded."""

from torch import nn


def normal(model: nn.Module, std: float) -> None:
    """Embeddings from N(0, std^2); matrices by Xavier's rule; biases 0."""
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=std)
        elif isinstance(module, nn.Linear):
            nn.init.xavier_normal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
