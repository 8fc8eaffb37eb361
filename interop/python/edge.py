"""An administrator's program makes an Edge behind Okta by ngrok's client for its control API."""

import ngrok
from exercise import exercise
from ngrok.datatypes import EndpointBackendMutate, EndpointOIDC


async def play(scene):
    client = ngrok.Client(scene["api_key"], base_url=scene["api_url"])
    backend = client.backends.tunnel_group.create(labels=scene["labels"], description="the app's agents")
    edge = client.edges.https.create(hostports=[scene["hostport"]], metadata="of the Edge")
    serves = EndpointBackendMutate(client, {"enabled": True, "backend_id": backend.id})
    route = client.edges.https_routes.create(edge.id, "path_prefix", "/", backend=serves)
    oidc = client.edge_modules.https_edge_route_oidc
    oidc.replace(edge.id, route.id, EndpointOIDC(client, {"enabled": True, **scene["oidc"]}))
    made = client.edges.https.get(edge.id)
    return {
        "id": made.id,
        "hostports": made.hostports,
        "metadata": made.metadata,
        "backend": made.routes[0].backend.backend.id == backend.id,
        "scopes": oidc.get(edge.id, route.id).scopes,
        "issuer": made.routes[0].oidc.issuer,
    }


exercise("ngrok-api", play)
