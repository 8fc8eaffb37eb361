"""An administrator's program makes people and an application by Okta's SDK, and reads all that back."""

from okta.client import Client
from okta.models import (
    AppUserAssignRequest,
    CreateUserRequest,
    OpenIdConnectApplication,
    PasswordCredential,
    UserCredentialsWritable,
    UserProfile,
)
from okta.pagination import PaginationHelper

from exercise import asking, exercise

INTRANET = {
    "name": "oidc_client",
    "label": "Intranet",
    "signOnMode": "OPENID_CONNECT",
    "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
    "settings": {
        "oauthClient": {
            "application_type": "web",
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "redirect_uris": ["https://intranet.test/callback"],
        }
    },
}


async def play(scene):
    # How long a call may wait for a rate limit to end; Okta's are a minute long.
    async with Client({"orgUrl": scene["issuer"], "token": scene["api_token"], "requestTimeout": 5}) as client:
        return {
            "people": await people(client),
            "app": await app(client, scene["person"]["id"]),
        }


async def people(client):
    made = [await created(client, name) for name in ["Ada", "Ben", "Cleo", "Dan", "Eve"]]
    found, pages = await listed(client, 'profile.lastName eq "Page"')
    await asking(client.suspend_user(made[0].id))
    first, _ = await asking(client.get_user(made[0].profile.login))
    _, _, unknown = await client.get_user("00uNobody")
    return {
        "made": sorted(user.id for user in made),
        "found": sorted(user.id for user in found),
        "pages": pages,
        "suspended": first.status,
        "unknown": {"status": unknown.status, "code": unknown.error_code, "summary": unknown.error_summary},
    }


async def created(client, name):
    login = f"{name.lower()}@pages.test"
    profile = UserProfile(firstName=name, lastName="Page", email=login, login=login)
    credentials = UserCredentialsWritable(password=PasswordCredential(value="Correct-horse-5"))
    user, _ = await asking(client.create_user(CreateUserRequest(profile=profile, credentials=credentials), activate=True))
    return user


async def listed(client, search):
    """Who is found, and in how many pages."""
    found, pages, after = [], 0, None
    while pages == 0 or after is not None:
        page, response = await asking(client.list_users(search=search, limit=2, after=after))
        found += page
        pages += 1
        after = PaginationHelper.extract_next_cursor(response.headers)
    return found, pages


async def app(client, person):
    made, _ = await asking(client.create_application(OpenIdConnectApplication.from_dict(INTRANET)))
    assigned, _ = await asking(client.assign_user_to_application(made.id, AppUserAssignRequest(id=person)))
    users, _ = await asking(client.list_application_users(made.id))
    await asking(client.deactivate_application(made.id))
    same, _ = await asking(client.get_application(made.id))
    events, _ = await asking(client.list_log_events(filter=f'target.id eq "{made.id}"'))
    credentials = made.credentials.oauth_client
    return {
        "id": made.id,
        "status": made.status,
        "client_id": credentials.client_id,
        "secret_length": len(credentials.client_secret),
        "assigned": {"id": assigned.id, "scope": assigned.scope},
        "users": [user.id for user in users],
        "deactivated": same.status,
        "events": [f"{event.event_type} {event.outcome.result}" for event in events],
    }


exercise("okta", play)
