"""An agent that means well and makes a mess."""
import os
import shutil
from pathlib import Path

Path("shop/pricing.py").write_text("def total(lines):\n    return 0\n")
shutil.rmtree("config")
os.chmod("README.md", 0o600)
os.symlink("/etc/passwd", "users")
Path("notes").mkdir()
Path("notes/plan.txt").write_text("1. rewrite it all\n")
print("rewrote it all")
