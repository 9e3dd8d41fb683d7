"""The README's nginx, in front of two of our servers: what a visitor gets through it."""

from __future__ import annotations

import datetime
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
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.client import connect

from tests.conftest import Serve
from tests.running import ROOT, Process, free_port

HOST = "chat.localhost"
# The one thing that no Python wheel holds. `.ci/run` installs it, so this is tested there.
PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="nginx is not on this machine")
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


def certificate(folder: Path) -> ssl.SSLContext:
    """Writes chat.example.com.pem and .key; what trusts them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "chat.example.com.pem").write_bytes(public)
    (folder / "chat.example.com.key").write_bytes(private)
    return ssl.create_default_context(cadata=public.decode())


@dataclass
class Deployment:
    """Where it is reached, and by whom its certificate is trusted."""

    url: str
    port: int
    trust: ssl.SSLContext


@pytest.fixture
async def deployment(
    serve: Serve, postgres_url: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[Deployment]:
    assert PROGRAM
    port = free_port()
    url = f"https://{HOST}:{port}"
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

    [config] = re.findall(r"```nginx\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    trust = certificate(tmp_path)
    for told, here in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "127.0.0.1:8001": f"127.0.0.1:{first.port}",
        "127.0.0.1:8002": f"127.0.0.1:{second.port}",
        "chat.example.com;": f"{HOST};",
        "/etc/ssl/": f"{tmp_path}/",
    }.items():
        assert told in config
        config = config.replace(told, here)
    user = "user root;" if tmp_path.stat().st_uid == 0 else ""
    path = tmp_path / "nginx.conf"
    path.write_text(NGINX.format(folder=tmp_path, user=user, server=config))
    nginx = Process([PROGRAM, "-p", str(tmp_path), "-c", str(path)], {}, port)
    try:
        await nginx.start()
        yield Deployment(url, port, trust)
        for server in (first, second):
            for line in server.log.splitlines():
                assert json.loads(line)["level"] in ("INFO", "WARNING"), line
    finally:
        await nginx.kill()


async def test_a_visitor_chats_through_nginx(deployment: Deployment) -> None:
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

    for _ in range(4):  # nginx takes turns
        async with connect(
            f"wss://{HOST}:{deployment.port}/chatwidget/demo/ws/",
            host="127.0.0.1",
            origin=deployment.url,  # type: ignore[arg-type]
            ssl=deployment.trust,
        ) as socket:
            await socket.send(json.dumps({"type": "hello", "token": token}))
            said = {"type": "send", "id": str(uuid.uuid4()), "text": "Hello"}
            await socket.send(json.dumps(said))
            frames: list[dict[str, str]] = []
            while not frames or frames[-1]["type"] != "done":
                frames.append(json.loads(await socket.recv()))
        assert frames[-1]["status"] == "complete"
        assert len([frame for frame in frames if frame["type"] == "delta"]) > 5, "not buffered"
