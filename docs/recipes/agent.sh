# Exit code 4: what would be created may be there already. details.candidates say what, and what of it equals the plan.
# $CHOICE (an id, again or leave) is a person's, and so is $DECISION, the digest of that very question.
bailian-wizard run plan.json --resolve "$CHOICE" --approve "$DECISION" --json
