# $DIGEST: of the plan, after a person has looked at it.
bailian-wizard run plan.json --approve "$DIGEST" --json > ran.json
