"""Fix what a search found as the settings of another scale: `make adopt SCALE=search TO=quick`.

Writes config/settings/<to>/<data set>.yaml, a section for each recommender and each combination of anchor, strategy and
sampler that was searched: each gets what its own search found. With TOGETHER=1 all combinations of a strategy get one
point, that of the best mean over them: less of a seed's noise, but one anchor then sets the settings of another. The
variants of a data set share their settings, those of the best mean. What the search's own file sets, such as budgets of
epochs, comes along: the points were the best under it. `make publish SCALE=search` shows all trials.
"""

import argparse
from pathlib import Path

import yaml

from datasets.pipeline.card import card
from datasets.pipeline.command import start
from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, whole_file
from datasets.pipeline.split_name import SplitName
from workflow.cells.errors import told
from workflow.cells.files import DONE
from workflow.scale import Scale, load_scale, named_scale

STRATEGY = "."  # in the name of a cell that has anchor, strategy and sampler
UNSAID = "ndcg@5"  # selected a search's points before searches wrote their metric down: there was no other
PROTOCOL = "loo"  # what a data set's settings are chosen on; its other splits use them as they are


def adopt(search: Scale, to: Scale, together: bool = False) -> list[Path]:
    """Write the settings that `search` found for `to`; gives the files. together: one point for all combinations of a
    strategy. Raises BadInput where nothing was found, or a
    search failed."""
    found: dict[str, list[tuple[str, dict]]] = {}
    searched_by: dict[tuple[str, str], str] = {}
    for folder in sorted((search.results / "tuning").glob(f"*/*.{PROTOCOL}")):
        searches = [(file.stem, read_json(file)) for file in sorted(folder.glob("*.json"))]
        failed = [f"{name} ({content['reason']})" for name, content in searches if content["status"] != DONE]
        if failed:
            raise BadInput(f"{folder}: failed: {'; '.join(failed)}; run `make retry SCALE={search.name}`, then again")
        base, paper = card(SplitName.of(folder.name).dataset).base, folder.parent.name
        for name, _ in searches:
            if (other := searched_by.setdefault((base, name), paper)) != paper:
                raise BadInput(f"{folder}: {name} on {base} was searched by {other}, too; adopt one paper at a time")
        found.setdefault(base, []).extend(searches)
    files = []
    for base, searches in found.items():
        if searches:
            file = to.settings_file(base)
            file.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(file) as temporary:
                temporary.write_text(as_yaml(search, searches, together), encoding="utf-8")
            files.append(file)
    if not files:
        raise BadInput(f"{search.results / 'tuning'}: no search has ended there; run the scale '{search.name}' first")
    return files


def as_yaml(search: Scale, found: list[tuple[str, dict]], together: bool) -> str:
    """The chosen settings as a settings file, with what was spent on them. found: the cells' names and searches."""
    searches = [each for _, each in found]
    trials, hours = sum(len(each["trials"]) for each in searches), sum(each["seconds"] for each in searches)
    metrics = sorted({each.get("selection", UNSAID).upper() for each in searches})
    head = (
        f"# Written by `make adopt`: the best of at most {search.tuning.budget} points by validation "
        f"{', '.join(metrics)}, seed {', '.join(sorted({str(each['seed']) for each in searches}))}\n"
        f"# (config/{search.name}.yaml). {trials} trials of {len(found)} cells, {hours / 3600:.1f} hours.\n"
    )
    sections: dict[str, list[dict]] = {}
    for name, each in found:
        sections.setdefault(strategy_of(name) if together and strategy_of(name) else name, []).append(each)
    recommenders = [name for name, _ in found if not strategy_of(name)]
    ordered = [*dict.fromkeys(recommenders), *sorted(sections.keys() - set(recommenders))]
    found_for = {section: best_together(sections[section]) for section in ordered}
    chosen = {
        section: {**search.settings.get(section, {}), **found_for.get(section, {})}
        for section in dict.fromkeys((*search.settings, *ordered))
    }
    return head + yaml.safe_dump(chosen, sort_keys=False, default_flow_style=None, width=120)


def strategy_of(name: str) -> str:
    """`casr-d` of `narm.casr-d.stamp`; empty for a recommender."""
    return name.split(".")[1] if STRATEGY in name else ""


def best_together(searches: list[dict]) -> dict:
    """The settings with the best mean validation value over all searches, of equal ones the first tried. A point that
    diverged in one is out."""
    values = {}
    for trial in (trial for search in searches for trial in search["trials"]):
        values.setdefault(tuple(trial["settings"].items()), []).append(trial["validation"])
    whole = {point: of for point, of in values.items() if None not in of and len(of) == len(searches)}
    if not whole:
        raise BadInput("searches that share their settings have no point in common; give them one budget and seed")
    return dict(max(whole, key=lambda point: sum(whole[point])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-file", type=Path, required=True, help="the scale that searched")
    parser.add_argument("--to", required=True, help="the scale that is to use what was found")
    parser.add_argument("--together", action="store_true", help="one point for all combinations of a strategy")
    options = parser.parse_args()
    with told():
        print(*adopt(load_scale(options.scale_file), named_scale(options.to), options.together), sep="\n")


if __name__ == "__main__":
    start(main)
