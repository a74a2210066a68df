"use strict";
// Sorting, filtering, copying, and a cell's provenance in a dialog. Without this script everything is shown.

const NUMBERS = ["fixed", "signed", "fraction", "signed fraction", "figures", "plain", "count", "share"];

function say(text) {
  const place = document.getElementById("said");
  place.textContent = text;
  setTimeout(() => { place.textContent = ""; }, 2500);
}

function sortable(table, headings) {
  headings.forEach((heading, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach((each) => each.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const body = table.tBodies[0];
      const rows = [...body.rows];
      const numeric = NUMBERS.includes(heading.dataset.kind);
      rows.sort((one, other) => compare(one.cells[place].dataset.order, other.cells[place].dataset.order, numeric, down));
      body.append(...rows);
    });
  });
}

// What is empty stands last in both directions.
function compare(one, other, numeric, down) {
  if (one === "" || other === "") return (one === "") - (other === "");
  const order = numeric ? Number(one) - Number(other) : one.localeCompare(other, "en", { numeric: true });
  return down ? -order : order;
}

function filterable(section, table, headings) {
  const search = section.querySelector("[data-search]");
  const quiet = section.querySelector("[data-quiet]");
  const chosen = [...section.querySelectorAll("[data-filter]")].map((select) => ({
    select, place: headings.findIndex((heading) => heading.dataset.key === select.dataset.filter),
  }));
  const rows = [...table.tBodies[0].rows];
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const picked = chosen.every(({ select, place }) => !select.value || shownText(row.cells[place]) === select.value);
      row.hidden = !picked || !words.every((word) => text.includes(word)) ||
        Boolean(quiet && !quiet.checked && row.hasAttribute("data-not-run"));
    }
    const count = rows.filter((row) => !row.hidden).length;
    section.querySelector("[data-count]").textContent = `${count} of ${rows.length} rows`;
  };
  section.querySelector(".tools").addEventListener("input", apply);
  apply();
}

function shownText(cell) {
  const sign = cell.querySelector(".sign");
  const text = cell.textContent.trim();
  return sign ? text.slice(sign.textContent.length).trim() : text;
}

function latex(table, headings) {
  const special = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}",
    "<": "\\textless{}", ">": "\\textgreater{}", "−": "$-$", "±": "$\\pm$", "κ": "$\\kappa$" };
  const escape = (text) => text.replace(/[\\&%$#_{}~^<>−±κ]/g, (letter) => special[letter] || `\\${letter}`);
  const kept = headings.map((heading, place) => place).filter((place) => headings[place].dataset.kind !== "cell");
  const columns = kept.map((place) => (NUMBERS.includes(headings[place].dataset.kind) ? "r" : "l")).join("");
  const line = (texts) => `${texts.map(escape).join(" & ")} \\\\`;
  const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden);
  return [`\\begin{tabular}{${columns}}`, "\\toprule", line(kept.map((place) => headings[place].textContent)), "\\midrule",
    ...rows.map((row) => line(kept.map((place) => shownText(row.cells[place])))), "\\bottomrule", "\\end{tabular}", ""].join("\n");
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // a page that was opened as a file may not be let near the clipboard
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say("Copied");
}

for (const section of document.querySelectorAll("section.table")) {
  const table = section.querySelector("table");
  if (!table) continue;
  const headings = [...table.tHead.rows[0].cells];
  section.querySelector(".tools").hidden = false;
  sortable(table, headings);
  filterable(section, table, headings);
  section.querySelector("[data-copy]").addEventListener("click", () => copy(latex(table, headings)));
}

for (const button of document.querySelectorAll("[data-copy-text]")) {
  button.addEventListener("click", () => copy(document.getElementById(button.dataset.copyText).textContent));
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a.cell");
  const cell = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!cell) return;
  event.preventDefault();
  const dialog = document.getElementById("provenance");
  dialog.querySelector("h2").textContent = cell.id;
  dialog.querySelector("form + div").replaceChildren(...[...cell.querySelector("div").childNodes].map((node) => node.cloneNode(true)));
  dialog.showModal();
});
