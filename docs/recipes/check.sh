# Ends with 1 where a row can't be sent; the findings also as SARIF, which code reviews show beside the lines.
bailian-wizard check train.jsonl --sarif findings.sarif
