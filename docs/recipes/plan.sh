# Nothing is sent. Ends with 2 (over-budget) where the most that it may cost is above the budget.
bailian-wizard plan --yes --out plan.json --set dataset.source=train.jsonl --set training.budget=50
