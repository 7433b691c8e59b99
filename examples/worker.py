import sys

from publish import publish

done = {"old_status": "working", "new_status": "completed", "task_id": "t-1"}
event = {"event_type": "AGENT_STATUS_CHANGED", "user_id": "u-1", "agent_id": "coder", "payload": done}
try:
    print("published as", publish(event)["sequence_id"])
except (OSError, RuntimeError, ValueError) as problem:
    sys.exit(f"not published: {problem}")
