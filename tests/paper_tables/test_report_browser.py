"""The report in a real browser: it loads without an error or a request, sorts, filters, copies, shows provenance."""

import pytest

from paper_tables.report.page import write
from paper_tables.write import write as write_tables
from tests.paper_tables.browser import CHROMIUM, DRIVER, Browser
from tests.paper_tables.made_comparison import CELL, write_comparison

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no chromium and chromedriver on the PATH")
TABLE = "#casr-table-2"
COLUMN = """
const place = [...document.querySelectorAll(arguments[0] + " th")].findIndex(th => th.dataset.key === arguments[1]);
const rows = [...document.querySelectorAll(arguments[0] + " tbody tr")].filter(row => !row.hidden);
return rows.map(row => row.cells[place].textContent.trim());
"""
COPY = "navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); };"
WRAPPED = """
const lines = (field) => {
  const text = document.createRange();
  text.selectNodeContents(field);
  return new Set([...text.getClientRects()].map(box => Math.round(box.bottom))).size;
};
const fields = [...document.querySelectorAll(arguments[0] + " td")].filter(field => field.textContent.length <= 24);
return fields.filter(field => lines(field) > 1).map(field => field.textContent);
"""
ESCAPE = "\ue00c"
ENTER = "\ue007"


@pytest.fixture(scope="module")
def browser():
    opened = Browser()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def pages():
    """The page once it is made: it is the same for all tests."""
    return []


@pytest.fixture
def opened(browser, pages, request):
    """The page of the made-up results, freshly loaded."""
    if not pages:
        scale, results = request.getfixturevalue("scale"), request.getfixturevalue("results")
        write_tables("casr", ["table1", "audit"], scale, results)
        write_comparison(results)
        pages.append(write(scale, results))
    browser.requested(), browser.errors()  # what the page before left in the logs
    browser.open(pages[0])
    return browser


def column(browser: Browser, key: str) -> list[str]:
    return browser.run(COLUMN, TABLE, key)


def test_it_loads_without_an_error_and_without_a_network(opened):
    assert opened.run("return document.title") == "WhatIfRec: measured and printed, scale fixture"
    assert opened.errors() == []
    assert [address.rpartition("/")[2] for address in opened.requested()] == ["report.html"]


def test_a_click_on_a_head_sorts_numbers_as_numbers_and_turns_round(opened):
    opened.click(f"{TABLE} th[data-key=measured] button")
    assert column(opened, "measured") == ["4.50", "5.50", "9.00", "11.67", "35.00"]
    opened.click(f"{TABLE} th[data-key=measured] button")
    assert column(opened, "measured") == ["35.00", "11.67", "9.00", "5.50", "4.50"]
    assert opened.run(f"return document.querySelector('{TABLE} th[aria-sort]').ariaSort") == "descending"


def test_filters_and_search_leave_what_fits_and_count_it(opened):
    assert len(column(opened, "measured")) == 5
    opened.click(f"{TABLE} [data-quiet]")
    assert len(column(opened, "measured")) == 6
    opened.run(
        "const select = document.querySelector(arguments[0] + ' [data-filter=verdict]'); select.value = 'reproduced';"
        "select.dispatchEvent(new Event('input', {bubbles: true}));",
        TABLE,
    )
    assert column(opened, "measured") == ["35.00"]
    assert opened.run(f"return document.querySelector('{TABLE} [data-count]').textContent") == "1 of 6 rows"
    opened.type(f"{TABLE} [data-search]", "nothing like it")
    assert column(opened, "measured") == []


def test_what_is_shown_is_copied_as_latex(opened):
    opened.run(COPY)
    opened.type(f"{TABLE} [data-search]", "contradicted")
    opened.click(f"{TABLE} [data-copy]")
    lines = opened.run("return window.copied").splitlines()
    assert lines[0].startswith(r"\begin{tabular}{l") and lines[-1] == r"\end{tabular}"
    (row,) = [line for line in lines if "contradicted" in line]
    assert "4.50" in row and r"\& so on" in row and "✗" not in row and "cell" not in row


def test_a_short_text_stands_on_one_line_however_narrow_the_window(opened):
    opened.phone(375)
    assert opened.run(WRAPPED, f"{TABLE} tr:not([hidden])") == []


def test_a_link_to_a_cell_takes_the_room_of_the_word_that_is_shown(opened):
    opened.phone(375)
    wide, word = opened.run(
        "const link = document.querySelector(arguments[0] + ' a.cell');"
        "return [link.parentElement.offsetWidth, link.offsetWidth]",
        TABLE,
    )
    assert word < wide < 4 * word


def test_provenance_is_one_click_away_and_closes_by_key(opened):
    opened.click(f"{TABLE} a.cell")
    assert opened.run("return document.querySelector('dialog').open")
    assert opened.run("return document.querySelector('dialog h2').textContent") == CELL
    assert "lastfm.loo, checksum" in opened.run("return document.querySelector('dialog').textContent")
    opened.press(ESCAPE)
    assert not opened.run("return document.querySelector('dialog').open")


def test_a_head_is_reached_and_used_by_keyboard(opened):
    opened.run(f"document.querySelector('{TABLE} th[data-key=measured] button').focus()")
    opened.press(ENTER)
    assert column(opened, "measured")[0] == "4.50"


def test_a_phone_scrolls_no_page_sideways(opened):
    opened.phone(375)
    assert opened.run("return document.documentElement.scrollWidth <= window.innerWidth")


def test_on_paper_it_has_pages_and_no_tools(opened, tmp_path):
    opened.pdf(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
