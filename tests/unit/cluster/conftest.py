"""Workers are processes of their own, which must find the functions of these tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
