"""What a method is given: the split, and windows, batches, branches and negatives made of it."""
