// A program that embeds ngrok's SDK for Node.js. It does what it is asked, a line of JSON each on standard input, and
// says what came of it on standard output, and what happened meanwhile. When nobody can ask any more, it ends.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { require } from './exercise.mjs';

const CLIENT = '@ngrok/ngrok';
const ngrok = require(CLIENT);

/** Options are called as `forward` calls them; the builders have methods of their own for each. */
const OPTIONS = {
  allow_user_agent: each((builder, pattern) => builder.allowUserAgent(pattern)),
  app_protocol: (builder, protocol) => builder.appProtocol(protocol),
  basic_auth: each((builder, pair) => builder.basicAuth(...split(pair))),
  circuit_breaker: (builder, ratio) => builder.circuitBreaker(ratio),
  compression: (builder) => builder.compression(),
  deny_user_agent: each((builder, pattern) => builder.denyUserAgent(pattern)),
  domain: (builder, domain) => builder.domain(domain),
  forwards_to: (builder, text) => builder.forwardsTo(text),
  ip_restriction_allow_cidrs: each((builder, range) => builder.allowCidr(range)),
  ip_restriction_deny_cidrs: each((builder, range) => builder.denyCidr(range)),
  labels: each((builder, pair) => builder.label(...split(pair))),
  metadata: (builder, text) => builder.metadata(text),
  mutual_tls_cas: (builder, pem) => builder.mutualTlsca(Buffer.from(pem)),
  oidc_issuer_url: (builder, issuer, all) => builder.oidc(
    issuer,
    all.oidc_client_id,
    all.oidc_client_secret,
    all.oidc_allow_emails,
    all.oidc_allow_domains,
    all.oidc_scopes,
  ),
  policy: (builder, policy) => builder.policy(policy),
  pooling_enabled: (builder, enabled) => builder.poolingEnabled(enabled),
  proxy_proto: (builder, version) => builder.proxyProto(version),
  remote_addr: (builder, addr) => builder.remoteAddr(addr),
  request_header_add: each((builder, pair) => builder.requestHeader(...split(pair))),
  request_header_remove: each((builder, name) => builder.removeRequestHeader(name)),
  response_header_add: each((builder, pair) => builder.responseHeader(...split(pair))),
  response_header_remove: each((builder, name) => builder.removeResponseHeader(name)),
  schemes: each((builder, scheme) => builder.scheme(scheme)),
  tls_termination: (builder, { certificate, key }) =>
    builder.termination(Buffer.from(certificate), Buffer.from(key)),
  traffic_policy: (builder, policy) => builder.trafficPolicy(policy),
  verify_webhook_provider: (builder, provider, all) => builder.webhookVerification(provider, all.verify_webhook_secret),
  websocket_tcp_converter: (builder) => builder.websocketTcpConversion(),
};

/** What another option takes with it. */
const TAKEN = /^(oidc_(client_id|client_secret|allow_emails|allow_domains|scopes)|verify_webhook_secret)$/;

const ENDPOINTS = {
  http: (session) => session.httpEndpoint(),
  tcp: (session) => session.tcpEndpoint(),
  tls: (session) => session.tlsEndpoint(),
  labeled: (session) => session.labeledListener(),
};

const requests = [];
const listeners = new Map();
let session;

const DEEDS = {
  async connect({ session: { authtoken, server_addr, root_cas, metadata, heartbeat_interval, heartbeat_tolerance } }) {
    const builder = new ngrok.SessionBuilder().serverAddr(server_addr).rootCas(root_cas);
    if (authtoken !== undefined) builder.authtoken(authtoken);
    if (metadata !== undefined) builder.metadata(metadata);
    if (heartbeat_interval !== undefined) builder.heartbeatInterval(heartbeat_interval);
    if (heartbeat_tolerance !== undefined) builder.heartbeatTolerance(heartbeat_tolerance);
    builder
      .handleHeartbeat((latency) => tell({ event: 'heartbeat', latency }))
      .handleStopCommand(() => tell({ event: 'stop' }))
      .handleRestartCommand(() => tell({ event: 'restart' }))
      .handleUpdateCommand(({ version, permitMajorVersion }) => tell({ event: 'update', version, permitMajorVersion }))
      .handleDisconnection((addr, error) => {
        tell({ event: 'disconnection', addr, error });
        return true;
      });
    session = await builder.connect();
  },

  async listen({ proto, options, app }) {
    const builder = ENDPOINTS[proto](session);
    for (const [name, value] of Object.entries(options)) {
      if (!TAKEN.test(name)) OPTIONS[name](builder, value, options);
    }
    return kept(await (app === 'own' ? builder.listenAndServe(createServer(answer)) : builder.listenAndForward(app)));
  },

  /** The one call that does all. */
  async forward({ session, options, app }) {
    return kept(await ngrok.forward({ addr: app, ...session, ...options, force_new_session: true }));
  },

  async close({ id }) {
    await listeners.get(id).close();
  },

  /** The same by the URL. */
  async disconnect({ url }) {
    await ngrok.disconnect(url);
  },

  async 'close the session'() {
    await session.close();
  },

  async 'tell what was seen'() {
    return { requests };
  },
};

function kept(listener) {
  const id = listener.id();
  listeners.set(id, listener);
  return { id, url: listener.url(), proto: listener.proto(), metadata: listener.metadata(), labels: listener.labels() };
}

/** The app: it says what it was asked. */
function answer({ method, url, headers }, response) {
  const request = { method, url, headers };
  requests.push(request);
  response.setHeader('content-type', 'application/json').end(JSON.stringify(request));
}

function each(apply) {
  return (builder, values) => [values].flat().forEach((value) => apply(builder, value));
}

function split(pair) {
  const at = pair.indexOf(':');
  return [pair.slice(0, at), pair.slice(at + 1)];
}

function tell(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

tell({ client: CLIENT, version: require(`${CLIENT}/package.json`).version });
for await (const line of createInterface({ input: process.stdin })) {
  const { do: deed, ...what } = JSON.parse(line);
  const done = DEEDS[deed](what);
  tell(await done.then(
    (outcome = {}) => ({ done: outcome }),
    // Only some of its calls have the code apart from the message.
    ({ message, errorCode }) => ({
      refused: { message, code: errorCode ?? /error_code: (ERR_NGROK_\d+)$/.exec(message)?.[1] ?? '' },
    }),
  ));
}
process.exit();
