"use strict";

// Copies texts, and keeps what is marked as live up to date; everything else works without scripts, by reloading. The
// buttons are hidden until this runs.
(() => {
  const told = document.getElementById("told");

  const select = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  };

  const copy = async (element) => {
    try {
      await navigator.clipboard.writeText(element.textContent);
      return true;
    } catch {
      // No permission: the old way, which needs a selection.
      select(element);
      return document.execCommand("copy");
    }
  };

  for (const button of document.querySelectorAll("[data-copy]")) {
    const element = document.getElementById(button.dataset.copy);
    button.hidden = false;
    button.addEventListener("click", async () => {
      const copied = await copy(element);
      if (!copied) select(element);
      told.textContent = copied ? "Copied" : "Selected: copy it by hand";
      button.textContent = copied ? "Copied" : "Copy";
    });
  }

  // What is live: the page is asked for again and again, and what differs takes the place of what is shown. Rows are
  // matched by their keys, so that what has the focus, or is being read, stays in place.
  const PERIOD = 1500;
  const isSame = (one, other) => one.isEqualNode(other);

  const renewRows = (shown, fresh) => {
    const known = new Map([...shown.children].map((row) => [row.dataset.key, row]));
    for (const row of fresh.children) {
      const old = known.get(row.dataset.key);
      known.delete(row.dataset.key);
      if (!old) continue;
      if (!isSame(old, row) && !old.contains(document.activeElement)) old.replaceWith(row.cloneNode(true));
    }
    for (const gone of known.values()) gone.remove();
    const present = new Map([...shown.children].map((row) => [row.dataset.key, row]));
    let place = shown.firstElementChild;
    for (const row of fresh.children) {
      const here = present.get(row.dataset.key) ?? row.cloneNode(true);
      if (here === place) place = place.nextElementSibling;
      else shown.insertBefore(here, place);
    }
  };

  const renew = (shown, fresh) => {
    if (isSame(shown, fresh)) return;
    const [rows, freshRows] = [shown, fresh].map((part) => part.querySelector("[data-rows]"));
    const withoutRows = (part) => {
      const copy = part.cloneNode(true);
      copy.querySelector("[data-rows]")?.replaceChildren();
      return copy;
    };
    if (rows && freshRows && isSame(withoutRows(shown), withoutRows(fresh))) renewRows(rows, freshRows);
    else if (!shown.contains(document.activeElement)) shown.replaceChildren(...fresh.cloneNode(true).childNodes);
  };

  const live = [...document.querySelectorAll("[data-live]")];
  let paused = false;

  const ask = async () => {
    if (paused || document.hidden) return;
    const answer = await fetch(location.href, { headers: { "gatewright-live": "1" }, redirect: "error" });
    if (!answer.ok || paused) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of live) {
      const fresh = page.querySelector(`[data-live="${part.dataset.live}"]`);
      if (fresh) renew(part, fresh);
    }
  };

  if (live.length > 0) {
    const again = () => ask().catch(() => {}).finally(() => setTimeout(again, PERIOD));
    setTimeout(again, PERIOD);
  }

  for (const button of document.querySelectorAll("[data-pause]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      paused = !paused;
      button.textContent = paused ? "Go on" : "Pause";
      told.textContent = paused ? "Paused: the list stays as it is" : "The list goes on";
    });
  }
})();
