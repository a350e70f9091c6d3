# Three sessions beside each other. All plans first; a person looks at them; then all jobs, and one wait for them.
for rate in 1e-5 5e-5 1e-4; do
  bailian-wizard plan --dir "rate-$rate" --yes --out plan.json --set dataset.source=../train.jsonl --set training.learning_rate="$rate"
done
for rate in 1e-5 5e-5 1e-4; do
  digest=$(sed -n 's/^ *"digest": "\(.*\)",$/\1/p' "rate-$rate/plan.json")
  bailian-wizard run plan.json --dir "rate-$rate" --approve "$digest" --json > "rate-$rate/ran.json"
done
bailian-wizard jobs wait --timeout 86400 $(sed -n 's/^ *"id": "\(ft-.*\)",$/\1/p' rate-*/ran.json)
