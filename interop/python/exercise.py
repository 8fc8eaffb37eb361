"""One exercise: the scene comes on standard input, the outcome goes to standard output, a JSON document each."""

import asyncio
import json
import sys
from importlib.metadata import version

import loopback


class Refusal(Exception):
    """What the client said when it refused."""


def exercise(client, play):
    """Plays an exercise of one client. Its outcome is what `play` has seen, or what the client said when it refused.

    Whatever else goes wrong ends this process with a failure.
    """
    loopback.answer_here()
    scene = json.load(sys.stdin)
    try:
        outcome = {"seen": asyncio.run(play(scene))}
    except Refusal as refusal:
        outcome = {"refused": said(refusal.__cause__)}
    json.dump({"client": client, "version": version(client), **outcome}, sys.stdout)


def said(error):
    """An error as the outcome says it."""
    return {"name": type(error).__name__, "message": str(error)}


async def asking(call):
    """The answer to a call of Okta's SDK, which gives data, response and error; an error is the client's refusal."""
    try:
        data, response, error = await call
    except Exception as error:
        raise Refusal from error
    if error is not None:
        raise Refusal from error if isinstance(error, Exception) else RuntimeError(str(error))
    return data, response
