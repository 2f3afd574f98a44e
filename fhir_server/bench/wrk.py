"""Drive GET requests with wrk, and read its figures.

https://github.com/wg/wrk
"""

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from fhir_server.bench.workload import Measurement, Target, WrongAnswerError

CONNECTIONS = 16
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}

_SCRIPT = """
local paths = {}
for line in io.lines("%(paths)s") do paths[#paths + 1] = line end
local headers = { ["Authorization"] = %(bearer)s }
local n = 0
function init(args) math.randomseed(7) end
function request()
  n = n + 1
  return wrk.format("GET", paths[math.random(#paths)], headers)
end
"""
_POSTS = """
local bodies = {}
for line in io.lines("%(bodies)s") do bodies[#bodies + 1] = line end
local headers = { ["Authorization"] = %(bearer)s, ["Content-Type"] = "application/fhir+json" }
function init(args) math.randomseed(7) end
function request()
  return wrk.format("POST", "%(path)s", headers, bodies[math.random(#bodies)])
end
"""


def drive(target: Target, paths: Sequence[str], token: str) -> Measurement:
    """Return what wrk measured over random `paths`.

    Raises:
        WrongAnswerError: An answer was not 2xx.
    """
    listing, script = target.workdir / "paths.txt", target.workdir / "requests.lua"
    listing.write_text("\n".join(paths))
    script.write_text(_SCRIPT % {"paths": listing, "bearer": json.dumps(f"Bearer {token}")})
    return read(_run(target, script))


def drive_posts(target: Target, path: str, bodies: Sequence[str], token: str) -> Measurement:
    """Return what wrk measured over POSTs of random `bodies`, each of one line.

    Raises:
        WrongAnswerError: An answer was not 2xx.
    """
    listing, script = target.workdir / "bodies.txt", target.workdir / "posts.lua"
    listing.write_text("\n".join(bodies))
    bearer = json.dumps(f"Bearer {token}")
    script.write_text(_POSTS % {"bodies": listing, "bearer": bearer, "path": path})
    return read(_run(target, script))


def _run(target: Target, script: Path) -> str:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{target.seconds}s", "--latency"]
    command += ["-s", str(script), target.url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - fixed
    return done.stdout


def read(output: str) -> Measurement:
    """Return the figures of wrk's `output`.

    Raises:
        WrongAnswerError: It counts answers that are not 2xx, or broken connections.
    """
    if wrong := re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)", output):
        raise WrongAnswerError(wrong.group(0))
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if rate is None:
        raise WrongAnswerError("wrk gave no rate.")
    return Measurement(
        rate=float(rate.group(1)), p50=_latency(output, "50%"), p99=_latency(output, "99%")
    )


def _latency(output: str, share: str) -> float:
    found = re.search(rf"^\s+{share}\s+([\d.]+)(us|ms|s|m)$", output, re.MULTILINE)
    return float(found.group(1)) * _UNITS[found.group(2)] if found else 0.0
