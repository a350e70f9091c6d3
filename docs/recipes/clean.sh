# Only what this folder uploaded and nothing here needs any more.
bailian-wizard files delete --unused --yes
