// What a person reads and does on a page, as a function of one request. It is evaluated in the page, once a request.
(request) => {
  const clean = (text) => (text ?? "").replace(/\s+/g, " ").trim();
  // "Client ID:" and "Client ID *" are called "Client ID".
  const bare = (text) => clean(text).replace(/[\s:*]+$/, "");
  const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest("[inert]");
  const styled = (element) => getComputedStyle(element);

  // --- names (a small part of Accessible Name and Description Computation 1.2) ---

  const contents = (node) => [...node.childNodes].map(content).join("");
  const content = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.nodeType !== Node.ELEMENT_NODE) return "";
    if (node.getAttribute("aria-hidden") === "true" || styled(node).display === "none") return "";
    const label = node.getAttribute("aria-label");
    if (label) return label;
    if (node.matches("input, select, textarea, script, style")) return "";
    if (node.matches("img, area")) return node.alt;
    if (node instanceof SVGElement) return node.querySelector(":scope > title")?.textContent ?? "";
    return styled(node).display.startsWith("inline") ? contents(node) : ` ${contents(node)} `;
  };
  const name = (element, own) => {
    const labelled = (element.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean);
    const by = labelled.map((id) => document.getElementById(id)).filter(Boolean).map(contents).join(" ");
    if (clean(by)) return clean(by);
    const label = clean(element.getAttribute("aria-label"));
    if (label) return label;
    if (element.matches("input[type=submit], input[type=button], input[type=reset]")) {
      return clean(element.value) || { submit: "Submit", reset: "Reset" }[element.type] || "";
    }
    if (element.matches("input[type=image]") && clean(element.alt)) return clean(element.alt);
    const labels = clean([...(element.labels ?? [])].map(contents).join(" "));
    if (!own && labels) return labels;
    const text = own ? clean(contents(element)) : "";
    return text || labels || clean(element.title) || clean(element.getAttribute("placeholder"));
  };

  // --- what is there ---

  const modal = () => [...document.querySelectorAll("dialog:modal, [aria-modal=true]")].filter(shown).at(-1);
  const root = () => modal() ?? document;
  const all = (selector) => [...root().querySelectorAll(selector)];

  const ROLES = {
    link: "link", button: "button", tab: "tab", menuitem: "menu item", option: "option",
    radio: "radio button", checkbox: "checkbox", switch: "checkbox",
  };
  const ORDER = ["link", "button", "tab", "menu item", "option", "summary", "radio button", "checkbox"];
  const CLICKABLE =
    "a[href], area[href], button, input[type=submit], input[type=button], input[type=reset], input[type=image], " +
    "summary, input[type=radio], input[type=checkbox], " + Object.keys(ROLES).map((role) => `[role=${role}]`).join(", ");
  const kind = (element) => {
    const role = ROLES[element.getAttribute("role")];
    if (role) return role;
    if (element.matches("a, area")) return "link";
    if (element.matches("summary")) return "summary";
    if (element.matches("input[type=radio]")) return "radio button";
    if (element.matches("input[type=checkbox]")) return "checkbox";
    return "button";
  };
  const isChoice = (element) => element.matches("input[type=radio], input[type=checkbox]");
  const tiny = (element) => {
    const box = element.getBoundingClientRect();
    return box.width < 4 || box.height < 4 || styled(element).opacity === "0";
  };
  // A choice that is drawn by its label is clicked there.
  const target = (element) => {
    if (!isChoice(element) || (shown(element) && !tiny(element))) return element;
    return [...(element.labels ?? [])].find(shown) ?? element;
  };
  // A choice that has several labels is called by each of them, too.
  const callings = (element) => {
    const labels = isChoice(element) ? [...(element.labels ?? [])] : [];
    return [...new Set([name(element, !isChoice(element)), ...labels.map((label) => clean(contents(label)))])];
  };
  const clickable = () =>
    all(CLICKABLE)
      .filter((element) => shown(target(element)))
      .flatMap((element) => callings(element).map((name) => ({ element, kind: kind(element), name })));

  const FIELD =
    "input:not([type=hidden], [type=submit], [type=button], [type=reset], [type=image], [type=radio], [type=checkbox], " +
    "[type=file]), textarea, [contenteditable=''], [contenteditable=true], [role=textbox], [role=searchbox], " +
    "[role=combobox]:not(select), [role=spinbutton]";
  const named = (kind, selector) =>
    all(selector)
      .filter(shown)
      .map((element) => ({ element, kind, name: name(element, false) }));

  // --- choosing among them ---

  const same = (one, other) => one === other;
  const alike = (one, other) => one.toLowerCase() === other.toLowerCase();
  const called = (things, label) => {
    for (const equal of [same, alike]) {
      for (const kind of ORDER) {
        const found = things.filter((thing) => thing.kind === kind && equal(bare(thing.name), bare(label)));
        if (found.length) return found;
      }
      const other = things.filter((thing) => !ORDER.includes(thing.kind) && equal(bare(thing.name), bare(label)));
      if (other.length) return other;
    }
    return [];
  };
  // The size of the smallest part of the page that holds the thing and shows the text.
  const reach = (element, text) => {
    for (let part = element; part; part = part.parentElement) {
      if (clean(part.innerText ?? part.textContent).includes(clean(text))) return part.querySelectorAll("*").length;
    }
    return Infinity;
  };
  const beside = (things, text) => {
    if (text === null || text === undefined) return things;
    const reaches = things.map((thing) => reach(thing.element, text));
    const least = Math.min(...reaches);
    return things.filter((_, place) => reaches[place] === least && least < Infinity);
  };
  const one = (things, { text, within }) => {
    const found = beside(called(things, text), within);
    const links = new Set(found.map(({ element }) => element.href ?? element));
    if (found.length && links.size === 1) return { element: found[0].element };
    if (found.length) return { several: found.length };
    const names = things.filter((thing) => thing.name).map((thing) => `${thing.kind} "${thing.name}"`);
    return { choices: [...new Set(names)].slice(0, 60) };
  };
  const disabled = (element) => element.matches(":disabled") || element.getAttribute("aria-disabled") === "true";

  // --- reading ---

  const written = (element) => {
    if (element.matches("select")) return clean(element.selectedOptions[0]?.text);
    if (element.matches("input, textarea, output, meter, progress")) return String(element.value);
    const inner = element.querySelectorAll("input, textarea, code, samp, kbd, output");
    return inner.length === 1 ? written(inner[0]) : (element.innerText ?? element.textContent).trim();
  };
  // A definition's term, or a row's heading, and what stands beside it.
  const described = () => {
    const terms = all("dt").map((dt) => {
      let next = dt.nextElementSibling;
      while (next?.matches("dt")) next = next.nextElementSibling;
      return { element: next, kind: "term", name: clean(contents(dt)) };
    });
    const rows = all("th").map((th) => {
      return { element: th.parentElement.querySelector("td"), kind: "row", name: clean(contents(th)) };
    });
    return [...terms, ...rows].filter(({ element }) => element && shown(element));
  };
  const labelled = () =>
    named("value", "output, meter, progress, [aria-label]:not(a, button), [aria-labelledby]:not(a, button)")
      .filter(({ element }) => !element.matches(CLICKABLE));

  const text = () => (document.body?.innerText ?? document.documentElement?.textContent ?? "").slice(0, 1024 * 1024);

  // --- typing ---

  // Kinds of field whose value is chosen rather than typed.
  const CHOSEN = "[type=date], [type=time], [type=datetime-local], [type=month], [type=week], [type=color], [type=range]";
  const take = (element, value) => {
    const prototype = element instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(prototype.prototype, "value").set.call(element, value);
    element.dispatchEvent(new InputEvent("input", { bubbles: true }));
    element.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const lines = (text) => text.replace(/\r\n?/g, "\n");

  const OPERATIONS = {
    look: () => ({ href: location.href, title: document.title, text: text() }),

    // Resolves when there may be something else to be seen, within a quarter of a second in any case: styles change
    // what is visible without a word.
    change: ({ title, seen }) => new Promise((resolve) => {
      if (seen !== null && (document.title !== title || text() !== seen)) return resolve(true);
      const observer = new MutationObserver(() => resolve(true));
      const everything = { subtree: true, childList: true, characterData: true, attributes: true };
      observer.observe(document, everything);
      for (const event of ["load", "pageshow", "hashchange", "popstate", "toggle"]) {
        addEventListener(event, () => resolve(true), { once: true, capture: true });
      }
      setTimeout(() => resolve(true), 250);
    }),

    click: ({ label }) => {
      const found = one(clickable(), label);
      if (!found.element) return found;
      if (disabled(found.element)) return { unusable: "disabled" };
      return { found: target(found.element) };
    },

    fill: ({ label, value }) => {
      const found = one(named("field", FIELD), label);
      const element = found.element;
      if (!element) return found;
      if (disabled(element)) return { unusable: "disabled" };
      if (element.readOnly) return { unusable: "read-only" };
      element.scrollIntoView({ block: "nearest", inline: "nearest" });
      element.focus();
      if (document.activeElement !== element) return { unusable: "not taking the focus" };
      if (element.matches(CHOSEN)) {
        take(element, value);
        return { done: true };
      }
      if (element.select) element.select();
      else getSelection().selectAllChildren(element);
      if (value !== "") return { type: true };
      document.execCommand("delete");
      return { done: true };
    },

    // Whether the field holds what was typed. If the page has gone on, there is nothing to compare with.
    took: ({ label, value }) => {
      const element = one(named("field", FIELD), label).element;
      return !element || lines(element.value ?? element.innerText) === lines(value);
    },

    select: ({ label, option }) => {
      const found = one(named("drop-down", "select"), label);
      if (!found.element) return found;
      if (disabled(found.element)) return { unusable: "disabled" };
      const options = [...found.element.options];
      for (const equal of [same, alike]) {
        const chosen = options.find((candidate) => equal(clean(candidate.text), clean(option)));
        if (chosen?.selected && !found.element.multiple) return { done: true };
        if (chosen) return chosen.disabled ? { unusable: "disabled" } : { found: chosen };
      }
      return { options: options.map((candidate) => clean(candidate.text)) };
    },

    value: ({ label }) => {
      const found = [named("field", `${FIELD}, select`), labelled(), described()].map((things) => one(things, label));
      const hit = found.find((outcome) => outcome.element || outcome.several);
      if (hit?.element) return { value: written(hit.element) };
      return hit ?? { choices: found.flatMap(({ choices }) => choices) };
    },
  };

  return OPERATIONS[request.operation](request);
}
