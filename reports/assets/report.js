"use strict";
// The page is whole without this script. With it, a scenario's content is read when it is opened, and there are
// filters, keys, and a look at an exchange from its arrow.
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  // Colours: automatic, light, dark. Remembered where the browser lets a file remember.
  const schemes = ["automatic", "light", "dark"];
  const memory = {
    read() { try { return localStorage.getItem("gatewright-colours"); } catch { return null; } },
    write(value) { try { localStorage.setItem("gatewright-colours", value); } catch { /* then not */ } },
  };
  function colour(scheme) {
    root.dataset.colours = scheme;
    const button = document.querySelector(".theme span");
    if (button) button.textContent = scheme;
  }
  const remembered = memory.read();
  colour(schemes.includes(remembered) ? remembered : "automatic");

  document.addEventListener("DOMContentLoaded", () => {
    const find = (selector, within = document) => within.querySelector(selector);
    const all = (selector, within = document) => [...within.querySelectorAll(selector)];
    const overview = find(".overview");
    const items = all(".scenarios > li");
    const search = find(".filters input[type=search]");
    const dialog = find("dialog.look");
    const title = document.title;
    let open = null;

    colour(root.dataset.colours);
    find(".theme").addEventListener("click", () => {
      const next = schemes[(schemes.indexOf(root.dataset.colours) + 1) % schemes.length];
      colour(next);
      memory.write(next);
    });

    // A scenario's content is a <noscript>: text, until it is needed.
    function unfold(scenario) {
      const folded = find("noscript.content", scenario);
      if (!folded) return;
      const content = document.createElement("div");
      content.className = "content";
      content.innerHTML = folded.textContent;
      markSecrets(content);
      folded.replaceWith(content);
    }

    // A masked secret's fingerprint is the same wherever it shows up in the run.
    function markSecrets(within) {
      const texts = document.createTreeWalker(within, NodeFilter.SHOW_TEXT, (node) =>
        /\[[a-z][a-z ]* [0-9a-f]{6}\]/.test(node.data) && !node.parentElement.closest("svg")
          ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_REJECT);
      const found = [];
      while (texts.nextNode()) found.push(texts.currentNode);
      for (const text of found) {
        const pieces = text.data.split(/(\[[a-z][a-z ]* [0-9a-f]{6}\])/);
        text.replaceWith(...pieces.map((piece, index) => {
          if (index % 2 === 0) return piece;
          const mask = document.createElement("span");
          mask.className = "mask";
          mask.textContent = piece;
          return mask;
        }));
      }
    }
    document.addEventListener("mouseover", (event) => {
      const over = event.target.closest?.(".mask")?.textContent;
      for (const mask of all(".mask.same")) if (mask.textContent !== over) mask.classList.remove("same");
      if (over) for (const mask of all(".mask")) if (mask.textContent === over) mask.classList.add("same");
    });

    // The address's fragment says what is shown: nothing, a scenario, or a part of one after a colon. Anchors hold
    // nothing that an address would encode.
    function show() {
      const fragment = location.hash.slice(1);
      const [id, part] = fragment.split(":", 2);
      const scenario = id.startsWith("s/") ? document.getElementById(id) : null;
      const before = open;
      if (dialog.open) dialog.close();
      if (before && before !== scenario) before.classList.remove("open");
      open = scenario;
      overview.hidden = Boolean(scenario);
      if (!scenario) {
        document.title = title;
        const item = before && items.find((item) => link(item).hash === `#${before.id}`);
        if (item) link(item).focus();
        return;
      }
      unfold(scenario);
      scenario.classList.add("open");
      const heading = find("h2", scenario);
      document.title = `${heading.textContent} – Gatewright`;
      const target = part && document.getElementById(fragment);
      if (target) {
        const details = target.closest("details");
        if (details) details.open = true;
        (details ?? target).scrollIntoView();
      } else if (before !== scenario) {
        heading.focus({ preventScroll: true });
        scrollTo(0, 0);
      }
    }
    const link = (item) => item.firstElementChild;
    addEventListener("hashchange", show);
    show();

    // The list: outcome and words, both.
    function filter() {
      const outcome = find(".filters input[name=outcome]:checked").value;
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const item of items) {
        const fits = (!outcome || item.dataset.outcome === outcome)
          && words.every((word) => item.dataset.words.includes(word));
        item.hidden = !fits;
        if (fits) shown += 1;
      }
      find(".nothing").hidden = shown > 0 || items.length === 0;
      find(".found").textContent = `${shown} of ${items.length} scenarios shown`;
    }
    find(".filters").addEventListener("input", filter);
    find(".nothing button").addEventListener("click", () => {
      search.value = "";
      find(".filters input[name=outcome]").checked = true;
      filter();
      search.focus();
    });
    filter();

    function move(by) {
      const shown = items.filter((item) => !item.hidden).map(link);
      const at = shown.indexOf(document.activeElement);
      const next = at < 0 ? (by > 0 ? 0 : shown.length - 1) : Math.min(Math.max(at + by, 0), shown.length - 1);
      shown[next]?.focus();
    }

    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const typing = event.target.matches("input[type=search]");
      if (event.key === "Escape") {
        if (dialog.open) return;
        if (typing) {
          if (event.target.value) {
            event.target.value = "";
            event.target.dispatchEvent(new Event("input", { bubbles: true }));
            event.preventDefault();
          } else {
            event.target.blur();
          }
        } else if (open) {
          location.hash = "";
        }
        return;
      }
      if (event.key === "/" && !typing && !dialog.open) {
        const into = open ? find("input[type=search]", open) : search;
        into?.focus();
        into?.select();
        event.preventDefault();
        return;
      }
      const arrow = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const letter = typing ? undefined : { j: 1, k: -1 }[event.key];
      const by = arrow ?? letter;
      if (!by || event.target.matches("input[type=radio]")) return;
      if (dialog.open) {
        if (letter) look(by);
      } else if (open) {
        if (letter) find(by > 0 ? "a[rel=next]" : "a[rel=prev]", open)?.click();
      } else {
        move(by);
        event.preventDefault();
      }
    });

    // Within a scenario: narrow the requests, choose the log's parts, copy a command, look at an exchange or a picture.
    document.addEventListener("input", (event) => {
      const input = event.target;
      if (!open?.contains(input)) return;
      if (input.dataset.narrows) {
        const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
        for (const exchange of all("details.exchange", open)) {
          const text = exchange.textContent.toLowerCase();
          exchange.hidden = !words.every((word) => text.includes(word));
        }
      } else if (input.dataset.part !== undefined) {
        const hidden = new Set(all("input[data-part]:not(:checked)", open).map((box) => box.dataset.part));
        for (const row of all("tr[data-part]", open)) row.hidden = hidden.has(row.dataset.part);
      }
    });

    async function copy(button) {
      const text = find("code", button.parentElement);
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(text);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    }

    let looked = [];
    let place = 0;
    function look(by) {
      const next = place + by;
      if (looked[next] === undefined) return;
      place = next;
      const target = document.getElementById(looked[place]);
      const shown = target.cloneNode(true);
      shown.removeAttribute("id");
      const body = find(".look-body", dialog);
      body.replaceChildren(shown);
      body.scrollTop = 0;
      find(".look-place", dialog).textContent = `Exchange ${place + 1} of ${looked.length}`;
      for (const button of all("[data-go]", dialog)) button.disabled = looked[place + Number(button.dataset.go)] === undefined;
      for (const arrow of all(".arrow.chosen", open)) arrow.classList.remove("chosen");
      const arrows = all("a.arrow", open).filter((arrow) => fragment(arrow) === looked[place]);
      for (const arrow of arrows) arrow.classList.add("chosen");
      arrows[0]?.scrollIntoView({ block: "nearest" });
    }
    const fragment = (arrow) => arrow.getAttribute("href").slice(1);

    function present(wide) {
      dialog.classList.toggle("picture-look", wide);
      if (!dialog.open) dialog.showModal();
    }

    document.addEventListener("click", (event) => {
      const target = event.target;
      if (target.closest(".copy")) return void copy(target.closest(".copy"));
      const arrow = target.closest("a.arrow");
      if (arrow && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault();
        looked = all(".exchange-body", open).map((body) => body.id);
        place = looked.indexOf(fragment(arrow));
        present(false);
        look(0);
      } else if (target.matches(".picture img")) {
        const image = target.cloneNode();
        find(".look-body", dialog).replaceChildren(image);
        find(".look-place", dialog).textContent = target.alt;
        looked = [];
        present(true);
      } else if (target.closest("[data-go]")) {
        look(Number(target.closest("[data-go]").dataset.go));
      } else if (target.closest("[data-close]") || target === dialog) {
        dialog.close();
      }
    });
    dialog.addEventListener("close", () => {
      find(".look-body", dialog).replaceChildren();
      for (const arrow of all(".arrow.chosen")) arrow.classList.remove("chosen");
    });
  });
})();
