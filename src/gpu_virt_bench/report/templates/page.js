// Sorts, filters and unfolds; what a reader sees stands in the address, so that a view can be sent.
"use strict";
document.documentElement.classList.add("js");
addEventListener("DOMContentLoaded", () => {
  const all = (query, within) => Array.from((within || document).querySelectorAll(query));
  const words = new Intl.Collator(undefined, { numeric: true });
  const tables = new Map();
  const folds = all("details.fold");

  function setUp(box) {
    const body = box.querySelector("tbody");
    const rows = Array.from(body.children).filter((row) => !row.classList.contains("more"));
    const pairs = rows.map((row) => [row, row.nextElementSibling]);
    for (const pair of pairs) if (!pair[1] || !pair[1].classList.contains("more")) pair.pop();
    const view = { box, body, pairs, heads: Array.from(box.querySelector("thead tr").children), sort: "", query: "", chosen: [] };
    view.heads.forEach((head, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => { view.sort = turned(view.sort, index); order(view); remember(); });
      head.append(button);
      head.setAttribute("aria-sort", "none");
    });
    const tools = Array.from(box.children).find((child) => child.classList.contains("tools"));
    if (tools) filters(view, tools);
    tables.set(box.id.replace("table-", ""), view);
  }

  const turned = (sort, index) => sort === `${index}` ? `${index}-down` : sort === `${index}-down` ? "" : `${index}`;

  function key(row, index) {
    const cell = row.children[index];
    if (!cell) return "";
    const value = cell.dataset.key;
    return value === undefined || isNaN(value) || value === "" ? value || cell.querySelector(".said").textContent : Number(value);
  }

  function order(view) {
    const [at, down] = view.sort.split("-");
    const sign = down ? -1 : 1;
    const keyed = view.pairs.map((pair) => [view.sort === "" ? 0 : key(pair[0], at), pair]);
    if (view.sort !== "") keyed.sort(([a], [b]) => {
      if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
      return sign * (typeof a === "number" ? a - b : words.compare(a, b));
    });
    const table = view.body.parentElement;
    view.body.remove(); // rows move faster where nobody looks
    for (const [, pair] of keyed) view.body.append(...pair);
    table.append(view.body);
    view.heads.forEach((head, index) => head.setAttribute("aria-sort", view.sort !== "" && index === Number(at) ? (down ? "descending" : "ascending") : "none"));
  }

  function filters(view, tools) {
    view.input = tools.querySelector("input");
    view.chips = all(".chip", tools);
    view.clear = tools.querySelector(".clear");
    view.status = tools.querySelector(".shown");
    view.input.addEventListener("input", () => { view.query = view.input.value; filter(view); remember(); });
    for (const chip of view.chips) chip.addEventListener("click", () => {
      const word = chip.dataset.word;
      view.chosen = view.chosen.includes(word) ? view.chosen.filter((one) => one !== word) : [...view.chosen, word];
      filter(view);
      remember();
    });
    view.clear.addEventListener("click", () => { view.query = ""; view.chosen = []; filter(view); remember(); view.input.focus(); });
  }

  function filter(view) {
    if (!view.input) return;
    const wanted = view.query.toLowerCase().split(/\s+/).filter(Boolean);
    const places = view.chips.filter((chip) => view.chosen.includes(chip.dataset.word)).map((chip) => chip.dataset.at);
    let shown = 0;
    for (const [row, more] of view.pairs) {
      row.text = row.text || row.textContent.toLowerCase();
      const said = (row.dataset.said || "").split(" ");
      const fits = wanted.every((word) => row.text.includes(word)) && (!view.chosen.length || said.some((one) => places.includes(one)));
      row.hidden = !fits;
      if (more) more.hidden = !fits || !isOpen(row);
      shown += fits;
    }
    if (view.input.value !== view.query) view.input.value = view.query;
    for (const chip of view.chips) chip.setAttribute("aria-pressed", view.chosen.includes(chip.dataset.word));
    view.clear.hidden = !view.query && !view.chosen.length;
    view.status.textContent = view.clear.hidden ? "" : `${shown} of ${view.pairs.length} rows`;
  }

  const opener = (row) => row.querySelector(":scope > * > .opener");
  const isOpen = (row) => opener(row).getAttribute("aria-expanded") === "true";

  function open(row, wish) {
    const more = row.nextElementSibling;
    opener(row).setAttribute("aria-expanded", wish);
    more.hidden = !wish || row.hidden;
    more.querySelector("details").open = wish;
    if (wish) fitting(more);
  }

  // A box that scrolls is reached by the keyboard, others are not in its way.
  function fitting(within) {
    for (const box of all(".scroll, pre", within)) {
      if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  }

  function remember() {
    const state = new URLSearchParams();
    const opened = [...all("tr.opens").filter(isOpen), ...folds.filter((fold) => fold.open)].map((one) => one.id);
    if (opened.length) state.set("open", opened.join(","));
    for (const [name, view] of tables) {
      if (view.query) state.set(`q.${name}`, view.query);
      for (const word of view.chosen) state.append(`show.${name}`, word);
      if (view.sort) state.set(`sort.${name}`, view.sort);
    }
    const text = state.toString();
    try { history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search); } catch (refused) { /* a sandboxed frame */ }
  }

  function reveal(target) {
    for (let one = target; one; one = one.parentElement) {
      if (one.tagName === "DETAILS") one.open = true;
      if (one.classList.contains("more") && !isOpen(one.previousElementSibling)) open(one.previousElementSibling, true);
    }
    if (target.classList.contains("opens")) open(target, true);
    if (target.classList.contains("more")) open(target.previousElementSibling, true);
  }

  function restore() {
    const text = location.hash.slice(1);
    let plain = text;
    try { plain = decodeURIComponent(text); } catch (bad) { /* taken as it is */ }
    all("tr.target").forEach((row) => row.classList.remove("target"));
    const place = document.getElementById(plain);
    if (place) { reveal(place); place.scrollIntoView(); return; }
    const state = new URLSearchParams(text);
    for (const [name, view] of tables) {
      const sort = state.get(`sort.${name}`) || "";
      view.sort = /^\d+(-down)?$/.test(sort) && parseInt(sort, 10) < view.heads.length ? sort : "";
      view.query = state.get(`q.${name}`) || "";
      view.chosen = state.getAll(`show.${name}`);
      if (view.sort) order(view);
      if (view.query || view.chosen.length) filter(view);
    }
    const opened = (state.get("open") || "").split(",").map((id) => id && document.getElementById(id)).filter(Boolean);
    opened.forEach(reveal);
    if (opened.length) { opened[0].classList.add("target"); opened[0].scrollIntoView({ block: "center" }); }
  }

  function themes() {
    const root = document.documentElement;
    const button = document.getElementById("theme");
    const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    const name = () => { button.textContent = dark() ? "Light" : "Dark"; };
    button.hidden = false;
    button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
    name();
  }

  // The contents follow what is read.
  function follow() {
    const links = new Map(all("#toc a").map((link) => [link.getAttribute("href").slice(1), link]));
    const heads = Array.from(links.keys(), (id) => document.getElementById(id)).filter(Boolean);
    const mark = () => {
      const passed = heads.filter((head) => head.getBoundingClientRect().top < 120);
      const now = passed.length ? passed[passed.length - 1].id : "";
      links.forEach((link, id) => id === now ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current"));
    };
    addEventListener("scroll", mark, { passive: true });
    mark();
  }

  all("tr.opens").forEach((row) => open(row, false));
  all(".table").forEach(setUp);
  document.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (!row || !row.classList.contains("opens") || event.target.closest("a, summary, thead")) return;
    if (!event.target.closest(".opener") && String(getSelection())) return;
    open(row, !isOpen(row));
    remember();
  });
  folds.forEach((fold) => fold.querySelector("summary").addEventListener("click", () => setTimeout(remember)));
  addEventListener("hashchange", restore);
  addEventListener("resize", () => fitting());
  themes();
  restore();
  fitting();
  follow();
});
