#!/usr/bin/python3
"""The manual page and the completions, made from the option descriptions, in the programs that read them."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import tidemark, tidemark_binary

COMMANDS = ("record", "report", "compare", "mark", "stack", "heap", "doctor", "man", "completion")
SHELLS = ("bash", "zsh", "fish")


def long_options(command):
    """As --help has them."""
    return set(re.findall(r"--([a-z-]+)", tidemark(command, "--help").stdout.split("Options")[1].split("Examples")[0]))


class Pages(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="tidemark-pages-")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def script(self, shell):
        path = self.directory / f"tidemark.{shell}"
        path.write_text(tidemark("completion", shell).stdout)
        return path

    def run_shell(self, *command, **environment):
        path = f"{Path(tidemark_binary()).parent}:{os.environ['PATH']}"
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=self.directory,
                              env={**os.environ, "PATH": path, "HOME": str(self.directory), **environment})
        self.assertEqual((done.returncode, done.stderr), (0, ""), command)
        return done.stdout

    def test_page_has_no_fault_and_every_option(self):
        page = self.directory / "tidemark.1"
        page.write_text(tidemark("man").stdout)
        shown = self.run_shell("groff", "-man", "-Tutf8", "-ww", "-P-c", "-rLL=78n", str(page))
        plain = re.sub(r".\x08", "", shown).replace("‐", "-")
        words = " ".join(plain.split())
        for command in COMMANDS:
            self.assertIn(command, plain)
            for option in long_options(command):
                self.assertIn(f"--{option}", plain, f"{command} in the page")
        self.assertIn("tidemark report soak.csv --fail-on 'growth>20MB' --fail-on verdict=growing", words)
        self.assertLessEqual(max(map(len, plain.splitlines())), 80)

    def test_help_of_every_command_fits_80_columns_and_has_examples(self):
        for command in COMMANDS:
            with self.subTest(command):
                shown = tidemark(command, "--help")
                self.assertEqual((shown.status, shown.stderr), (0, ""))
                self.assertIn("\nExamples:\n  ", shown.stdout)
                self.assertLessEqual(max(map(len, shown.stdout.splitlines())), 80, shown.stdout)

    def complete_in_bash(self, *words):
        line = " ".join(f"'{word}'" for word in words)
        return self.run_shell("bash", "--norc", "-c", f"""
            source {self.script('bash')}
            COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}
            compopt() {{ :; }}  # works only while the line editor completes
            _tidemark; printf '%s\\n' "${{COMPREPLY[@]}}" """).split()

    def test_bash_completes_commands_options_values_and_files(self):
        (self.directory / "night.csv").touch()
        self.assertEqual(self.complete_in_bash("tidemark", "re"), ["record", "report"])
        self.assertEqual(self.complete_in_bash("tidemark", "report", "--form"), ["--format"])
        self.assertEqual(self.complete_in_bash("tidemark", "report", "--format", ""), ["text", "json", "markdown"])
        self.assertEqual(self.complete_in_bash("tidemark", "report", "ni"), ["night.csv"])
        self.assertIn(str(os.getpid()), self.complete_in_bash("tidemark", "record", "-p", str(os.getpid())))
        self.assertEqual(self.complete_in_bash("tidemark", "completion", "z"), ["zsh"])
        for command in COMMANDS:
            offered = self.complete_in_bash("tidemark", command, "--")
            self.assertEqual({word[2:] for word in offered}, long_options(command))

    def test_fish_completes_commands_options_values_and_files(self):
        def complete(line):
            out = self.run_shell("fish", "--no-config", "-c", f"source {self.script('fish')}; complete -C '{line}'")
            return [row.split("\t")[0] for row in out.splitlines()]
        (self.directory / "night.csv").touch()
        self.assertEqual(complete("tidemark re"), ["record", "report"])
        self.assertIn("--fail-on", complete("tidemark report --fail"))
        self.assertEqual(sorted(complete("tidemark report --format ")), ["json", "markdown", "text"])
        self.assertIn("night.csv", complete("tidemark report ni"))

    def test_zsh_completes_commands_options_and_values(self):
        """In a real zsh on a terminal of its own (zpty), which lists what Tab offers."""
        functions = self.directory / "functions"
        functions.mkdir()
        (functions / "_tidemark").write_text(tidemark("completion", "zsh").stdout)
        driver = self.directory / "driver.zsh"
        driver.write_text(ZSH_DRIVER)
        for line, offered in (("tidemark re", "report"), ("tidemark report --fail-o", "--fail-on"),
                              ("tidemark report --format ", "markdown"), ("tidemark completion z", "zsh")):
            with self.subTest(line):
                self.assertNotIn(offered, line)
                shown = self.run_shell("zsh", "-f", str(driver), line, offered, FUNCTIONS=str(functions))
                self.assertIn(offered, shown)

    def test_wrong_words_are_refused(self):
        for words in (["man", "report"], ["completion"], ["completion", "tcsh"], ["completion", "bash", "zsh"]):
            with self.subTest(words):
                shown = tidemark(*words)
                self.assertEqual((shown.status, shown.stdout), (2, ""))
                self.assertIn("hint: ", shown.stderr)


# Types the line given as the first word, lists what may follow, and waits until the second word is on the screen.
ZSH_DRIVER = r"""
zmodload zsh/zpty
zpty inner "zsh -f -i"
zpty -w inner "PS1= ; fpath=($FUNCTIONS \$fpath); autoload -Uz compinit; compinit -u -d $FUNCTIONS/dump"
zpty -w inner "LISTMAX=10000; zstyle ':completion:*' list-prompt ''; bindkey '^I' list-choices; print REA''DY"
zpty -r inner out '*READY*'
zpty -n -w inner "$1"$'\t'
zpty -r inner out "*$2*"
print -r -- $out
zpty -d inner
"""


if __name__ == "__main__":
    unittest.main()
