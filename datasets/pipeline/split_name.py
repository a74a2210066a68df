"""A split's name: <dataset>.<protocol>[.<order>][.all-rows], as in lastfm.loo.shuffled and ciao.cut-2009-01-01."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from datasets.pipeline.card import Card, card
from datasets.pipeline.errors import BadInput

PROTOCOLS = ("loo", "time", "others", "decisions", "cut")
ONE_ORDER = {"time": "the global time line", "cut": "a cut at a date"}
ALL_ROWS = "all-rows"
FORM = "<dataset>.<protocol>[.<order>][.all-rows], such as lastfm.loo.shuffled or ciao.cut-2009-01-01"
DATED = re.compile(r"cut-(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True)
class SplitName:
    """A split's name by its parts. protocol: `cut` with its date, `cut-2009-01-01`. order: without one, the card's
    default order. groups: `all-rows` where users are put into groups by all their rows, and not by training rows."""

    dataset: str
    protocol: str
    order: str = ""
    groups: str = ""

    @classmethod
    def of(cls, name: str) -> "SplitName":
        """Take a name apart. BadInput where it has not the form of one."""
        dataset, *parts = name.split(".")
        groups = parts.pop() if len(parts) > 1 and parts[-1] == ALL_ROWS else ""
        if len(parts) not in (1, 2):
            raise BadInput(f"split '{name}': expected {FORM}")
        return cls(dataset, *parts, groups=groups)

    def __str__(self) -> str:
        return ".".join(part for part in (self.dataset, self.protocol, self.order, self.groups) if part)

    @property
    def way(self) -> str:
        """How the data set is split: the name without it, `loo.shuffled`."""
        return str(self).removeprefix(f"{self.dataset}.")

    @property
    def kind(self) -> str:
        """The protocol without its date."""
        return "cut" if DATED.fullmatch(self.protocol) else self.protocol

    @property
    def moment(self) -> int:
        """The beginning of the date of `cut`, in seconds since 1970 UTC. ValueError where there is no such day."""
        day = date.fromisoformat(self.protocol.removeprefix("cut-"))
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def parse_name(name: str) -> tuple[SplitName, Card]:
    """Read a split's name and find its card. BadInput names what may stand in each place."""
    split = SplitName.of(name)
    about = card(split.dataset)
    _check_protocol(split, about)
    if split.order and split.kind in ONE_ORDER:
        raise BadInput(f"split '{name}': {ONE_ORDER[split.kind]} has one order; leave '.{split.order}' out")
    if split.order and split.order not in about.orders:
        raise BadInput(f"split '{name}': {split.dataset} offers the orders {', '.join(about.orders)}")
    if split.groups and not about.groups_of(split.kind):
        raise BadInput(
            f"split '{name}': {about.file} has no rule of groups for {split.kind}, so there are none by all rows; "
            f"leave '.{ALL_ROWS}' out, or write the rule under groups"
        )
    return split, about


def _check_protocol(split: SplitName, about: Card) -> None:
    if split.kind not in PROTOCOLS or split.protocol == "cut":
        offered = f"{', '.join(PROTOCOLS[:-1])}, cut-{about.cut_date or '<year>-<month>-<day>'}"
        raise BadInput(f"split '{split}': unknown protocol '{split.protocol}', one of {offered}")
    if split.kind in ONE_ORDER and not about.has_time:
        raise BadInput(f"split '{split}': {split.dataset} has no time, which {ONE_ORDER[split.kind]} wants; use loo")
    if split.kind == "decisions" and not about.decisions:
        raise BadInput(
            f"split '{split}': {about.file} does not say how many decisions are held out (`decisions`); use loo, or "
            "data with exposures"
        )
    if split.kind == "cut":
        try:
            _ = split.moment
        except ValueError:
            raise BadInput(f"split '{split}': there is no day {split.protocol.removeprefix('cut-')}") from None
