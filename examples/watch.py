import asyncio
import json
import os
import random
import sys
from urllib.parse import urlencode

import websockets

url = os.environ.get("AGENTCAST_URL", "http://127.0.0.1:8080").replace("http", "ws", 1) + "/ws/agents?"
token = os.environ.get("AGENTCAST_TOKEN") or sys.exit("wanted AGENTCAST_TOKEN, as agentcast token makes it")


async def watch():
    position, failures = {}, 0
    while True:
        try:
            async with websockets.connect(url + urlencode(position), subprotocols=["bearer", token]) as socket:
                async for text in socket:
                    failures, message = 0, json.loads(text)
                    kind, payload = message["type"], message["payload"]
                    if kind == "PING":
                        await socket.send('{"type": "PONG"}')
                    if kind == "REPLAY_START":
                        position = {"epoch": payload["epoch"], "last_sequence_id": payload["after_sequence_id"]}
                    if kind == "REPLAY_END" or "sequence_id" in message:
                        position["last_sequence_id"] = message.get("sequence_id") or payload["sequence_id"]
                    print(message.get("sequence_id", "-"), kind, json.dumps(payload), flush=True)
        except (OSError, websockets.WebSocketException) as problem:
            print(problem, file=sys.stderr)
            closed = getattr(problem, "rcvd", None)
            if closed and 4000 <= closed.code <= 4099:  # not to be repeated unchanged
                return
        await asyncio.sleep(random.uniform(0, min(30, 0.5 * 2**failures)))
        failures += 1


asyncio.run(watch())
