"""Follow a job from another program: each line is an event; the last one is what --json prints."""

import json
import subprocess
import sys

line = ["bailian-wizard", "jobs", "watch", sys.argv[1], "--events", "--retry", "5"]
result = {}
with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
    for text in process.stdout:
        event = json.loads(text)
        if event["event"] == "metric" and event["loss"] is not None:
            print(event["step"], event["loss"])
        if event["event"] == "result":
            result = event
if "error" in result:
    sys.exit(f"{result['error']['code']}: {result['error']['message']}")
print(result["data"]["job"]["output_model"])
