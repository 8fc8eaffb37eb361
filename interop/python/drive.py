"""A program drives a command by pyngrok, which takes it for ngrok's."""

import ssl
import urllib.error
import urllib.request

from exercise import exercise
from pyngrok import conf, ngrok
from pyngrok.exception import PyngrokNgrokError


async def play(scene):
    return {name: driven(scene, config) for name, config in scene["configs"].items()}


def driven(scene, config):
    """With a configuration file of this version."""
    version = config["version"]
    settings = {"ngrok_path": scene["command"], "config_path": config["path"], "config_version": version}
    pyngrok = conf.PyngrokConfig(auth_token=scene["authtoken"], **settings)
    chosen = {"domain": scene["domain"]} if version == "2" else {"url": f"https://{scene['domain']}"}
    tunnel = ngrok.connect(scene["upstream"], pyngrok_config=pyngrok, name="app", **chosen)
    answer = fetched(tunnel.public_url)
    tunnel.refresh_metrics()
    listed = [found.public_url for found in ngrok.get_tunnels(pyngrok)]
    process = ngrok.get_ngrok_process(pyngrok)
    ngrok.disconnect(tunnel.public_url, pyngrok)
    seen = {
        "url": tunnel.public_url,
        "answer": answer,
        "requests": tunnel.metrics["http"]["count"],
        "listed": listed,
        "alive": process.healthy(),
        "disconnected": fetched(tunnel.public_url),
        "left": len(ngrok.get_tunnels(pyngrok)),
    }
    ngrok.kill(pyngrok)
    seen["killed"] = process.proc.poll() is not None
    seen["stranger"] = refused(conf.PyngrokConfig(auth_token="abc", **settings))
    return seen


def refused(pyngrok):
    try:
        return f"started: {ngrok.get_ngrok_process(pyngrok)}"
    except PyngrokNgrokError as error:
        return "ERR_NGROK_105" in str(error.ngrok_error)


def fetched(url):
    """What somebody gets who opens the URL."""
    request = urllib.request.Request(url)
    try:
        with urllib.request.urlopen(request, timeout=10, context=ssl.create_default_context()) as response:
            return response.read().decode()
    except urllib.error.HTTPError as error:
        return [error.code, error.headers["ngrok-error-code"]]


exercise("pyngrok", play)
