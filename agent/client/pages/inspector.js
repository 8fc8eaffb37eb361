// The inspector: what passes is listed as it passes, and shown whole when it is chosen.

const main = document.getElementById("main");
const live = document.getElementById("live");

/** An element with properties and children; text is always text. */
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function say(state, text) {
  if (live.textContent !== text) live.textContent = text;
  live.className = `live ${state}`;
}

async function ask(path, options = {}) {
  const answer = await fetch(path, options);
  const body = answer.status === 204 ? null : await answer.json();
  if (answer.ok) return body;
  throw new Error([body.msg, body.details?.err].filter(Boolean).join(": "));
}

const pause = (milliseconds) => new Promise((go) => setTimeout(go, milliseconds));
const kindOf = (status) => (status === null ? "" : status < 300 ? "good" : status < 500 ? "warm" : "bad");
const duration = (ms) => (ms === null ? "…" : ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(2)} s`);
const time = (text) => new Date(text).toLocaleTimeString([], { hour12: false });
const bytes = (count) => (count < 1024 ? `${count} bytes` : count < 1048576 ? `${(count / 1024).toFixed(1)} KiB` : `${(count / 1048576).toFixed(1)} MiB`);

function chip(status) {
  return element("span", { className: `chip ${kindOf(status)}` }, status === null ? "…" : String(status));
}

function requestsPage() {
  document.title = "Requests – Gatewright agent";
  let exchanges = [];
  let chosen = location.hash.slice(1);
  let secrets = false;
  let shownAs = "";

  const list = element("ol");
  const filter = element("input", { type: "search", placeholder: "Filter by method, path or status" });
  filter.setAttribute("aria-label", "Filter requests");
  const clear = element("button", { className: "quiet", type: "button" }, "Clear");
  const detail = element("div", { className: "pane detail" });
  detail.setAttribute("aria-live", "off");
  const listPane = element("div", { className: "pane list" }, element("h1", { className: "told" }, "Requests"),
    element("div", { className: "tools" }, filter, clear), list);
  const split = element("div", { className: "split" }, listPane, detail);
  const empty = element("p", { className: "empty" });

  function row(exchange) {
    const made = element("button", { className: "row", type: "button" },
      element("span", { className: "method mono" }, exchange.method),
      element("span", { className: "target mono", title: exchange.target }, exchange.target),
      chip(exchange.status),
      element("span", { className: "small" }, `${time(exchange.began)} · ${duration(exchange.took_ms)} · ${exchange.tunnel}`));
    made.dataset.id = exchange.id;
    if (exchange.id === chosen) made.setAttribute("aria-current", "true");
    made.addEventListener("click", () => choose(exchange.id));
    return element("li", {}, made);
  }

  function drawList(inspecting) {
    if (exchanges.length === 0) {
      empty.textContent = inspecting
        ? "No requests yet. What comes through this agent's HTTP tunnels is listed here as it comes."
        : "This agent keeps no requests: it was started with inspect_db_size: -1.";
      main.replaceChildren(empty);
      return;
    }
    if (!split.isConnected) main.replaceChildren(split);
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = exchanges.filter((one) => {
      const text = `${one.method} ${one.target} ${one.status ?? ""} ${one.tunnel}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const focused = document.activeElement?.dataset?.id;
    list.replaceChildren(...wanted.map(row));
    if (focused) list.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  }

  function choose(id) {
    // Credentials are shown of the one request that they were asked for.
    if (id !== chosen) secrets = false;
    chosen = id;
    history.replaceState(null, "", `#${id}`);
    drawList(true);
    drawDetail();
  }

  function message(title, from) {
    if (!from) return element("section", {}, element("h3", {}, title), element("p", { className: "note" }, "There is no answer yet, or it never came."));
    const rows = from.headers.map(([name, value]) => {
      const head = element("th", { scope: "row", className: "mono" }, name);
      return element("tr", {}, head, element("td", { className: "mono" }, value));
    });
    const { kind, shown, length, kept } = from.body;
    const cut = length > kept ? `; the first ${bytes(kept)} are kept` : "";
    const body = length === 0
      ? element("p", { className: "note" }, "no body")
      : element("pre", { className: kind === "binary" ? "hex" : "", tabIndex: 0 }, shown);
    const about = length === 0 ? "" : ` (${kind === "binary" ? "binary, " : ""}${bytes(length)}${cut})`;
    return element("section", {},
      element("h3", {}, title),
      element("p", { className: "first mono" }, from.first),
      element("h4", {}, "Headers"),
      element("table", { className: "headers" }, element("tbody", {}, ...rows)),
      element("h4", {}, `Body${about}`),
      body);
  }

  async function drawDetail() {
    const id = chosen;
    if (!id) {
      detail.replaceChildren(element("p", { className: "empty" }, "Choose a request to see it whole."));
      return;
    }
    let whole;
    try {
      whole = await ask(`/inspect/exchanges/${encodeURIComponent(id)}?secrets=${secrets}`);
    } catch (error) {
      shownAs = "";
      if (id === chosen) detail.replaceChildren(element("p", { className: "empty" }, error.message));
      return;
    }
    const now = JSON.stringify([whole, secrets]);
    if (id !== chosen || now === shownAs) return;
    shownAs = now;
    const replay = element("button", { type: "button" }, "Replay");
    const said = element("p", { className: "note", role: "status" });
    replay.addEventListener("click", async () => {
      replay.disabled = true;
      said.className = "note";
      said.textContent = "";
      try {
        await ask("/api/requests/http", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ id }) });
        said.textContent = "Sent again; it is the latest in the list.";
      } catch (error) {
        said.className = "note problem";
        said.textContent = error.message;
      }
      replay.disabled = false;
    });
    const check = element("input", { type: "checkbox", checked: secrets });
    check.addEventListener("change", () => { secrets = check.checked; drawDetail(); });
    const hadFocus = detail.contains(document.activeElement) && document.activeElement.type;
    detail.replaceChildren(
      element("div", { className: "heading" },
        element("h2", { className: "mono" }, `${whole.method} ${whole.target}`),
        chip(whole.status), replay,
        element("label", { className: "check" }, check, "Show credentials"),
        element("p", { className: "facts" }, `${new Date(whole.began).toLocaleString()} · ${duration(whole.took_ms)} · from ${whole.client} · through ${whole.tunnel}`),
        said),
      message("Request", whole.request),
      message("Response", whole.answer));
    if (hadFocus === "checkbox") check.focus();
  }

  filter.addEventListener("input", () => drawList(true));
  clear.addEventListener("click", async () => { await ask("/api/requests/http", { method: "DELETE" }); chosen = ""; });

  (async () => {
    let after = "";
    for (;;) {
      try {
        const news = await ask(`/inspect/changes${after}`);
        after = `?after=${news.revision}`;
        exchanges = news.exchanges;
        if (!chosen && exchanges.length > 0) chosen = exchanges[0].id;
        say("on", news.inspecting ? "live" : "not inspecting");
        drawList(news.inspecting);
        await drawDetail();
        if (!news.inspecting) await pause(5000);
      } catch {
        say("off", "the agent does not answer");
        after = "";
        await pause(1000);
      }
      // However much passes, there is time to look at it.
      await pause(150);
    }
  })();
}

