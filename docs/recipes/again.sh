# Killed anywhere, the same line goes on: each file is uploaded once, and one job is created.
bailian-wizard run plan.json --approve "$DIGEST" &
sleep 2
kill -9 $! || true
wait $! || true
bailian-wizard run plan.json --approve "$DIGEST" --watch --timeout 3600
