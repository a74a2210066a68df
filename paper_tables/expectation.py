"""What a scale is expected to show, in one line each."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Expectation:
    """One line of the summary. `holds` is None where what it rests on was not run."""

    what: str
    expected: str
    measured: str
    holds: bool | None

    @property
    def verdict(self) -> str:
        return {True: "holds", False: "does not hold", None: "not run"}[self.holds]


def majority(what: str, expected: str, outcomes: Iterable[bool], share: float = 0.5) -> Expectation:
    """How many of the outcomes hold; the expectation does where more than `share` do, of 1.0 all."""
    outcomes = list(outcomes)
    if not outcomes:
        return Expectation(what, expected, "", None)
    count = sum(map(bool, outcomes))
    holds = count == len(outcomes) if share == 1.0 else count > share * len(outcomes)
    return Expectation(what, expected, f"{count} of {len(outcomes)}", holds)