function statusPage() {
  document.title = "Status – Gatewright agent";
  const page = element("div", { className: "status" });
  let shownAs = "";
  const ms = (nanoseconds) => (nanoseconds / 1e6).toFixed(1);

  function facts(now) {
    const pairs = [
      ["Session", now.status],
      ["Account", now.plan ? `${now.account} (${now.plan})` : now.account],
      ["Edge", now.edge],
      ["Region", now.region],
      ["Latency", now.latency_ms === null ? "" : `${now.latency_ms.toFixed(1)} ms`],
      ["Version", now.version],
    ].filter(([, value]) => value);
    return element("section", {}, element("h1", {}, "Agent"),
      element("dl", {}, ...pairs.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])));
  }

  function numbers(name, from) {
    const rate = (value) => value.toFixed(2);
    const cells = [from.count, from.gauge ?? "", rate(from.rate1), rate(from.rate5), rate(from.rate15), ms(from.p50), ms(from.p90), ms(from.p95), ms(from.p99)];
    return element("tr", {}, element("th", { scope: "row" }, name), ...cells.map((cell) => element("td", {}, String(cell))));
  }

  function tunnel(one) {
    const link = one.url && /^https?:/.test(one.url) ? element("a", { href: one.url, rel: "noreferrer" }, one.url) : one.url || one.labels;
    const heads = ["", "total", "open", "a second, 1 min", "5 min", "15 min", "p50 ms", "p90 ms", "p95 ms", "p99 ms"];
    return element("section", {},
      element("h2", {}, one.name),
      element("p", {}, link, " → ", element("span", { className: "mono" }, one.addr)),
      element("div", { className: "scroll", tabIndex: 0 }, element("table", { className: "numbers" },
        element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
        element("tbody", {}, numbers("Connections", one.metrics.conns), numbers("HTTP requests", one.metrics.http)))));
  }

  (async () => {
    main.replaceChildren(page);
    for (;;) {
      try {
        const now = await ask("/inspect/status");
        say(now.status === "online" ? "on" : "off", now.status);
        const text = JSON.stringify(now);
        if (text !== shownAs) {
          const tunnels = now.tunnels.length > 0 ? now.tunnels.map(tunnel) : [element("p", { className: "empty" }, "No tunnel is up.")];
          page.replaceChildren(facts(now), ...tunnels);
          shownAs = text;
        }
      } catch {
        say("off", "the agent does not answer");
      }
      await pause(1000);
    }
  })();
}

for (const link of document.querySelectorAll("nav a")) {
  if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
}
if (location.pathname === "/status") statusPage();
else requestsPage();
