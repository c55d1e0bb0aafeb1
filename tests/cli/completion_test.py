"""What bash, zsh and fish complete, asked of the real shells: their completion functions, and a TAB on a terminal."""

import fcntl
import os
import pty
import re
import select
import shlex
import shutil
import signal
import struct
import subprocess
import termios
import time
import unittest

from accord_program import Scratch, main, skip

SECONDS = float(os.environ.get("ACCORD_SECONDS", "20"))
PARTNER = ("--application-trust-level", "full", "--use-oauth-server")

# Identities that a shell would take apart, expand or run if they were not quoted.
AWKWARD = ("My App", "two  blanks", "O'Brien", 'a"b', "$(touch pwned)", "`touch pwned`", "$HOME", "x;touch pwned",
           "u@h:c=d", "back\\slash", "a,b", "~tilde", "#hash", "-dash", "(paren) {a,b} [c]", "é ü", "!bang",
           "p & q | r > s")
SPECIAL = "$`~#!("


class Terminal:
    """An interactive shell. `setup` makes control-G write the line into the file `buffer` and empty it."""

    def __init__(self, words, setup, scratch):
        self.scratch = scratch
        self.seen = b""
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            os.chdir(scratch.path)
            os.execve(words[0], words, {**scratch.env, "TERM": "xterm"})
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self.file("setup").write_text(setup)
        self.enter(". ./setup")

    def file(self, name):
        return self.scratch.path / name

    def type(self, keys):
        """Keys are for the line editor, which is there when the terminal takes them one by one."""
        end = time.monotonic() + SECONDS
        while termios.tcgetattr(self.end)[3] & termios.ICANON and time.monotonic() < end:
            self.read(0.002)
        os.write(self.end, keys.encode())

    def read(self, seconds):
        if select.select([self.end], [], [], seconds)[0]:
            self.seen += os.read(self.end, 65536)

    def wait_for(self, name):
        """The text of a file that the shell will write whole; and no file again."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            self.read(0.01)
            if self.file(name).exists():
                text = self.file(name).read_text()
                self.file(name).unlink()
                return text
        raise AssertionError(f"nothing after {SECONDS} s; on the terminal: {self.seen[-3000:]!r}")

    def enter(self, line):
        """Runs the line that is typed, and `line` at its end."""
        self.type(f"{line}; touch ready\r")
        self.wait_for("ready")

    def tab(self, line, key="\t"):
        """The line after a TAB at its end."""
        self.type(f"{line}{key}\x07")
        return self.wait_for("buffer").rstrip("\n")

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.end)
        os.waitpid(self.pid, 0)


class Bash:
    name = "bash"
    setup = """PS1='> '; bind 'set bell-style none'
dump() { printf '%s' "$READLINE_LINE" > new; mv new buffer; READLINE_LINE=; }
bind -x '"\\C-g": dump'
. ./script"""
    words = ("/bin/bash", "--norc", "--noprofile", "-i")

    def candidates(self, scratch, *typed):
        words = [part for word in typed for part in self.broken(word)]
        script = f""". ./script
COMP_WORDS=({' '.join(shlex.quote(word) for word in words)}) COMP_CWORD={len(words) - 1}
_accord
printf '%s\\n' "${{COMPREPLY[@]}}\""""
        return finished(["bash", "--norc", "-uc", script], scratch)

    @staticmethod
    def broken(word):
        """--name=value is three words to readline."""
        head, equals, tail = word.partition("=")
        return [head, "=", *([tail] if tail else [])] if equals else [word]

    @staticmethod
    def expected(head, words):
        return words


class Fish:
    name = "fish"
    setup = r"""function fish_prompt; echo '> '; end
set -g fish_greeting
function dump; commandline > new; mv new buffer; commandline ''; end
bind \cg dump
. ./script"""
    words = ("/usr/bin/fish", "--no-config", "-i")

    def candidates(self, scratch, *typed):
        line = " ".join([*(shlex.quote(word) for word in typed[:-1]), typed[-1]])
        lines = finished(["fish", "--no-config", "-c", f". ./script; complete -C {shlex.quote(line)}"], scratch)
        return [line.partition("\t")[0] for line in lines]

    @staticmethod
    def expected(head, words):
        return [head + word for word in words]


