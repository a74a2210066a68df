"""What ends a training and chooses settings: one metric on validation data, of all users or of a group of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from datasets.pipeline.errors import BadInput

LOWER = ("log_loss", "brier", "calibration_error")  # the better
OF_PROBABILITIES = (*LOWER, "ahr_threshold@0.2", "ahr_threshold@0.5")
FORM = re.compile(r"(?P<metric>[a-z0-9_]+(@[0-9.]+)?)( in (?P<view>[a-z]+))?( of (?P<group>[a-z]+))?")


@dataclass(frozen=True)
class Selection:
    """`ndcg@5`, `ndcg@5 of casual`, `log_loss in accepted else ndcg@5`. view: of a result's metrics; empty: the
    candidates of the headline, `kept` or `removed`. group: of users, as the split's users.csv names it. other: what
    selects where a model does not give that metric, as one without probabilities of acceptance."""

    metric: str
    view: str = ""
    group: str = ""
    other: "Selection | None" = None

    @classmethod
    def of(cls, text: str) -> "Selection":
        first, _, rest = text.partition(" else ")
        found = FORM.fullmatch(first)
        if found is None:
            raise BadInput(f"selection '{text}': expected <metric>[ in <view>][ of <group>], such as ndcg@5 of casual")
        return cls(found["metric"], found["view"] or "", found["group"] or "", cls.of(rest) if rest else None)

    def raw(self, metrics: Mapping, groups: Mapping, headline: str) -> float:
        """The metric itself, by part's metrics of a result: view -> name -> value; groups: the same by group."""
        if self.group and self.group not in groups:
            raise BadInput(f"selection: no validation user is in a group '{self.group}'; groups: {', '.join(groups)}")
        found = (groups[self.group] if self.group else metrics).get(self.view or headline, {})
        if self.metric not in found and self.other:
            return self.other.raw(metrics, groups, headline)
        return found[self.metric]

    def higher(self, value: float) -> float:
        """As a value of which the higher one is the better."""
        return -value if self.metric in LOWER else value

    def for_model(self, accepts: bool) -> "Selection":
        """What selects a model that gives probabilities of acceptance, or none."""
        return self.other if self.metric in OF_PROBABILITIES and not accepts and self.other else self

    def of_seed(self, seed: Mapping, headline: str) -> float:
        """Of a seed in a result, the metric itself."""
        groups = {name: parts["validation"] for name, parts in seed.get("groups", {}).items() if "validation" in parts}
        return self.raw(seed["metrics"]["validation"], groups, headline)

    def best_of_seed(self, seed: Mapping, headline: str) -> float:
        """The same as a value of which the higher one is the better."""
        selects = self.for_model("log_loss" in seed["metrics"]["validation"].get("accepted", {}))
        return selects.higher(selects.of_seed(seed, headline))
