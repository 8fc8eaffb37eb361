// A person's browser, as far as signing in needs one: cookies, redirects, forms. No scripts are run.

const MOST_PAGES = 12;

export class Browser {
  /** By host, then by name. */
  #cookies = new Map();

  /** Goes to `url` and wherever that leads, until a page comes or a redirect to what `stops` accepts, which isn't followed. */
  async open(url, { stops = () => false, ...request } = {}) {
    for (let hops = 0; hops < MOST_PAGES; hops += 1) {
      const response = await this.#send(url, request);
      const location = response.headers.get('location');
      if (location === null) return { url, status: response.status, text: await response.text() };
      await response.body?.cancel();
      url = new URL(location, url).href;
      if (stops(url)) return { url, status: response.status, text: '' };
      request = {};
    }
    throw new Error(`no page came after ${MOST_PAGES} redirects, the last of them to ${url}`);
  }

  /** Opens `url` and fills in the sign-in forms that come, until a page comes without one, or what `stops` accepts. */
  async signIn(url, person, options = {}) {
    let page = await this.open(url, options);
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const form = signInForm(page, person);
      if (form === undefined) return page;
      page = await this.open(form.action, { ...options, ...form.request });
    }
    throw new Error(`the sign-in page at ${page.url} came again and again`);
  }

  async #send(url, { method = 'GET', headers = {}, body } = {}) {
    const { host, origin } = new URL(url);
    const known = this.#cookies.get(host) ?? new Map();
    this.#cookies.set(host, known);
    const cookie = [...known].map(([name, value]) => `${name}=${value}`).join('; ');
    const sent = { accept: 'text/html', ...(method === 'POST' && { origin }), ...(cookie && { cookie }), ...headers };
    const response = await fetch(url, { method, headers: sent, body, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/;\s*max-age=0/i.test(line)) known.delete(name);
      else known.set(name, value);
    }
    return response;
  }
}

/** The form in which the page asks who somebody is, filled in. */
function signInForm({ url, text }, person) {
  const alert = /role="alert"[^>]*>([^<]*)</.exec(text);
  if (alert) throw new Error(`the page at ${url} says: ${alert[1]}`);
  const forms = text.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs);
  for (const [, tag, content] of forms) {
    const fields = [...content.matchAll(/<input\b([^>]*)>/g)].map(([, input]) => attributes(input));
    const names = fields.map(({ name }) => name);
    if (!names.includes('username') && !names.includes('password')) continue;
    const answers = { username: person.login, password: person.password };
    const body = new URLSearchParams();
    for (const { name, value = '' } of fields) body.append(name, answers[name] ?? value);
    return { action: new URL(attributes(tag).action ?? '', url).href, request: { method: 'POST', body } };
  }
}

function attributes(tag) {
  const pairs = tag.matchAll(/([a-z-]+)="([^"]*)"/g);
  return Object.fromEntries([...pairs].map(([, name, value]) => [name, decoded(value)]));
}

function decoded(text) {
  const named = { amp: '&', lt: '<', gt: '>', quot: '"' };
  return text.replace(/&(?:#(\d+)|([a-z]+));/g, (_, code, name) => named[name] ?? String.fromCodePoint(code));
}
