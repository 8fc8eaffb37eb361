// What a page's own script does on the network, as a function of one request.
async (request) => {
  const url = request.url === undefined ? undefined : new URL(request.url, document.baseURI).href;

  // Where the page keeps the end of the WebSocket that it holds open.
  const HELD = Symbol.for("gatewright.held");

  const fetched = async (body) => {
    const { method, headers } = request;
    try {
      const answer = await fetch(url, { method, headers, body });
      const text = new TextDecoder().decode((await answer.arrayBuffer()).slice(0, 1024 * 1024));
      return { url, answer: { status: answer.status, headers: [...answer.headers], body: text, url: answer.url } };
    } catch (error) {
      return { url, failed: String(error) };
    }
  };

  const OPERATIONS = {
    fetch: () => fetched(request.body ?? undefined),

    upload: () => {
      const chunk = new Uint8Array(1024 * 1024).map((_, place) => place % 251);
      return fetched(new Blob(Array(request.mebibytes).fill(chunk), { type: "application/octet-stream" }));
    },

    talk: () => new Promise((resolve) => {
      const heard = [];
      const socket = new WebSocket(url, request.protocols);
      let opened = false;
      const done = (closed) => resolve({ url, opened, protocol: socket.protocol, heard, closed });
      socket.onopen = () => {
        opened = true;
        request.say.forEach((message) => socket.send(message));
        if (request.hear === 0) socket.close();
      };
      socket.onmessage = async ({ data }) => {
        const text = typeof data === "string" ? data : await new Response(data).text();
        heard.push(text.slice(0, 1024 * 1024));
        if (heard.length === request.hear) {
          socket.onclose = null;
          socket.close();
          done(null);
        }
      };
      socket.onclose = ({ code, reason }) => done(request.hear === 0 && opened ? null : [code, reason]);
    }),

    hold: () => new Promise((resolve) => {
      const socket = new WebSocket(url);
      const done = (opened, closed) => resolve({ url, opened, protocol: socket.protocol, heard: [], closed });
      globalThis[HELD] = new Promise((end) => {
        socket.onclose = ({ code, reason }) => {
          end([code, reason]);
          done(false, [code, reason]);
        };
      });
      socket.onopen = () => done(true, null);
    }),

    lose: () => globalThis[HELD] ?? null,

    credential: () => navigator.credentials.get({
      publicKey: { challenge: new Uint8Array(32), rpId: request.party, userVerification: "discouraged", timeout: 1000 },
    }).then(() => null, (error) => error.name),

    stream: () => new Promise((resolve) => {
      const events = [];
      const source = new EventSource(url);
      const done = (complete) => {
        source.close();
        resolve({ url, events, complete });
      };
      const take = ({ type, data, lastEventId }) => {
        if (events.length < request.count) events.push({ event: type, data, id: lastEventId });
        if (events.length === request.count) done(true);
      };
      for (const type of new Set(["message", ...request.types])) source.addEventListener(type, take);
      source.onopen = () => request.count === 0 && done(true);
      // While it tries again by itself, it is not over.
      source.onerror = () => source.readyState === EventSource.CLOSED && done(false);
    }),
  };

  return await OPERATIONS[request.operation]();
}
