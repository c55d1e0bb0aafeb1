"""The README is right: its smoke test passes as printed, and its examples print what they are said to print; so do those
of scripts/README.md.

An example is a ```console block after a line <!-- example:NAME -->; blocks of one name run one after another in one
folder and one shell. Lines that begin with "$ " are run, with what follows a trailing backslash or << 'WORD'; the others
are what comes back. "…" stands for anything, and alone in a line for any number of lines.
"""

import re
import subprocess
import unittest

from accord_program import SOURCE, ProgramTest, main

END = "@@end@@"


def smoke_test_of(readme):
    found = re.search(r"<!-- smoke:begin -->\s*```sh\n(.*?)```\s*<!-- smoke:end -->", readme, re.S)
    return found.group(1) if found else None


def examples_of(readme):
    """NAME -> the lines of its blocks."""
    examples = {}
    for name, block in re.findall(r"<!-- example:(\S+) -->\s*```console\n(.*?)```", readme, re.S):
        examples.setdefault(name, []).extend(block.splitlines())
    return examples


def calls_of(lines):
    """[(command, [output])] of the lines of an example."""
    calls = []
    here_document = None
    for line in lines:
        if here_document is not None:
            calls[-1] = (calls[-1][0] + "\n" + line, [])
            if line == here_document:
                here_document = None
        elif line.startswith("$ "):
            calls.append((line[2:], []))
            found = re.search(r"<< ?'(\w+)'$", line)
            here_document = found and found.group(1)
        elif calls and calls[-1][0].endswith("\\"):
            calls[-1] = (calls[-1][0] + "\n" + line, [])
        else:
            calls[-1][1].append(line)
    return calls


def line_fits(pattern, line):
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("…")), line) is not None


def lines_fit(pattern, lines):
    if not pattern:
        return not lines
    if pattern[0] == "…":
        return lines_fit(pattern[1:], lines) or (bool(lines) and lines_fit(pattern, lines[1:]))
    return bool(lines) and line_fits(pattern[0], lines[0]) and lines_fit(pattern[1:], lines[1:])


class Notation(unittest.TestCase):
    SAMPLE = """
<!-- example:one -->
```console
$ echo a \\
  b
a b
$ true
```
between
<!-- example:one -->
```console
$ seq 3
1
…
$ cat << 'END'
$ x
END
x
```
<!-- smoke:begin -->
```sh
true
```
<!-- smoke:end -->
"""

    def test_blocks_are_found(self):
        self.assertEqual(calls_of(examples_of(self.SAMPLE)["one"]),
                         [("echo a \\\n  b", ["a b"]), ("true", []), ("seq 3", ["1", "…"]),
                          ("cat << 'END'\n$ x\nEND", ["x"])])
        self.assertEqual(smoke_test_of(self.SAMPLE), "true\n")

    def test_the_wildcard_stands_for_anything_and_nothing_else_does(self):
        self.assertTrue(lines_fit(["a…c", "…", "d"], ["abc", "x", "y", "d"]))
        self.assertTrue(lines_fit(["…"], []))
        self.assertFalse(lines_fit(["a.c"], ["abc"]))
        self.assertFalse(lines_fit(["a"], ["a", "b"]))


class Readme(ProgramTest):
    README = (SOURCE / "README.md").read_text()

    def shell(self, script):
        return subprocess.run(["sh", "-c", script], cwd=self.scratch.path, env=self.scratch.env, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)

    def test_the_smoke_test_passes_as_printed(self):
        script = smoke_test_of(self.README)
        self.assertIsNotNone(script, "no smoke test in README.md")
        self.assertEqual(len(script.splitlines()), 4)
        for shell in ("set -e\n", ""):
            done = self.shell(shell + script)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertIn("Success", done.stdout)
            self.assertIn("Failure", done.stdout)

    def test_each_line_of_the_smoke_test_passes(self):
        lines = smoke_test_of(self.README).splitlines()
        for last in range(1, len(lines) + 1):
            done = self.shell("\n".join(lines[:last]))
            self.assertEqual(done.returncode, 0, (lines[last - 1], done.stdout))

    def test_the_examples_print_what_they_are_said_to_print(self):
        self.check_examples("README.md")

    def test_so_do_those_for_people_who_know_powershell(self):
        self.check_examples("scripts/README.md")

    def check_examples(self, file):
        examples = examples_of((SOURCE / file).read_text())
        self.assertTrue(examples, f"no example in {file}")
        for name, lines in examples.items():
            calls = calls_of(lines)
            done = self.shell("".join(f"{command}\necho {END}\n" for command, _ in calls))
            outputs = done.stdout.split(END + "\n")
            for (command, expected), output in zip(calls, outputs):
                with self.subTest(example=name, command=command):
                    self.assertTrue(lines_fit(expected, output.splitlines()),
                                    f"\n{file}:\n" + "\n".join(expected) + "\nprogram:\n" + output)


if __name__ == "__main__":
    main()
