"""What the audit of a data set found (datasets/pipeline/audit.py)."""

from pathlib import Path

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json


def findings(dataset: str, results: Path) -> list[dict]:
    """All findings on a data set, {check, level, value, meaning}; none where it was not audited yet."""
    file = Path(results) / "data" / dataset / "audit.json"
    found = read_json(file)["findings"] if file.is_file() else []
    for finding in found:
        if missing := {"check", "level", "value", "meaning"} - finding.keys():
            raise BadInput(f"{file}: a finding has no {', '.join(sorted(missing))}; audit the data set again")
    return found
