"""A program that embeds ngrok's SDK for Python.

It does what it is asked, a line of JSON each on standard input, and says what came of it on standard output, and what
happened meanwhile. When nobody can ask any more, it ends.
"""

import asyncio
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from threading import Lock, Thread

import loopback
import ngrok

CLIENT = "ngrok"


def each(apply):
    def apply_all(builder, values, _):
        for value in values if isinstance(values, list) else [values]:
            apply(builder, value)

    return apply_all


def oidc(builder, issuer, options):
    names = ["client_id", "client_secret", "allow_emails", "allow_domains", "scopes"]
    builder.oidc(issuer, *(options.get(f"oidc_{name}") for name in names))


def webhook(builder, provider, options):
    builder.webhook_verification(provider, options["verify_webhook_secret"])


def termination(builder, pair, _):
    builder.termination(bytearray(pair["certificate"], "ascii"), bytearray(pair["key"], "ascii"))


# Options are called as `forward` calls them; the builders have methods of their own for each.
OPTIONS = {
    "allow_user_agent": each(lambda builder, pattern: builder.allow_user_agent(pattern)),
    "app_protocol": lambda builder, protocol, _: builder.app_protocol(protocol),
    "basic_auth": each(lambda builder, pair: builder.basic_auth(*pair.split(":", 1))),
    "circuit_breaker": lambda builder, ratio, _: builder.circuit_breaker(ratio),
    "compression": lambda builder, _, __: builder.compression(),
    "deny_user_agent": each(lambda builder, pattern: builder.deny_user_agent(pattern)),
    "domain": lambda builder, domain, _: builder.domain(domain),
    "forwards_to": lambda builder, text, _: builder.forwards_to(text),
    "ip_restriction_allow_cidrs": each(lambda builder, range: builder.allow_cidr(range)),
    "ip_restriction_deny_cidrs": each(lambda builder, range: builder.deny_cidr(range)),
    "labels": each(lambda builder, pair: builder.label(*pair.split(":", 1))),
    "metadata": lambda builder, text, _: builder.metadata(text),
    "mutual_tls_cas": lambda builder, pem, _: builder.mutual_tlsca(bytearray(pem, "ascii")),
    "oidc_issuer_url": oidc,
    "policy": lambda builder, policy, _: builder.policy(policy),
    "proxy_proto": lambda builder, number, _: builder.proxy_proto(number),
    "remote_addr": lambda builder, addr, _: builder.remote_addr(addr),
    "request_header_add": each(lambda builder, pair: builder.request_header(*pair.split(":", 1))),
    "request_header_remove": each(lambda builder, name: builder.remove_request_header(name)),
    "response_header_add": each(lambda builder, pair: builder.response_header(*pair.split(":", 1))),
    "response_header_remove": each(lambda builder, name: builder.remove_response_header(name)),
    "schemes": each(lambda builder, scheme: builder.scheme(scheme)),
    "tls_termination": termination,
    "traffic_policy": lambda builder, policy, _: builder.traffic_policy(policy),
    "verify_webhook_provider": webhook,
    "websocket_tcp_converter": lambda builder, _, __: builder.websocket_tcp_conversion(),
}

# What another option takes with it.
TAKEN = {f"oidc_{name}" for name in ["client_id", "client_secret", "allow_emails", "allow_domains", "scopes"]}
TAKEN.add("verify_webhook_secret")

ENDPOINTS = {
    "http": lambda session: session.http_endpoint(),
    "tcp": lambda session: session.tcp_endpoint(),
    "tls": lambda session: session.tls_endpoint(),
    "labeled": lambda session: session.labeled_listener(),
}


class Agent:
    def __init__(self):
        self.session = None
        self.listeners = {}
        self.requests = []

    async def connect(self, session):
        builder = ngrok.SessionBuilder()
        for name, value in session.items():
            builder = getattr(builder, name)(value)
        builder.handle_heartbeat(lambda latency: tell(event="heartbeat", latency=latency))
        builder.handle_stop_command(lambda: tell(event="stop"))
        builder.handle_restart_command(lambda: tell(event="restart"))
        builder.handle_update_command(
            lambda version, permit_major: tell(event="update", version=version, permitMajorVersion=permit_major)
        )
        builder.handle_disconnection(lambda addr, error: tell(event="disconnection", addr=addr, error=error) or True)
        self.session = await builder.connect()

    async def listen(self, proto, app, options):
        builder = ENDPOINTS[proto](self.session)
        for name, value in options.items():
            if name not in TAKEN:
                OPTIONS[name](builder, value, options)
        if app != "own":
            return self.kept(await builder.listen_and_forward(app))
        return self.kept(await builder.listen_and_serve(self.app()))

    async def forward(self, session, options, app):
        """The one call that does all."""
        return self.kept(await ngrok.forward(app, **session, **options, force_new_session=True))

    async def close(self, id):
        await self.listeners[id].close()

    async def disconnect(self, url):
        """The same by the URL."""
        await ngrok.async_disconnect(url)

    async def close_the_session(self):
        await self.session.close()

    async def tell_what_was_seen(self):
        return {"requests": self.requests}

    def kept(self, listener):
        self.listeners[listener.id()] = listener
        names = ["id", "url", "proto", "metadata", "labels"]
        return {name: getattr(listener, name)() for name in names}

    def app(self):
        """It says what it was asked."""
        requests = self.requests

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = {"method": self.command, "url": self.path, "headers": headers}
                requests.append(request)
                body = json.dumps(request).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, daemon=True).start()
        return server


TELLING = Lock()


def tell(**what):
    """The SDK calls its handlers in threads of its own."""
    with TELLING:
        print(json.dumps(what), flush=True)


async def main():
    loopback.answer_here()
    agent = Agent()
    tell(client=CLIENT, version=version(CLIENT))
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        deed = getattr(agent, asked.pop("do").replace(" ", "_"))
        try:
            tell(done=await deed(**asked) or {})
        except ValueError as error:
            # What failed, why, and ngrok's code.
            code = error.args[2] if len(error.args) > 2 else ""
            tell(refused={"message": ": ".join(map(str, error.args[:2])), "code": code})
    # Threads of the SDK would hold the process.
    sys.stdout.flush()
    os._exit(0)


asyncio.run(main())
