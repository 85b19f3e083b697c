"""`hf:ORG/REPO` against a hub on loopback that answers what huggingface_hub asks of the real one."""

import functools
import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import textwrap
import threading

import pytest

from flan_jax.checkpoints.weights import MODEL_FILE, WEIGHTS_FILE
from flan_jax.interop.importing import import_weights

REPO = "someone/gpt2_tiny"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
FOLDER = pathlib.Path(__file__).parent / "data" / "gpt2_tiny"


class Hub(http.server.BaseHTTPRequestHandler):
    """A hub with one repository, at one commit."""

    asked: list[str]

    def __init__(self, *args, asked: list[str]):
        self.asked = asked
        super().__init__(*args)

    def do_HEAD(self):
        self._answer(with_body=False)

    def do_GET(self):
        self._answer(with_body=True)

    def log_message(self, *args):
        """Says nothing."""

    def _answer(self, with_body: bool) -> None:
        self.asked.append(self.path)
        if self.path.startswith(f"/api/models/{REPO}/tree/"):
            files = [
                {"type": "file", "path": p.name, "size": p.stat().st_size, "oid": self._etag(p.read_bytes())}
                for p in sorted(FOLDER.iterdir())
            ]
            self._send(200, json.dumps(files).encode(), with_body)
        elif self.path.startswith(f"/api/models/{REPO}"):
            siblings = [{"rfilename": p.name} for p in sorted(FOLDER.iterdir())]
            self._send(200, json.dumps({"id": REPO, "sha": COMMIT, "siblings": siblings}).encode(), with_body)
        elif self.path.startswith(f"/{REPO}/resolve/"):
            self._send(200, (FOLDER / self.path.rpartition("/")[2]).read_bytes(), with_body)
        else:
            self._send(404, b"", with_body, {"X-Error-Code": "RepoNotFound"})

    def _send(self, status: int, body: bytes, with_body: bool, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        told = {"ETag": f'"{self._etag(body)}"', "X-Repo-Commit": COMMIT, "Content-Length": str(len(body))}
        for name, value in {**told, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    @staticmethod
    def _etag(content: bytes) -> str:
        return hashlib.sha1(content).hexdigest()


@pytest.fixture
def hub():
    """(its address, paths that were asked of it)"""
    asked: list[str] = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Hub, asked=asked))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


PROGRAM = textwrap.dedent("""
    import pathlib, sys
    from flan_jax.core.errors import CheckpointError
    from flan_jax.interop.importing import import_weights

    import_weights("hf:someone/gpt2_tiny", pathlib.Path(sys.argv[1]), certify=False)
    try:
        import_weights("hf:someone/else", pathlib.Path(sys.argv[1] + "_too"), certify=False)
    except CheckpointError as error:
        print(error)
""")


def test_a_repository_of_the_hub_is_the_folder_that_it_holds(hub, tmp_path):
    address, asked = hub
    environment = {**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hub"), "NO_PROXY": "127.0.0.1"}
    program = [sys.executable, "-c", PROGRAM, str(tmp_path / "fetched")]
    done = subprocess.run(program, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == f"{address} has no someone/else, or it is private: check the name, or set HF_TOKEN\n"

    import_weights(f"hf:{FOLDER}", tmp_path / "local", certify=False)
    for name in (MODEL_FILE, WEIGHTS_FILE):
        assert (tmp_path / "fetched" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()
    assert f"/{REPO}/resolve/{COMMIT}/model.safetensors" in asked
    assert not [path for path in asked if path.endswith("reference.npz")]  # what a model does not need stays there
