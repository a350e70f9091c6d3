# 0 also where it has ended already; what it trained until then is billed.
bailian-wizard jobs cancel "$JOB" --yes
