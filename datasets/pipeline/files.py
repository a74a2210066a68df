"""Files that are whole or absent: written under a temporary name, then moved into place; and known again when read."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from datasets.pipeline.errors import BadInput, Damaged, Unsealed

CHECKSUM = "checksum"  # the key of a JSON file that holds one of all the others


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it into place on success, remove it on failure."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)  # where the disk was full
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process works in `folder`. A job that outlived a killed run ends first; its finished seeds
    are then used instead of being trained again. The lock dies with its process."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_json(path: Path, value: Mapping) -> None:
    """Write `value` as indented JSON with sorted keys, so that two versions diff well. One key is added: a checksum of
    the others, by which `read_json` knows them again."""
    try:
        value = json.loads(json.dumps(value, allow_nan=False))
    except ValueError as error:
        raise BadInput(f"{path}: not written: {error}") from error
    value[CHECKSUM] = _checksum({key: of for key, of in value.items() if key != CHECKSUM})
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_json(path: Path, sealed: bool = False) -> dict:
    """What a JSON file holds. Damaged names the file where that is cut, not JSON, not finite, or not what was written.

    A file of older code, or one that a person wrote, has no checksum; `sealed` refuses that, too.
    """
    content, has_checksum = open_json(path)
    if sealed and not has_checksum:
        raise Unsealed(path, "changed by hand or written by older code, for it has no checksum")
    return content


def open_json(path: Path) -> tuple[dict, bool]:
    """The content, as `read_json` gives it, and whether a checksum stood by it."""
    try:
        content = json.loads(Path(path).read_bytes().decode("utf-8"), parse_constant=_refused)
        if not isinstance(content, dict):
            raise ValueError("no keys with values")
        found = content.pop(CHECKSUM, None)
        fits = found in (None, _checksum(content))
    except (ValueError, RecursionError) as error:
        raise Damaged(path, f"cut or damaged, not readable as JSON ({error})") from error
    if not fits:
        raise Damaged(path, "changed since it was written, its checksum is another")
    return content, found is not None


def _checksum(content: object) -> str:
    """Of the content, not of its layout."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no finite number")


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


def sha256(*paths: Path) -> str:
    """One digest over the contents of the files, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def contents(*paths: Path) -> dict[str, str]:
    """By name, a checksum of each file: for the record that stands beside them."""
    return {path.name: sha256(path) for path in paths}


def unchanged(path: Path, record: Mapping) -> Path:
    """The path, if the file holds what it held when its record was written; Damaged else. A record of older code names
    no contents, and nothing is known of them."""
    known = record.get("contents", {}).get(path.name)
    if known is not None and (not path.is_file() or sha256(path) != known):
        raise Damaged(path, "changed since it was written" if path.is_file() else "gone")
    return path


def record_of(folder: Path) -> dict:
    """What stands beside the files of prepared data or of a split; empty where nothing does."""
    files = (Path(folder) / name for name in ("data.json", "split.json"))
    return next((read_json(file) for file in files if file.is_file()), {})


@contextmanager
def healing() -> Iterator[None]:
    """Around a job: what it finds damaged is made anew by the next run.

    The record of it is taken away, or, of data and splits, no longer says what made them (workflow/stale.py): jobs that
    run just now look the checksums up in it.
    """
    try:
        yield
    except Unsealed:
        raise
    except Damaged as error:
        try:
            made = read_json(error.record)
        except (Damaged, FileNotFoundError):
            made = {}
        if "made_with" in made:
            write_json(error.record, made | {"made_with": ""})
        else:
            error.record.unlink(missing_ok=True)
        raise BadInput(f"{error.fault}; the next run makes it anew") from error
