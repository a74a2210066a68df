import shutil
import subprocess
import sys

import pytest

from datasets.pipeline.errors import BadInput
from methods import cards as module
from methods.cards import cards, load_card, read_card

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
        ("settings:", "setings:", "unknown key setings; known: name, label"),
        ("name: my-method", "name: other", "this folder's method is called 'my-method'"),
        ("kind: recommender", "kind: sampler", "kind is 'sampler'"),
        ("label: Mine\n", "", "label is missing"),
        ("label: Mine", "label: 5", "label must be a text"),
        ("family: control", "family: odd", "family is 'odd'"),
        ("exclude_seen: true\n", "", "exclude_seen"),
        ("exclude_seen_reason: it is a test\n", "", "exclude_seen_reason"),
        ("search: {k:", "search: {j:", "search.*unknown key j"),
        ("[1, 2]", "3", "search of k must be a list"),
        ("{k: 3}", "{k: 1e-3}", "k is the text '1e-3'"),
        ("settings: {k: 3}", "settings: [k]", "settings must be a mapping"),
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
    assert card.takes_sampler and card.generation["settings"] == ["size"]
    assert not read_card(card_from(tmp_path, TREATMENT.replace("[sampler]", "[anchor]"))).takes_sampler


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("settings: [size]", "settings: [sise]", "generation.settings: unknown key sise; known: k, size"),
        ("up_to: [k]", "up_to: [l]", "generation.up_to: unknown key l"),
        ("up_to: [k]", "upto: [k]", "generation: unknown key upto"),
        ("settings: [size], ", "", "generation.settings must list"),
        ("[sampler]", "[smapler]", "looks_at of strategy a: unknown key smapler; known: sampler, anchor"),
        ("  a: {looks_at: [sampler]}\n  b: {looks_at: []}\n", "", "strategies"),
    ],
)
def test_complaints_about_a_treatment_name_file_and_key(tmp_path, old, new, message):
    assert old in TREATMENT
    with pytest.raises(BadInput, match=message):
        read_card(card_from(tmp_path, TREATMENT.replace(old, new)))


def test_settings_are_layered_and_unknown_ones_refused(tmp_path):
    card = read_card(card_from(tmp_path, GOOD))
    assert card.configured({"k": 4}, {"k": 5}) == {"k": 5}
    with pytest.raises(BadInput, match="settings of method 'my-method': unknown key q; known: k"):
        card.configured({"q": 1})


def test_unknown_method_lists_the_known():
    with pytest.raises(BadInput, match="no method 'nothing'.*item-knn"):
        load_card("nothing")


def test_cards_need_no_torch():
    code = "import sys; from methods.cards import cards; cards(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
