"""The paper's printed numbers, as its tables ask for them (all, with their doubts: paper_tables/reported.py)."""

from functools import cache

from paper_tables.cpr.lines import SettingLine
from paper_tables.cpr.specification import Setting
from paper_tables.reported import printed_name, reported


def printed_setting(table: int, setting: Setting, k: int | None = None, popularity: str = "") -> str:
    """How the printed tables identify a setting; Table 3 has one only."""
    noise = f"gauss{setting.noise:g}" if setting.noise else "0"
    return {
        1: f"feedback={setting.feedback};dim={setting.dim}",
        2: f"noise={noise};dim={setting.dim};k={k}",
        3: "",
        4: f"popularity={popularity}",
    }[table]


def names(anchor: str, treatment: str) -> tuple[str, str]:
    """(anchor, method) as the printed tables call them."""
    return printed_name(anchor), printed_name(treatment) or "none"


def printed(table: int, setting: str, anchor: str, treatment: str, metric: str) -> tuple[str, str, str]:
    """(value as printed, footnote, printed gain in percent); empty where the paper has no such number."""
    return _index().get((str(table), setting, *names(anchor, treatment), metric), ("", "", ""))


def printed_gain(line: SettingLine, metric: str) -> float:
    """Of a treated line of Table 1 or 3 over its plain anchor, in percentage points; NaN where one is not printed."""
    table, cell = 1 if line.of.reading else 3, line.result.cell
    setting = printed_setting(table, line.of)
    ours, plain = (printed(table, setting, cell.anchor, name, metric)[0] for name in (cell.treatment, ""))
    return 100 * (float(ours) - float(plain)) if ours and plain else float("nan")


@cache
def _index() -> dict:
    rows = reported("cpr")
    keys = zip(*(rows[key] for key in ("table", "setting", "anchor", "method", "metric")), strict=True)
    values = zip(rows["value"], rows["footnote"], rows["reported_gain_percent"], strict=True)
    return dict(zip(keys, values, strict=True))
