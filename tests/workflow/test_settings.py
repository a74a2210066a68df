"""Where a value comes from, and that nothing unknown is taken."""

from dataclasses import replace

import pytest
import yaml

from datasets.pipeline.errors import BadInput
from tests.workflow.conftest import SETTINGS, World
from workflow.cells.graph import all_settings
from workflow.cells.jobs import cell_digest, pool_digest
from workflow.cells.settings import recommender_settings, treatment_settings
from workflow.scale import load_scale


def dataset_file(world: World, **sections) -> None:
    file = world.scale.settings_file("synthetic")
    file.parent.mkdir(parents=True)
    file.write_text(yaml.safe_dump(sections))


def test_layers_go_over_one_another_and_say_where_they_are_from(make_world):
    world = make_world(settings=SETTINGS | {"narm": {"batch": 32}, "casr-d": {"kappa": 0.2}})
    dataset_file(world, narm={"patience": 7}, **{"narm.casr-d.stamp": {"kappa": 0.3, "epochs": 9}})
    plain = recommender_settings(world.scale, world.cell("narm"), {"learning_rate": 0.5})
    assert plain.values["epochs"] == 2 and plain.origins["epochs"].endswith("mini.yaml, settings.all")
    assert plain.values["batch"] == 32 and plain.origins["batch"].endswith("settings.narm")
    assert plain.values["patience"] == 7 and plain.origins["patience"].endswith("synthetic.yaml.narm")
    assert plain.values["learning_rate"] == 0.5 and plain.origins["learning_rate"] == "tuning"
    assert plain.origins["objective"] == "methods/narm/card.yaml"
    assert treatment_settings(world.scale, world.cell("narm.casr-h.stamp")).values["kappa"] == 0.0
    treated = world.cell("narm.casr-d.stamp")
    assert treatment_settings(world.scale, treated).values["kappa"] == 0.3
    assert recommender_settings(world.scale, treated).values["epochs"] == 9  # retraining only
    assert treatment_settings(world.scale, world.cell("narm.casr-d.stamp.kappa1")).values["kappa"] == 1.0


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"narm": {"learning_rat": 1}}, r"synthetic\.yaml\.narm: unknown setting 'learning_rat'.*learning_rate"),
        ({"narn": {"epochs": 1}}, r"synthetic\.yaml: unknown section 'narn'"),
        ({"casr-x": {"kappa": 1}}, r"synthetic\.yaml: unknown section 'casr-x'"),
        ({"casr": {"kapa": 1}}, r"synthetic\.yaml\.casr: unknown setting 'kapa'"),
        ({"all": {"nothing": 1}}, r"synthetic\.yaml\.all: unknown setting 'nothing'"),
        ({"narm": 3}, r"synthetic\.yaml\.narm: expected keys with values"),
        ({"narm": {"learning_rate": -0.01}}, r"synthetic\.yaml\.narm\.learning_rate is -0\.01; .* above 0"),
        ({"sasrec": {"epochs": "5"}}, r"synthetic\.yaml\.sasrec\.epochs is '5'"),  # no cell of the scale takes it
        ({"all": {"batch": -4}}, r"synthetic\.yaml\.all\.batch is -4; .* whole number from 1"),
        ({"all": {"objective": "pointwise"}}, r"synthetic\.yaml\.all\.objective: unknown value 'pointwise'"),
        ({"narm.casr-d.stamp": {"kappa": "1e-8"}}, r"synthetic\.yaml\.narm\.casr-d\.stamp\.kappa is '1e-8'"),
    ],
)
def test_unknown_keys_name_file_and_key(make_world, sections, message):
    world = make_world()
    dataset_file(world, **sections)
    with pytest.raises(BadInput, match=message):
        all_settings(world.scale, world.cell("narm"))


def test_settings_that_do_not_go_together_name_where_they_are_set(make_world):
    world = make_world(settings=SETTINGS | {"sasrec": {"heads": 3}})
    with pytest.raises(BadInput, match=r"sasrec, set in .*mini\.yaml, settings\.sasrec.*: heads is 3; .* embedding 8"):
        recommender_settings(world.scale, replace(world.cell("narm"), anchor="sasrec"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("scale: mini\nseed: [1]\npapers: {casr: {}}\n", r"mini\.yaml: unknown key 'seed'; did you mean 'seeds'"),
        ("scale: mini\n", "key 'papers' is missing"),
        ("scale: mini\npapers: {}\n", "papers is {}; it must be keys with values, at least 1"),
        ("scale: mini\npapers: {csar: {}}\n", "papers: unknown key 'csar'; did you mean 'casr'"),
        ("scale: mini\npapers: {casr: {}}\nseeds: [1, 1, 1]\n", "seeds is .*none of them twice"),
        ("scale: other\npapers: {casr: {}}\n", r"scale is 'other'; it must be the file's name, 'mini'"),
        ("scale: mini\npapers: {casr: {}}\nthreads: 0\n", r"threads is 0"),
        ("scale: mini\npapers: {casr: {}}\ntuning: {budgt: 3}\n", r"mini\.yaml: tuning: unknown key 'budgt'"),
        ("scale: mini\npapers: {casr: {}}\ntuning: {budget: none}\n", r"tuning\.budget is 'none'"),
        ("- 1\n", r"expected keys with values"),
        ("scale: [\n", r"not readable as YAML"),
    ],
)
def test_a_scale_with_a_fault_names_it(tmp_path, content, message):
    file = tmp_path / "mini.yaml"
    file.write_text(content)
    with pytest.raises(BadInput, match=message):
        load_scale(file)


@pytest.mark.parametrize("name", ["published", "logs", "bench", "My_Scale", "a b"])
def test_a_scale_whose_results_would_lie_among_others_is_refused(tmp_path, name):
    file = tmp_path / f"{name}.yaml"
    file.write_text(f"scale: {name}\npapers: {{casr: {{}}}}\n")
    with pytest.raises(BadInput, match=r"is no scale's|small letters, digits and hyphens"):
        load_scale(file)


def test_an_absent_scale_lists_those_that_are_there(tmp_path):
    (tmp_path / "quick.yaml").write_text("scale: quick\n")
    with pytest.raises(BadInput, match="unknown scale 'quik'; did you mean 'quick'"):
        load_scale(tmp_path / "quik.yaml")
    with pytest.raises(BadInput, match="unknown scale ''; known: quick"):
        load_scale(tmp_path / ".yaml")


def test_a_setting_reruns_the_cells_that_it_concerns_and_no_others(make_world):
    def digests(world):
        cells = ("popularity", "stamp", "narm", "narm.casr-d.stamp", "narm.casr-d.stamp.kappa1")
        pool = pool_digest(world.scale, world.pool("narm.casr-d.stamp"))
        return [*(cell_digest(world.scale, world.cell(name)) for name in cells), pool]

    def changed(**sections):
        other = digests(make_world(str(sections), settings=SETTINGS | sections))
        return [one != two for one, two in zip(digests(before), other, strict=True)]

    before = make_world("before")
    assert changed(narm={"batch": 32}) == [False, False, True, True, True, False]
    assert changed(**{"casr-d": {"kappa": 0.1}}) == [False, False, False, True, False, False]
    assert changed(**{"casr-d": {"alpha": 5.0}}) == [False, False, False, True, True, True]
