import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from datasets.pipeline.errors import BadInput
from methods import cards as module
from methods.cards import cards, load_card, read_card, treatment_method

GOOD = """
name: my-method
label: Mine
kind: recommender
family: control
exclude_seen: true
exclude_seen_reason: it is a test
settings: {k: 3}
search: {k: [1, 2]}
"""


TREATMENT = """
name: my-method
label: Mine
kind: treatment
settings: {k: 3, size: 2}
second: sampler
strategies:
  a: {looks_at: [sampler]}
  b: {looks_at: []}
generation: {settings: [size], up_to: [k], short: {size: s}}
"""


def card_from(tmp_path, text):
    file = tmp_path / "my_method" / "card.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def test_every_folder_with_a_card_is_a_method():
    found = cards()
    assert {card.folder for card in found.values()} == {file.parent for file in module.FOLDER.glob("*/card.yaml")}
    assert {"bpr", "nais", "fpmc", "popularity", "item-knn", "repeat-last", "markov-chain"} <= set(found)
    for name, card in found.items():
        assert load_card(name) == card
        if card.kind == "recommender":
            assert (card.folder / "model.py").is_file()
        if card.kind == "external":
            assert (card.folder / "rule.smk").is_file()


def test_hidden_folders_are_no_methods(tmp_path, monkeypatch):
    known = load_card("popularity").folder
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    for folder in ("popularity", ".ipynb_checkpoints"):
        shutil.copytree(known, tmp_path / folder)
    (tmp_path / ".ipynb_checkpoints" / "card.yaml").write_text("half a card")
    assert list(cards()) == ["popularity"]


def test_a_copied_folder_does_not_take_the_place_of_a_method(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    for folder in ("item_knn", "item-knn"):
        shutil.copytree(Path(module.__file__).parent / "item_knn", tmp_path / folder)
    with pytest.raises(BadInput, match=r"item-knn/card\.yaml: the folder of method 'item-knn' must be called item_knn"):
        cards()


def test_the_papers_grid_is_searched():
    for name in ("bpr", "nais", "fpmc"):
        search = load_card(name).search
        assert search == {"learning_rate": [0.1, 0.01, 0.001, 0.0001], "batch": [64, 128, 256, 512, 1024]}


def test_reads_a_card(tmp_path):
    card = read_card(card_from(tmp_path, GOOD))
    assert (card.name, card.settings, card.exclude_seen) == ("my-method", {"k": 3}, True)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("settings:", "setings:", "unknown key 'setings'; did you mean 'settings'"),
        ("name: my-method", "name: other", "this folder's method is called 'my-method'"),
        ("kind: recommender", "kind: sampler", "kind: unknown value 'sampler'"),
        ("label: Mine\n", "", "key 'label' is missing"),
        ("label: Mine", "label: 5", "label is 5; it must be a text"),
        ("family: control", "family: odd", "family: unknown value 'odd'"),
        ("exclude_seen: true\n", "", "exclude_seen"),
        ("exclude_seen_reason: it is a test\n", "", "exclude_seen_reason"),
        ("search: {k:", "search: {j:", "search: unknown key 'j'; known: k"),
        ("[1, 2]", "3", "search.k is 3; it must be a list"),
        ("{k: 3}", "{k: 1e-3}", "k is the text '1e-3'"),
        ("{k: 3}", "{k: {default: 1e-3, type: number}}", "settings.k is '1e-3'; .*1.0e-3"),
        ("{k: 3}", "{k: {default: 0, type: integer, minimum: 1}}", "settings.k is 0; it must be a whole number from 1"),
        ("{k: 3}", "{k: {default: 2, minimun: 1}}", "settings.k: unknown key 'minimun'; did you mean 'minimum'"),
        ("{k: 3}", "{k: {type: integer}}", "settings.k: key 'default' is missing"),
        ("[1, 2]", "[1, 2.5]", "search.k is 2.5; it must be a whole number"),
        ("[1, 2]", "[1, 1]", "search.k is .*none of them twice"),
        ("settings: {k: 3}", "settings: [k]", "settings is .*; it must be keys with values"),
        ("kind: recommender", "kind: [", "not readable as YAML"),
    ],
)
def test_complaints_name_file_and_key(tmp_path, old, new, message):
    assert old in GOOD
    file = card_from(tmp_path, GOOD.replace(old, new))
    with pytest.raises(BadInput, match=message) as caught:
        read_card(file)
    assert str(file) in str(caught.value)


