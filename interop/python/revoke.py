"""An administrator's program looks at who is signed in at an endpoint, and shows them out."""

import ngrok
from exercise import exercise


async def play(scene):
    client = ngrok.Client(scene["api_key"], base_url=scene["api_url"])
    users = list(client.application_users.list())
    sessions = list(client.application_sessions.list())
    for session in sessions:
        client.application_sessions.delete(session.id)
    return {
        "users": [user.email for user in users],
        "sessions": [[session.public_url, session.application_user.id == users[0].id] for session in sessions],
        "left": len(list(client.application_sessions.list())),
    }


exercise("ngrok-api", play)
