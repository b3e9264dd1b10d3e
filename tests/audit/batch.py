#!/usr/bin/env python3
"""Checks many folders in one process, for tests: a request a line, an answer a line, both JSON.

    {"folder": DIR, "keys": [VKEY ...], "holds": [CHECKPOINT_FILE ...]}
    {"exit": 0, "problems": [{"class": ..., "position": ..., "why": ...} ...], "unchecked": [...]}, or {"crash": "..."}
"""

import io
import json
import os
import sys
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import verify  # noqa: E402


def answer(request):
    arguments = [request["folder"], "--json"]
    for key in request["keys"]:
        arguments += ["--key", key]
    for path in request["holds"]:
        arguments += ["--holds", path]
    out = io.StringIO()
    code = verify.main(arguments, out)
    told = json.loads(out.getvalue())
    return {"exit": code, "problems": told["problems"], "unchecked": told["unchecked"]}


for line in sys.stdin:
    try:
        told = answer(json.loads(line))
    except (Exception, SystemExit):
        told = {"crash": traceback.format_exc()}
    print(json.dumps(told), flush=True)