class Zsh:
    name = "zsh"
    setup = r"""PS1='> '; unsetopt beep
fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -D
compadd() {
  local -a added
  if [[ ${@[1,(i)-(|-)]} != *-[OAD]* ]]; then
    builtin compadd -O added "$@"
    print -rl -- $added >> added
  fi
  builtin compadd "$@"
}
dump() { print -rn -- "$BUFFER" > new; mv new buffer; BUFFER= }
zle -N dump; bindkey '^G' dump; bindkey '^O' complete-word"""
    words = ("/usr/bin/zsh", "-f", "-i")
    terminal = None

    def candidates(self, scratch, *typed):
        line = " ".join([*(shlex.quote(word) for word in typed[:-1]), typed[-1]])
        added = scratch.path / "added"
        added.write_text("")
        self.terminal.type(f"{line}\x04\x07")  # control-D lists, and inserts nothing
        self.terminal.wait_for("buffer")
        lines = [line for line in added.read_text().split("\n") if line]
        return lines

    @staticmethod
    def expected(head, words):
        return words


def finished(words, scratch):
    done = subprocess.run(words, cwd=scratch.path, env=scratch.env, capture_output=True, timeout=60, check=False)
    assert not done.stderr, (words, done.stderr.decode())
    return [line for line in done.stdout.decode().split("\n") if line]


