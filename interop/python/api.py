"""An administrator's program makes, changes, lists and removes what the control API keeps."""

import ngrok
from exercise import exercise


async def play(scene):
    client = ngrok.Client(scene["api_key"], base_url=scene["api_url"])
    return {
        "credentials": credentials(client),
        "keys": keys(client, scene),
        "domains": domains(client, scene["domain"]),
        "backends": backends(client),
        "edges": edges(client, scene["hostport"]),
        "refusals": refusals(client, scene),
    }


def credentials(client):
    made = client.credentials.create(description="for CI", acl=["bind:*.ci.test"])
    listed = client.credentials.get(made.id)
    client.credentials.update(made.id, description="for nobody", acl=[])
    changed = client.credentials.get(made.id)
    client.credentials.delete(made.id)
    return {
        "token": len(made.token) > 32,
        # It is shown once.
        "later": listed.token,
        "acl": listed.acl,
        "changed": [changed.description, changed.acl],
        "gone": gone(client.credentials.get, made.id),
    }


def keys(client, scene):
    made = client.api_keys.create(description="another")
    other = ngrok.Client(made.token, base_url=scene["api_url"])
    works = made.id in [key.id for key in other.api_keys.list()]
    client.api_keys.delete(made.id)
    return {"works": works, "later": refused(lambda: list(other.api_keys.list()))}


def domains(client, domain):
    made = client.reserved_domains.create(domain=domain, description="ours")
    again = refused(lambda: client.reserved_domains.create(domain=domain))
    client.reserved_domains.delete(made.id)
    return {"domain": made.domain, "again": again, "gone": gone(client.reserved_domains.get, made.id)}


def backends(client):
    made = [client.backends.tunnel_group.create(labels={"n": str(n)}).id for n in range(5)]
    first = client.backends.tunnel_group.list(limit="2")
    # What comes page by page is everything, once.
    found = [backend.id for backend in first]
    for id in made:
        client.backends.tunnel_group.delete(id)
    return {
        "first": len(first.backends),
        "all": sorted(found) == sorted(made),
        "left": len(list(client.backends.tunnel_group.list())),
    }


def edges(client, hostport):
    made = client.edges.https.create(hostports=[hostport])
    taken = refused(lambda: client.edges.https.create(hostports=[hostport]))
    client.edges.https.update(made.id, metadata="changed")
    metadata = client.edges.https.get(made.id).metadata
    client.edges.https.delete(made.id)
    return {"hostports": made.hostports, "taken": taken, "metadata": metadata, "gone": gone(client.edges.https.get, made.id)}


def refusals(client, scene):
    stranger = ngrok.Client("of nobody", base_url=scene["api_url"])
    return {
        "stranger": refused(lambda: list(stranger.tunnels.list())),
        "unknown": refused(lambda: client.tunnel_sessions.stop("ts_unknown")),
    }


def refused(call):
    try:
        return f"done: {call()}"
    except ngrok.Error as error:
        return [error.http_status_code, error.error_code]


def gone(get, id):
    try:
        return f"there: {get(id)}"
    except ngrok.NotFoundError:
        return True


exercise("ngrok-api", play)
