#!/usr/bin/env python3
"""Handles one message.

Its body is on standard input, the rest in DOLMEN_MESSAGE_ID, DOLMEN_ROUTING_KEY and
DOLMEN_ATTEMPT. The exit code says what came of it: 0 done, 69 what it needs is not there (again
later), 65 it cannot be (a person looks at it). A message may come twice: what is done here must
bear that.
"""

import json
import os
import sys

message = json.load(sys.stdin)
if message["name"] == "nobody":
    print("there is no such person", file=sys.stderr)
    sys.exit(65)
with open("greetings.txt", "a") as greetings:
    print(os.environ["DOLMEN_MESSAGE_ID"], json.dumps(message), file=greetings)
