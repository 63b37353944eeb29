#!/usr/bin/python3
"""`tidemark doctor` on real processes: root's, another user's, one that may not be looked at, in a container, none."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import PROGRAMS, Target, status_fields, tidemark, tidemark_binary

NOBODY_ID = 65534
NOBODY = ("setpriv", "--reuid", str(NOBODY_ID), "--regid", str(NOBODY_ID), "--clear-groups")
NAMESPACES = ("unshare", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child")
PTRACE_FILES = {"maps", "smaps_rollup", "pagemap", "io", "fd", "environ", "mem"}
GUARD = os.environ.get("TIDEMARK_GUARD")  # ends tidemark when it stops or changes another process
NO_SUCH_PID = 2**22 + 1  # above the kernel's PID_MAX_LIMIT
TERMINAL_COLUMNS = 80
# Not dumpable: its files in /proc are root's, and its own user may not read them.
UNDUMPABLE = """
import ctypes, protocol
assert ctypes.CDLL(None).prctl(4, 0, 0, 0, 0) == 0  # PR_SET_DUMPABLE
protocol.say_ready(protocol.identity())
protocol.converse({})
"""

# Runs its arguments under a filter that refuses process_vm_readv(2) (310 on x86-64), as some container runtimes do.
WITHOUT_VM_READV = r"""
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, 310), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code)))
assert libc.prctl(38, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS"
assert libc.prctl(22, 2, program, 0, 0) == 0, "PR_SET_SECCOMP"
os.execv(sys.argv[1], sys.argv[1:])
"""


class Doctor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Another user must be able to run the binary: the tree may lie in root's home."""
        cls.directory = Path(tempfile.mkdtemp(prefix="tidemark-doctor-"))
        cls.directory.chmod(0o755)
        cls.binary = cls.directory / "tidemark"
        shutil.copy(tidemark_binary(), cls.binary)
        cls.binary.chmod(0o755)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory)

    def doctor(self, *arguments, prefix=()):
        """(exit status, JSON); the text is checked on the way: the same status, at most 80 columns, nothing on stderr."""
        command = [*prefix, str(self.binary), "doctor", *map(str, arguments)]
        text, data = (subprocess.run([*command, *more], capture_output=True, text=True, timeout=60, check=False)
                      for more in ((), ("--json",)))
        self.assertEqual((text.stderr, data.stderr), ("", ""))
        self.assertLessEqual(max(map(len, text.stdout.splitlines())), TERMINAL_COLUMNS, text.stdout)
        self.assertIn("\nWhat to do\n", text.stdout)
        found = json.loads(data.stdout)
        self.assertEqual((found["schema"], found["exit_status"]), (1, data.returncode))
        self.assertEqual(text.returncode, data.returncode, text.stdout)
        return data.returncode, found

    def advice(self, found):
        return [advice["key"] for advice in found["advice"]]

    def check_all_refused(self, found):
        self.assertEqual(found["tier"], "proc")
        self.assertEqual({key for key, fact in found["access"].items() if fact["value"] is False}, PTRACE_FILES)
        self.assertEqual(found["interpreter"]["self_check"]["value"], "denied")
        self.assertIsNone(found["extension_modules"])

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_everything_works_for_root(self):
        with Target([PROGRAMS / "waits_on_line.py"]) as target:
            status, found = self.doctor("-p", target.pid)
            fields = status_fields(target.pid)
            maps = Path(f"/proc/{target.pid}/maps").read_text()
            exe = os.readlink(f"/proc/{target.pid}/exe")
        self.assertEqual((status, found["tier"], found["pid"]), (0, "python", target.pid))
        self.assertEqual(found["target"]["name"]["value"], "waits_on_line.py")
        self.assertEqual(found["target"]["uid"]["value"], os.geteuid())
        self.assertEqual(found["target"]["seccomp"]["value"], int(fields["Seccomp"]))
        self.assertEqual(found["target"]["program"]["value"], exe)
        self.assertEqual(found["interpreter"]["module"]["value"], exe)  # Debian's is static
        self.assertEqual(found["interpreter"]["linkage"]["value"], "static")
        self.assertEqual(found["interpreter"]["c_library"]["value"], "glibc")
        self.assertRegex(found["interpreter"]["build_id"]["value"], r"^[0-9a-f]{40}$")
        self.assertEqual(found["own"]["cap_sys_ptrace"]["value"], True)
        self.assertEqual({key for key, fact in found["access"].items() if fact["value"]}, PTRACE_FILES)
        mapped = {line.split(None, 5)[5] for line in maps.splitlines() if ".cpython-" in line}
        self.assertEqual({module["path"] for module in found["extension_modules"]}, mapped)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_extension_module_sizes_are_those_of_smaps(self):
        with Target(["-c", "import _ctypes, protocol; protocol.say_ready(protocol.identity()); protocol.converse({})"]) as target:
            _, found = self.doctor("-p", target.pid)
            smaps = Path(f"/proc/{target.pid}/smaps").read_text()
        sizes, path = {}, ""
        for line in smaps.splitlines():
            words = line.split()
            if not words[0].endswith(":"):
                path = words[5] if len(words) > 5 else ""
            elif words[0] in ("Size:", "Rss:"):
                sizes[path, words[0]] = sizes.get((path, words[0]), 0) + int(words[1]) * 1024
        modules = {module["path"]: module for module in found["extension_modules"]}
        ctypes_path = next(path for path in modules if "/_ctypes." in path)
        for path, module in modules.items():
            self.assertEqual((module["mapped_bytes"], module["resident_bytes"]), (sizes[path, "Size:"], sizes[path, "Rss:"]))
        self.assertGreater(modules[ctypes_path]["resident_bytes"], 0)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to begin with")
    def test_another_user_is_told_of_the_user(self):
        with Target("steady.py") as target:
            for more in ((), ("--no-new-privs", )):
                with self.subTest(more):
                    status, found = self.doctor("-p", target.pid, prefix=(*NOBODY, *more))
                    self.assertEqual(status, 4)
                    self.check_all_refused(found)
                    self.assertEqual(found["own"]["uid"]["value"], NOBODY_ID)
                    self.assertEqual(found["own"]["cap_sys_ptrace"]["value"], False)
                    self.assertEqual(found["own"]["no_new_privs"]["value"], bool(more))
                    self.assertEqual(self.advice(found)[:2], ["other_user", "no_new_privs"] if more else ["other_user"])

    @unittest.skipUnless(os.geteuid() == 0, "needs root to begin with")
    def test_same_user_reads_its_own_and_not_what_is_undumpable(self):
        scope = Path("/proc/sys/kernel/yama/ptrace_scope")
        if scope.exists() and scope.read_text().strip() != "0":
            self.skipTest("Yama refuses the memory here")
        with Target(["-c", UNDUMPABLE.replace("assert", "0 and")], prefix=NOBODY) as target:
            status, found = self.doctor("-p", target.pid, prefix=NOBODY)
            self.assertEqual((status, found["tier"], found["target"]["dumpable"]["value"]), (0, "python", True))
        with Target(["-c", UNDUMPABLE], prefix=NOBODY) as target:
            status, found = self.doctor("-p", target.pid, prefix=NOBODY)
            self.assertEqual((status, self.advice(found)[0], found["target"]["dumpable"]["value"]), (4, "undumpable", False))
            self.check_all_refused(found)
            self.assertEqual(self.doctor("-p", target.pid)[0], 0)  # root may

    @unittest.skipUnless(os.geteuid() == 0, "needs root to begin with")
    def test_a_worker_that_changed_its_user(self):
        with Target("changes_user.py") as target:
            worker = target.truth["worker_pid"]
            status, found = self.doctor("-p", worker, prefix=NOBODY)
            self.assertEqual((status, self.advice(found)[0]), (4, "undumpable"))
            self.check_all_refused(found)
            self.assertEqual(self.doctor("-p", worker)[0], 0)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to unshare")
    def test_in_a_pid_namespace_of_its_own(self):
        status, found = self.doctor(prefix=NAMESPACES)
        self.assertEqual((status, found["own"]["pid_namespace"]["value"]), (0, False))
        self.assertIn("fork_events", self.advice(found))
        status, found = self.doctor("-p", os.getpid(), prefix=NAMESPACES)
        self.assertEqual((status, self.advice(found)[0]), (3, "no_such_process"))
        # From outside a target in a container is read.
        with Target("waits_on_line.py", prefix=NAMESPACES) as target:
            status, found = self.doctor("-p", target.outer_pid)
            self.assertEqual((status, found["target"]["pid_namespace"]["value"]), (0, False))
        # The /proc of another namespace: its pids are not ours.
        status, found = self.doctor(prefix=("unshare", "--pid", "--fork", "--kill-child"))
        self.assertEqual((status, self.advice(found)[0]), (4, "foreign_proc"))
        with Target("waits_on_line.py") as target:
            status, found = self.doctor("-p", target.pid, prefix=("unshare", "--pid", "--fork", "--kill-child"))
        self.assertEqual((status, found["interpreter"]["self_check"]["value"]), (4, "unsupported"))

    @unittest.skipUnless(GUARD and os.geteuid() == 0, "needs TIDEMARK_GUARD and root")
    def test_it_only_observes(self):
        with Target("steady.py") as target:
            done = subprocess.run([GUARD, str(self.binary), "doctor", "-p", str(target.pid)], capture_output=True, text=True,
                                  timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"guard: looked at \d{2,} opens")

    @unittest.skipUnless(os.geteuid() == 0, "needs root where Yama is strict")
    def test_under_a_filter_that_refuses_the_call_memory_is_read_through_the_file(self):
        with Target("steady.py") as target:
            status, found = self.doctor("-p", target.pid, prefix=("/usr/bin/python3", "-c", WITHOUT_VM_READV))
        self.assertEqual((status, found["own"]["seccomp"]["value"], found["own"]["no_new_privs"]["value"]), (0, 2, True))
        self.assertEqual(found["kernel"]["process_vm_readv"]["state"], "unknown")
        self.assertIn("not permitted", found["kernel"]["process_vm_readv"]["text"])

    def test_no_proc_sys(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to mount")
        hide = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc/sys && exec "$@"', "sh")
        status, found = self.doctor(prefix=hide)
        self.assertEqual((status, found["kernel"]["yama_ptrace_scope"]["state"]), (0, "unknown"))
        hide = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh")
        done = subprocess.run([*hide, str(self.binary), "doctor"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("/proc cannot be read", done.stderr)

    def test_no_python_no_process_no_pid(self):
        with subprocess.Popen(["sleep", "60"]) as sleep:
            status, found = self.doctor("-p", sleep.pid)
            sleep.kill()
        self.assertEqual((status, found["interpreter"]["self_check"]["value"]), (4, "not_python"))
        self.assertEqual(self.advice(found)[0], "interpreter")
        status, found = self.doctor("-p", NO_SUCH_PID)
        self.assertEqual((status, found["tier"], self.advice(found)), (3, "none", ["no_such_process"]))
        self.assertNotIn("access", found)
        for wrong in (["-p", "x"], ["-p", "0"], ["-p", "-3"], ["-p"], ["4711"], ["--colour"]):
            with self.subTest(wrong):
                done = tidemark("doctor", *wrong)
                self.assertEqual((done.status, done.stdout), (2, ""))
                self.assertIn("hint: ", done.stderr)

    def test_a_zombie_and_a_program_deleted_on_disk(self):
        ended = subprocess.Popen(["true"])
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        status, found = self.doctor("-p", ended.pid)
        self.assertEqual((status, self.advice(found)), (3, ["ended"]))
        ended.wait()
        copy = self.directory / "sleeper"
        for fate in ("deleted", "replaced"):
            shutil.copy(shutil.which("sleep"), copy)
            with subprocess.Popen([copy, "60"]) as sleep:
                copy.unlink()
                if fate == "replaced":
                    shutil.copy(shutil.which("true"), copy)
                _, found = self.doctor("-p", sleep.pid)
                sleep.kill()
            self.assertIn(f"{fate} on disk", found["target"]["program"]["text"])

    def test_permission_errors_end_in_the_doctor(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to begin with")
        with Target("steady.py") as target:
            done = subprocess.run([*NOBODY, str(self.binary), "record", "-p", str(target.pid), "--require", "python", "-o", "-"],
                                  capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn(f"tidemark doctor -p {target.pid}", done.stderr)


if __name__ == "__main__":
    unittest.main()
