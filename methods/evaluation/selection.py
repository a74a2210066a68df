"""What ends a training and chooses settings: one metric on validation data, of all users or of a group of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from datasets.pipeline.errors import BadInput

LOWER = ("log_loss", "brier", "calibration_error")  # the better
FORM = re.compile(r"(?P<metric>[a-z0-9_]+(@[0-9.]+)?)( in (?P<view>[a-z]+))?( of (?P<group>[a-z]+))?")


@dataclass(frozen=True)
class Selection:
    """`ndcg@5`, `ndcg@5 of casual`, `log_loss in accepted`. view: of a result's metrics; empty: the candidates of the
    headline, `kept` or `removed`. group: of users, as the split's users.csv names it."""

    metric: str
    view: str = ""
    group: str = ""

    @classmethod
    def of(cls, text: str) -> "Selection":
        found = FORM.fullmatch(text)
        if found is None:
            raise BadInput(f"selection '{text}': expected <metric>[ in <view>][ of <group>], such as ndcg@5 of casual")
        return cls(found["metric"], found["view"] or "", found["group"] or "")

    def raw(self, metrics: Mapping, groups: Mapping, headline: str) -> float:
        """The metric itself, by part's metrics of a result: view -> name -> value; groups: the same by group."""
        if self.group and self.group not in groups:
            raise BadInput(f"selection: no validation user is in a group '{self.group}'; groups: {', '.join(groups)}")
        return (groups[self.group] if self.group else metrics)[self.view or headline][self.metric]

    def higher(self, value: float) -> float:
        """As a value of which the higher one is the better."""
        return -value if self.metric in LOWER else value

    def of_seed(self, seed: Mapping, headline: str) -> float:
        """Of a seed in a result, the metric itself."""
        groups = {name: parts["validation"] for name, parts in seed.get("groups", {}).items() if "validation" in parts}
        return self.raw(seed["metrics"]["validation"], groups, headline)
