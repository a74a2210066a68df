"""The one kind of error that a person is meant to read."""


class BadInput(ValueError):
    """Something given from outside is wrong. The message names file, line or key, and what to do."""


class Damaged(BadInput):
    """A file of our own that is not as it was written: cut, changed, or of another kind. Made again, it is right."""