class Completions:
    """What is the same in all shells."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()
        cls.addClassCleanup(cls.scratch.close)
        cls.path = cls.scratch.path
        script = cls.scratch.ok("accord", "help", "--completion", cls.shell.name).text
        (cls.path / "home").mkdir()
        (cls.path / "functions").mkdir()
        (cls.path / "script").write_text(script)
        (cls.path / "functions" / "_accord").write_text(script)
        cls.surface = cls.scratch.ok("accord", "help", "--output", "json").json()
        cls.make_store("s.db", "Payroll", "Sales")
        cls.terminal = Terminal(cls.shell.words, cls.shell.setup, cls.scratch)
        cls.addClassCleanup(cls.terminal.close)
        cls.shell.terminal = cls.terminal

    @classmethod
    def make_store(cls, store, *partners):
        cls.scratch.ok("new-management-store", "--store", store, "--sip-domain", "a.example")
        for number, name in enumerate(partners):
            cls.scratch.ok("new-partner-application", f"--identity={name}", "--application-identifier", f"app{number}",
                           *PARTNER, "--store", store)

    def complete(self, *words):
        return sorted(set(self.shell.candidates(self.scratch, *words)))

    def assert_completes(self, words, expected, head=""):
        self.assertEqual(self.complete(*words), sorted(self.shell.expected(head, expected)), words)

    def parameters(self):
        """Verb, flag and parameter of all that are not refused."""
        for verb in self.surface["verbs"]:
            for one in verb["parameters"]:
                if one["refused"] is None:
                    yield verb["name"], flag_of(one), one

    def one_of(self, test):
        return next((verb, flag) for verb, flag, one in self.parameters() if test(verb, one))

    def test_verbs_stand_behind_accord(self):
        self.assert_completes(["accord", ""], [verb["name"] for verb in self.surface["verbs"]])
        self.assert_completes(["accord", "set-"], [verb["name"] for verb in self.surface["verbs"]
                                                   if verb["name"].startswith("set-")])

    def test_each_verb_has_its_flags_and_none_that_is_refused(self):
        for verb in self.surface["verbs"]:
            flags = [flag_of(one) for one in verb["parameters"] if one["refused"] is None]
            self.assert_completes(["accord", verb["name"], "--"], flags)
            if "-" in verb["name"]:
                self.assert_completes([verb["name"], "--"], flags)
                self.assertLessEqual(set(flags), set(self.complete("accord", verb["name"], "")), verb["name"])

    def test_the_values_of_an_enumeration_stand_behind_its_flag_once_in_lower_case(self):
        tested = 0
        for verb, flag, one in self.parameters():
            if not one["values"] or (flag in ("--output", "--error-action") and verb != "get-certificate"):
                continue
            expected = []
            for value in one["values"]:
                if value.lower().replace("-", "") not in [seen.replace("-", "") for seen in expected]:
                    expected.append(value.lower())
            self.assert_completes(["accord", verb, flag, ""], expected)
            self.assert_completes(["accord", verb, flag + "="], expected, head=flag + "=")
            first = expected[0]
            same = [value for value in expected if value.startswith(first[:2])]
            self.assert_completes(["accord", verb, f"{flag}={first[:2]}"], same, head=flag + "=")
            tested += 1
        self.assertGreater(tested, 5)

    def test_a_boolean_is_true_or_false_and_so_is_a_switch_behind_an_equals_sign(self):
        verb, flag = self.one_of(lambda _, one: one["type"] == "Boolean")
        self.assert_completes(["accord", verb, flag, ""], ["true", "false"])
        self.assert_completes(["accord", verb, flag + "="], ["true", "false"], head=flag + "=")
        self.assert_completes(["accord", verb, "--confirm="], ["true", "false"], head="--confirm=")
        self.assertIn(flag, self.complete("accord", verb, "--confirm", "--"))

    def test_what_the_store_has_stands_behind_its_flag_and_in_the_place_of_it(self):
        names = ["Payroll", "Sales"]
        self.assert_completes(["accord", "set-partner-application", "--store", "s.db", "--identity", ""], names)
        self.assert_completes(["set-partner-application", "--store=s.db", "--identity", "P"], ["Payroll"])
        self.assert_completes(["set-partner-application", "--store", "s.db", "--identity=P"], ["Payroll"],
                              head="--identity=")
        self.assert_completes(["remove-partner-application", "--quiet", "--store", "s.db", "S"], ["Sales"])
        self.assert_completes(["accord", "get-partner-application", "--store", "s.db", "--", "S"], ["Sales"])
        self.assertLessEqual(set(names), set(self.complete("get-partner-application", "--store", "s.db", "")))
        # The place is taken.
        for given in (["Sales"], ["--identity", "Sales"], ["--identity=Sales"]):
            self.assert_completes(["get-partner-application", "--store", "s.db", *given, "P"], [])
        # It is not the place of --output's value.
        self.assert_completes(["get-partner-application", "--store", "s.db", "--output", "js", "P"], ["Payroll"])

    def test_without_a_store_there_are_no_values_and_no_words_about_it(self):
        self.assert_completes(["get-partner-application", "--identity", ""], [])
        self.assert_completes(["get-partner-application", "--store", "none.db", "--identity", ""], [])
        self.assert_completes(["get-partner-application", "--store", "$(touch pwned)", "--identity", ""], [])
        self.assertEqual(self.terminal.tab("get-partner-application --store none.db P"),
                         "get-partner-application --store none.db P")
        self.assertFalse((self.path / "none.db").exists())
        self.assertFalse((self.path / "pwned").exists())

    def test_a_store_in_a_folder_with_a_blank_or_in_the_home_folder_is_found(self):
        (self.path / "my stores").mkdir(exist_ok=True)
        shutil.copy(self.path / "s.db", self.path / "my stores" / "a $b.db")
        shutil.copy(self.path / "s.db", self.path / "home" / "h.db")
        for store in ("'my stores/a $b.db'", '"my stores/a \\$b.db"', "my\\ stores/a\\ \\$b.db", "~/h.db"):
            line = f"get-partner-application --store {store} --identity "
            self.assertEqual(self.terminal.tab(line + "P"), line + "Payroll ")

    def test_after_a_path_files_and_after_other_values_nothing(self):
        (self.path / "unusual name.pem").touch()
        for verb, flag in ([self.one_of(lambda verb, one: one["type"] == "Path" and one["name"] != "Store"),
                            ("get-certificate", "--store")]):
            for line in (f"{verb} {flag} ", f"accord {verb} {flag}="):
                self.assertEqual(self.terminal.tab(line + "unus"), line + "unusual\\ name.pem ")
        place = next(verb["name"] for verb in self.surface["verbs"]
                     if any(one["position"] == 0 and one["type"] == "Path" for one in verb["parameters"]))
        self.assertEqual(self.terminal.tab(f"accord {place} unus"), f"accord {place} unusual\\ name.pem ")
        for verb, flag, one in self.parameters():
            if verb == "get-certificate" and one["type"] in ("Int32", "Expression"):
                for line in (f"{verb} {flag} unus", f"{verb} {flag}=unus"):
                    self.assertEqual(self.terminal.tab(line), line)
                self.assert_completes([verb, flag, ""], [])
        self.assertEqual(self.terminal.tab("get-certificate unus"), "get-certificate unus")
        self.assertEqual(self.terminal.tab("get-certificate > unus"), "get-certificate > unusual\\ name.pem ")

    def test_help_takes_verbs_and_topics(self):
        topics = self.scratch.ok("accord", "help").text.rpartition("Topics: ")[2].strip().split(", ")
        self.assertIn("exit-codes", topics)
        self.assertLessEqual({*topics, *(verb["name"] for verb in self.surface["verbs"])},
                             set(self.complete("accord", "help", "")))
        self.assert_completes(["accord", "help", "exit"], ["exit-codes"])
        self.assert_completes(["accord", "help", "get-sip-domain", "exit"], [])

    def test_property_and_sort_take_the_properties_of_the_records_and_where_nothing(self):
        head = self.scratch.ok("get-sip-domain", "--store", "s.db", "--output", "csv").text.splitlines()[0].split(",")
        for flag in ("--property", "--sort"):
            self.assert_completes(["get-sip-domain", flag, ""], head)
            self.assert_completes(["get-sip-domain", flag + "=Na"], ["Name"], head=flag + "=")
            line = f"get-sip-domain {flag} Identity,"
            self.assertEqual(self.terminal.tab(line + "Na"), line + "Name ")
            line = f"get-sip-domain {flag}=Identity,Name,"
            self.assertEqual(self.terminal.tab(line + "Is"), line + "IsDefault ")
        self.assert_completes(["get-sip-domain", "--where", ""], [])
        self.assert_completes(["accord", "help", "--property", ""], [])

    def test_a_value_is_quoted_as_the_shell_needs_it_and_never_run(self):
        for number, name in enumerate(AWKWARD):
            store = f"awkward{number}.db"
            self.make_store(store, name)
            first = name[0]
            begins = ["--identity ", "--identity '", '--identity "', "--identity="]
            if first != "-":  # which begins a flag
                begins += ["'" + first, "\\" + first if first in SPECIAL else first]
            for begin in begins:
                with self.subTest(name=name, begin=begin):
                    line = self.terminal.tab(f"get-partner-application --store {store} {begin}")
                    self.assertTrue(line.endswith(" "), line)  # it is complete
                    self.terminal.type(line)
                    self.terminal.enter("--output value --property Identity > got 2>&1")
                    self.assertEqual((self.path / "got").read_text(), name + "\n", line)
                    self.assertFalse((self.path / "pwned").exists(), line)

    def test_a_typed_substitution_is_not_run(self):
        for typed in ("$(touch pwned)", "`touch pwned`", "\"$(touch pwned)", "--identity=$(touch pwned)",
                      "--store $(touch pwned) --identity ", "--store \"`touch pwned`\" ", "$(touch pwned) --"):
            if self.shell.name == "fish" and "`" in typed:
                continue
            # A TAB in zsh expands what is typed before it completes, whatever the command.
            self.terminal.tab(f"get-partner-application {typed}", key="\x0f" if self.shell.name == "zsh" else "\t")
            self.assertFalse((self.path / "pwned").exists(), typed)


class InBash(Completions, unittest.TestCase):
    shell = Bash()

    def test_shellcheck_finds_nothing(self):
        done = subprocess.run(["shellcheck", "-s", "bash", "script"], cwd=self.path, capture_output=True, check=False)
        self.assertEqual(done.stdout.decode(), "")


class InZsh(Completions, unittest.TestCase):
    shell = Zsh()


class InFish(Completions, unittest.TestCase):
    shell = Fish()


def flag_of(parameter):
    name = parameter["name"].replace("OAuth", "Oauth")
    return "--" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


if __name__ == "__main__":
    for program in ("bash", "zsh", "fish"):
        if not shutil.which(program):
            skip(f"no {program}; scripts/install-packages installs it")
    main()
