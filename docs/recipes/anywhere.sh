# No terminal, no language, no home that can be written to: standard output is UTF-8 and one object all the same.
env LC_ALL=C HOME=/nonexistent BAILIAN_WIZARD_STATE="$STATE" bailian-wizard status --json < /dev/null 2> /dev/null
