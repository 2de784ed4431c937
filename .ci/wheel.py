#!/usr/bin/env python3
"""Installs a wheel of the program into a fresh virtual environment and uses it from Python.

Usage: wheel.py WHEEL. No registry is asked: what the wheel does not carry is missing here too.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def main(wheel):
    with tempfile.TemporaryDirectory() as directory:
        venv = Path(directory) / "venv"
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        pip = [venv / "bin/pip", "install", "--quiet", "--no-index", "--disable-pip-version-check"]
        subprocess.run([*pip, wheel], check=True)
        program = venv / "bin/comfycontrol"
        version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
        assert version.stdout.split()[1] in Path(wheel).name, version.stdout

        # The API on this machine, for one call and for a minute at most.
        emulator = subprocess.Popen(
            [program, "emulator", "--json", "--for", "60", "--token", "wheel"],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            # One address or token a line.
            started = {}
            while "token" not in started:
                started.update(json.loads(emulator.stdout.readline()))
            said = subprocess.run(
                [program, "--base-url", started["http"], "--json", "whoami"],
                check=True,
                capture_output=True,
                text=True,
                env={**os.environ, "COMFYCONTROL_TOKEN": started["token"]},
            )
            user = json.loads(said.stdout)
            assert user["id"], user
        finally:
            emulator.terminate()
            emulator.wait()
    print(f"{version.stdout.strip()}: installed and used from {Path(wheel).name}")


if __name__ == "__main__":
    main(sys.argv[1])
