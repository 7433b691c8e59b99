import base64
import hmac
import json
import os
import sys
import time
import uuid

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

url = os.environ.get("AGENTCAST_URL", "http://127.0.0.1:8080") + "/api/v1/internal/ws/publish"
service, _, key = os.environ.get("AGENTCAST_SERVICE_KEY", "").partition(":whsec_")
if not key:
    sys.exit("wanted AGENTCAST_SERVICE_KEY=name:whsec_..., as agentcast keygen makes it")
again = Retry(7, backoff_factor=0.2, status_forcelist=[429, 500, 502, 503, 504], allowed_methods=["POST"])
session = requests.Session()
session.mount(url, HTTPAdapter(max_retries=again))


def publish(event):
    event_id, now, body = str(uuid.uuid4()), str(int(time.time())), json.dumps(event)
    content = f"{event_id}.{now}.{body}".encode()
    signature = base64.b64encode(hmac.digest(base64.b64decode(key), content, "sha256")).decode()
    headers = {
        "content-type": "application/json",
        "x-service-name": service,
        "webhook-id": event_id,  # sent again under the same id, nothing is published twice
        "webhook-timestamp": now,
        "webhook-signature": f"v1,{signature}",
    }
    answer = session.post(url, data=body, headers=headers, timeout=10)
    if answer.status_code != 202:
        raise RuntimeError(answer.text)
    return answer.json()
