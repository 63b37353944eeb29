"""The tables of src/cpython/layout/ say what debug information of real builds says, entry by entry."""
import os
import re
import subprocess
import unittest

from support import paths

VERSIONS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.13t", "3.14", "3.14t", "3.15", "3.15t"]


class Layouts(unittest.TestCase):
    def test_tables_equal_debug_information(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                checked = subprocess.run([paths.ROOT / "script" / "layouts", "--check", version],
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
                print(checked.stdout, end="")
                self.assertEqual(checked.returncode, 0, checked.stdout)
                if re.search(rf"^{re.escape(version)}: no build", checked.stdout):
                    self.assertFalse(os.environ.get("TIDEMARK_REQUIRE_PYTHONS"), checked.stdout)
                    self.skipTest(checked.stdout.strip())
                self.assertIn(f"{version}: as in ", checked.stdout)


if __name__ == "__main__":
    unittest.main()
