"""Training: losses, optimisers, loops with early stopping."""
