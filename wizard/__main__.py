"""``python -m wizard``: the same as ``bailian-wizard``."""

import sys

from wizard.cli import main

sys.exit(main())
