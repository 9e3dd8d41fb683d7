"""The proxies of docs/deployment.md, each in front of two of our servers."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.certificates import certificate
from tests.conftest import Serve
from tests.running import ROOT, Process, free_port

HOST = "chat.localhost"
PAGE = (ROOT / "docs" / "deployment.md").read_text()
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log stderr; {user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {server}
}}
"""
COOKIES = "; ".join(f"c{number}={'x' * 1000}" for number in range(12))  # of the whole domain


def program(name: str) -> str:
    """What no Python wheel holds. `.ci/run` installs it, so all are tested there."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is not on this machine")
    return found


def told(text: str, language: str, here: dict[str, str]) -> str:
    """The block that the page has for this proxy, with the places of this test in it."""
    [config] = re.findall(rf"```{language}\n(.*?)```", text, re.S)
    for theirs, ours in here.items():
        assert theirs in config, theirs
        config = config.replace(theirs, ours)
    return str(config)


def nginx(folder: Path, port: int, first: int, second: int) -> list[str]:
    here = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "127.0.0.1:8001": f"127.0.0.1:{first}",
        "127.0.0.1:8002": f"127.0.0.1:{second}",
        "chat.example.com;": f"{HOST};",
        "/etc/ssl/": f"{folder}/",
    }
    user = "user root;" if folder.stat().st_uid == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(NGINX.format(folder=folder, user=user, server=told(PAGE, "nginx", here)))
    return [program("nginx"), "-p", str(folder), "-c", str(path)]


def caddy(folder: Path, port: int, first: int, second: int) -> list[str]:
    pair = f"{folder}/chat.example.com.pem {folder}/chat.example.com.key"
    here = {
        "chat.example.com {": f"https://{HOST}:{port} {{\n bind 127.0.0.1\n tls {pair}",
        "127.0.0.1:8001": f"127.0.0.1:{first}",
        "127.0.0.1:8002": f"127.0.0.1:{second}",
    }
    path = folder / "Caddyfile"
    start = "{\n admin off\n auto_https disable_redirects\n}\n"
    path.write_text(start + told(PAGE, "caddy", here))
    return [program("caddy"), "run", "--config", str(path), "--adapter", "caddyfile"]


def haproxy(folder: Path, port: int, first: int, second: int) -> list[str]:
    both = folder / "chat.example.com.both.pem"
    parts = (folder / f"chat.example.com.{kind}" for kind in ("pem", "key"))
    both.write_text("".join(part.read_text() for part in parts))
    here = {
        "bind :443": f"bind 127.0.0.1:{port}",
        "/etc/ssl/": f"{folder}/",
        "127.0.0.1:8001": f"127.0.0.1:{first}",
        "127.0.0.1:8002": f"127.0.0.1:{second}",
    }
    path = folder / "haproxy.cfg"
    path.write_text(told(PAGE, "haproxy", here))
    return [program("haproxy"), "-db", "-f", str(path)]


def apache(folder: Path, port: int, first: int, second: int) -> list[str]:
    here = {
        "*:443": f"127.0.0.1:{port}",
        "ServerName chat.example.com": f"ServerName {HOST}",
        "/etc/ssl/": f"{folder}/",
        "127.0.0.1:8001": f"127.0.0.1:{first}",
    }
    modules = "mpm_event authz_core socache_shmcb ssl headers proxy proxy_http"
    loads = "".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
        for name in modules.split()
    )
    path = folder / "apache.conf"
    path.write_text(
        f"{loads}ServerRoot {folder}\nServerName {HOST}\nPidFile {folder}/apache.pid\n"
        f"Mutex posixsem\nListen 127.0.0.1:{port}\nErrorLog /dev/stderr\n"
        f"{'User nobody' if folder.stat().st_uid == 0 else ''}\n{told(PAGE, 'apache', here)}"
    )
    return [program("apache2"), "-D", "FOREGROUND", "-f", str(path)]


def varnish(folder: Path, port: int, first: int, second: int) -> list[str]:
    here = {f'"{theirs}"': f'"{ours}"' for theirs, ours in ((8001, first), (8002, second))}
    path = folder / "varnish.vcl"
    path.write_text(told(PAGE, "vcl", here))
    [options] = re.findall(r"^varnishd (.*)$", PAGE, re.M)
    listening, script = "127.0.0.1:6081", "/etc/varnish/chatwidget.vcl"
    assert listening in options and script in options
    options = options.replace(listening, f"127.0.0.1:{port}").replace(script, str(path))
    # As nobody else: it would become a user of its own.
    ours = ["-F", "-j", "none", "-n", str(folder / "varnish"), "-T", "none"]
    return [program("varnishd"), *ours, *options.split()]


PROXIES = {each.__name__: each for each in (nginx, caddy, haproxy, apache, varnish)}


@dataclass
class Deployment:
    """Where it is reached, and by whom its certificate is trusted."""

    url: str
    port: int
    trust: ssl.SSLContext


@pytest.fixture(params=PROXIES)
async def deployment(
    request: pytest.FixtureRequest, serve: Serve, postgres_url: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[Deployment]:
    port = free_port()
    url = f"https://{HOST}:{port}"
    trust = certificate(tmp_path, HOST)
    PROXIES[request.param](tmp_path, port, 1, 2)  # skips where there is no such program
    variables = {
        "DEBUG": "false",
        "ALLOWED_HOSTS": f"{HOST},127.0.0.1",
        "HTTPS_ONLY": "true",
        "TRUSTED_PROXIES": "127.0.0.1",
        "REDIS_URL": redis_url,
        "LOG_FORMAT": "json",
    }
    first = await serve(variables, "daphne", postgres_url)
    second = await serve(variables, "uvicorn", postgres_url)
    ports = first.port, second.port
    proxies: list[Process] = []
    if request.param == "varnish":  # it speaks no TLS, so nginx stands in front
        inner = free_port()
        proxies.append(Process(varnish(tmp_path, inner, *ports), {}, inner))
        ports = inner, inner
    front = nginx if proxies else PROXIES[request.param]
    # Caddy writes a file or two of its own.
    own = {"XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    proxies.append(Process(front(tmp_path, port, *ports), own, port))
    try:
        for proxy in proxies:
            await proxy.start()
        yield Deployment(url, port, trust)
        for server in (first, second):
            for line in server.log.splitlines():
                assert json.loads(line)["level"] in ("INFO", "WARNING"), line
    finally:
        for proxy in proxies:
            await proxy.kill()


async def test_a_visitor_chats_through_it(deployment: Deployment) -> None:
    here = {"Host": f"{HOST}:{deployment.port}"}
    async with httpx.AsyncClient(verify=deployment.trust, timeout=30) as client:

        async def get(path: str) -> httpx.Response:
            # The name need not resolve: the address is dialled, the name is what TLS and HTTP see.
            return await client.get(
                f"https://127.0.0.1:{deployment.port}{path}",
                headers=here,
                extensions={"sni_hostname": HOST},
            )

        shop = await get("/")
        assert f"src=&quot;{deployment.url}" in shop.text.replace('"', "&quot;")
        assert "max-age" in shop.headers["Strict-Transport-Security"]
        assert (await get("/chatwidget/demo.js")).status_code == 200
        frame = await get("/chatwidget/demo/")
        policy = frame.headers["Content-Security-Policy"]
        assert f"wss://{HOST}:{deployment.port}" in policy
        # One of them answers with another server's token: any worker takes any visitor.
        token = (await get("/chatwidget/demo/token/")).json()["token"]
        assert (await get("/chatwidget/demo/ws/")).status_code == 426

    for _ in range(4):  # they take turns
        async with connect(
            f"wss://{HOST}:{deployment.port}/chatwidget/demo/ws/",
            host="127.0.0.1",
            origin=deployment.url,  # type: ignore[arg-type]
            ssl=deployment.trust,
            additional_headers={"Cookie": COOKIES},
        ) as socket:
            await socket.send(json.dumps({"type": "hello", "token": token}))
            said = {"type": "send", "id": str(uuid.uuid4()), "text": "Hello"}
            await socket.send(json.dumps(said))
            frames: list[dict[str, str]] = []
            while not frames or frames[-1]["type"] != "done":
                frames.append(json.loads(await socket.recv()))
        assert frames[-1]["status"] == "complete"
        assert len([frame for frame in frames if frame["type"] == "delta"]) > 5, "not buffered"