def test_reads_the_card_of_a_treatment(tmp_path):
    card = read_card(card_from(tmp_path, TREATMENT))
    assert card.takes_second and card.generation["settings"] == ["size"]
    assert not read_card(card_from(tmp_path, TREATMENT.replace("[sampler]", "[anchor]"))).takes_second


def test_a_treatment_may_be_one_strategy_without_a_pool(tmp_path):
    card = read_card(card_from(tmp_path, "name: my-method\nlabel: Mine\nkind: treatment\n"))
    assert not card.takes_second and not card.generation and card.looked_at("") == ()
    assert card.strategy_label("") == "Mine"


def test_a_treatments_name_is_a_method_or_a_method_and_a_strategy():
    assert treatment_method("casr-d") == ("casr", "d")
    assert treatment_method("oracle-next-t") == ("oracle-next", "t")
    assert treatment_method("oracle-next") == ("oracle-next", "")  # a whole name, with a hyphen in it
    assert treatment_method("l2aug") == ("l2aug", "")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("settings: [size]", "settings: [sise]", "generation.settings: unknown key 'sise'; did you mean 'size'"),
        ("up_to: [k]", "up_to: [l]", "generation.up_to: unknown key 'l'"),
        ("up_to: [k]", "upto: [k]", "generation: unknown key 'upto'; did you mean 'up_to'"),
        ("settings: [size], ", "", "generation: key 'settings' is missing"),
        ("[sampler]", "[smapler]", "strategies.a.looks_at: unknown role 'smapler'; did you mean 'sampler'"),
        ("second: sampler\n", "", "strategies.a.looks_at: unknown role 'sampler'.*key second names another"),
        ("second: sampler\n", "second: sampler\nlooks_at: [anchor]\n", "for a treatment without strategies"),
    ],
)
def test_complaints_about_a_treatment_name_file_and_key(tmp_path, old, new, message):
    assert old in TREATMENT
    with pytest.raises(BadInput, match=message):
        read_card(card_from(tmp_path, TREATMENT.replace(old, new)))


def test_settings_are_layered_and_unknown_ones_refused(tmp_path):
    card = read_card(card_from(tmp_path, GOOD))
    assert card.configured({"k": 4}, {"k": 5}) == {"k": 5}
    with pytest.raises(BadInput, match="settings of method 'my-method': unknown key 'q'; known: k"):
        card.configured({"q": 1})


def test_every_setting_says_what_it_may_be():
    """A number its bounds, a text its choices: without them nonsense trains and stands in a table."""
    for card in cards().values():
        for setting, schema in card.allowed.items():
            assert {"enum", "minimum", "exclusiveMinimum", "exclusiveMaximum", "items"} & {*schema} or (
                schema["type"] == "boolean"
            ), (card.name, setting)


@pytest.mark.parametrize(
    ("method", "setting", "value"),
    [
        ("bpr", "learning_rate", "1e-3"), ("bpr", "learning_rate", -0.01), ("bpr", "learning_rate", float("nan")),
        ("bpr", "epochs", 0), ("bpr", "epochs", "5"), ("bpr", "epochs", 1.5), ("bpr", "epochs", True),
        ("bpr", "batch", 0), ("bpr", "batch", -4), ("bpr", "embedding", 8.0), ("narm", "dropout", 1.5),
        ("narm", "objective", "sofmax"), ("casr", "share", 2), ("casr", "share", "10 %"), ("casr", "kappa", "high"),
        ("casr", "index", 0), ("casr", "alpha", float("inf")), ("casr", "rate", 0.0), ("casr", "candidates", "seen"),
        ("cpr", "exploration", 0.0), ("cpr", "draws", 1.5), ("cpr", "loss", "both"), ("cpr", "k", 0),
    ],
)  # fmt: skip
def test_a_value_that_a_setting_may_not_have(method, setting, value):
    card = load_card(method)
    assert card.fault(setting, value).startswith(setting) and not card.fault(setting, card.settings[setting])


def test_unknown_method_lists_the_known():
    with pytest.raises(BadInput, match="no method 'nothing'.*item-knn"):
        load_card("nothing")


def test_cards_need_no_torch():
    code = "import sys; from methods.cards import cards; cards(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
