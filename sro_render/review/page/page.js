"use strict";
// All content is in the page: this filters, moves and unfolds it. It asks nothing of any network.
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  root.classList.add("has-script");

  // Dark or light: the system's choice until the reader makes one, which is kept where that is allowed.
  const isDark = () =>
    root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const memory = (act) => {
    try {
      return act(localStorage);
    } catch {
      return null; // no storage for pages from files, or it was turned off
    }
  };
  const chosen = memory((storage) => storage.getItem("sro-render-theme"));
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    memory((storage) => storage.setItem("sro-render-theme", root.dataset.theme));
  });

  const help = byId("help");
  byId("keys").addEventListener("click", () => help.showModal());

  const letters = byId("letters");
  letters.checked = memory((storage) => storage.getItem("sro-render-letters")) !== "off";
  letters.addEventListener("change", () =>
    memory((storage) => storage.setItem("sro-render-letters", letters.checked ? "on" : "off")),
  );

  const unfoldForPrint = (isOpen) => () => {
    for (const each of document.querySelectorAll("details")) {
      if (isOpen) {
        each.dataset.was = each.open ? "open" : "";
        each.open = true;
      } else {
        each.open = each.dataset.was === "open";
      }
    }
  };
  addEventListener("beforeprint", unfoldForPrint(true));
  addEventListener("afterprint", unfoldForPrint(false));

  // A link to a change unfolds it.
  const follow = () => {
    const target = /^#c\d+$/.test(location.hash) ? byId(location.hash.slice(1)) : null;
    if (!target) return;
    if (target.hidden) clear();
    target.firstElementChild.open = true;
    summaryOf(target).focus({ preventScroll: true });
    target.scrollIntoView({ block: "start" });
  };
  const summaryOf = (change) => change.querySelector("summary");

  const filters = byId("filters");
  if (!filters) return; // nothing differs
  const changes = [...document.querySelectorAll(".change")];
  const groups = [...document.querySelectorAll(".group")];
  const selects = [...filters.querySelectorAll("select")];
  const search = byId("search");
  const marked = byId("marked");
  const texts = new Map();
  const textOf = (change) => {
    if (!texts.has(change)) texts.set(change, change.textContent.toLowerCase());
    return texts.get(change);
  };

  const wants = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const picked = selects
      .filter((each) => each.value !== "*")
      .map((each) => [each.dataset.key, each.value.slice(1)]);
    return (change) =>
      (!marked.checked || "m" in change.dataset) &&
      picked.every(([key, value]) =>
        key === "k" ? change.dataset.k.split(" ").includes(value) : change.dataset[key] === value,
      ) &&
      words.every((word) => textOf(change).includes(word));
  };

  const apply = () => {
    const isWanted = wants();
    let shown = 0;
    for (const change of changes) {
      change.hidden = !isWanted(change);
      if (!change.hidden) shown += 1;
    }
    for (const group of groups) group.hidden = !group.querySelector(".change:not([hidden])");
    byId("shown").textContent = `${shown} of ${changes.length} changes shown`;
    unfold.textContent = isAllOpen() ? "Fold all" : "Unfold all";
  };
  const clear = () => {
    filters.reset();
    apply();
  };
  let timer = 0;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(apply, changes.length > 500 ? 150 : 0);
  });
  filters.addEventListener("change", apply);
  filters.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
    search.blur();
    move(1);
  });
  filters.addEventListener("reset", () => setTimeout(apply));

  const visible = () => changes.filter((each) => !each.hidden);
  const unfold = byId("unfold");
  const isAllOpen = () => visible().every((each) => each.firstElementChild.open);
  const unfoldAll = () => {
    const isOpen = !isAllOpen();
    for (const change of visible()) change.firstElementChild.open = isOpen;
    unfold.textContent = isOpen ? "Fold all" : "Unfold all";
  };
  unfold.addEventListener("click", unfoldAll);

  // A cell of the matrix shows what changes there, and nothing else.
  for (const cell of document.querySelectorAll(".cell")) {
    cell.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      filters.reset();
      for (const key of ["r", "s", "k"]) byId(`filter-${key}`).value = `=${cell.dataset[key]}`;
      apply();
      byId("changes").scrollIntoView();
      const first = visible()[0];
      if (first) summaryOf(first).focus({ preventScroll: true });
    });
  }

  const move = (step) => {
    const there = visible();
    if (!there.length) return;
    const now = there.indexOf(document.activeElement?.closest(".change"));
    const next = now < 0 ? (step > 0 ? 0 : there.length - 1) : now + step;
    const target = there[Math.min(Math.max(next, 0), there.length - 1)];
    summaryOf(target).focus({ preventScroll: true });
    target.scrollIntoView({ block: "nearest" });
  };
  const keys = {
    j: () => move(1),
    k: () => move(-1),
    o: unfoldAll,
    m: () => {
      marked.checked = !marked.checked;
      apply();
    },
    "/": () => search.focus(),
    "?": () => help.showModal(),
    Escape: () => {
      if (document.activeElement === search && search.value) {
        search.value = "";
        apply();
      } else if (document.activeElement === search) {
        search.blur();
      } else {
        clear();
      }
    },
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox";
    if ((isTyping || !letters.checked) && event.key !== "Escape") return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  addEventListener("hashchange", follow);
  apply();
  follow();
})();
