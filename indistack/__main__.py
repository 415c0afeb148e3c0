"""``python -m indistack``."""

import sys

from indistack.cli import main

sys.exit(main())
