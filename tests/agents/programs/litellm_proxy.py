"""litellm's proxy before the bare server, which it starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

port = int(sys.argv[1])
upstream = f"http://127.0.0.1:{port + 1}/v1"
uvicorn = [sys.executable, "-m", "uvicorn", "openai_app:app", "--port", str(port + 1)]
# `lm_studio`: chat completions alone, of which it makes Responses and Messages itself.
parameters = {"model": "lm_studio/echo", "api_base": upstream, "api_key": "x"}
config = {
    "model_list": [
        {"model_name": "echo", "litellm_params": parameters},
        {"model_name": "patient", "litellm_params": {**parameters, "num_retries": 2}},
    ],
    "general_settings": {"master_key": "agent-key"},
    "litellm_settings": {"num_retries": 0},
}
path = Path(os.environ["STOPPED"]).parent / "litellm.json"
path.write_text(json.dumps(config))
litellm = [str(Path(sys.executable).parent / "litellm"), "--config", str(path)]
bare = subprocess.Popen(uvicorn, cwd=Path(__file__).parent)
try:
    subprocess.run([*litellm, "--host", "127.0.0.1", "--port", str(port)], check=False)
finally:
    bare.terminate()
