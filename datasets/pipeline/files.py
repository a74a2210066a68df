"""Files that are whole or absent: written under a temporary name, then moved into place."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it into place on success, remove it on failure."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON with sorted keys, so that two versions diff well."""
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Data only. libyaml reads several times as fast as Python, where PyYAML has it."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """A key that stands twice is an error, of which YAML itself would keep the last value without a word."""
        first = {}
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            known = first.setdefault((key.tag, key.value), key)
            if known is not key:
                said = f"the key '{key.value}' stands twice, first in line {known.start_mark.line + 1}"
                raise yaml.constructor.ConstructorError(None, None, said, key.start_mark)
        return super().construct_mapping(node, deep)


def parse_yaml(text: str) -> object:
    """What a YAML text holds, as data only; yaml.YAMLError names the line that is wrong."""
    return yaml.load(text, Loader=_Loader)


def folders_with(name: str, parent: Path) -> list[Path]:
    """The folders in `parent` that hold `name`, sorted; hidden ones are the work of other programs, and left out."""
    return sorted(file.parent for file in Path(parent).glob(f"*/{name}") if not file.parent.name.startswith("."))


def read_json(path: Path) -> dict:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def sha256(*paths: Path) -> str:
    """One digest over the contents of the files, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
