"""The real programs: links, exit codes, standard streams that are closed or full, terminals, the environment."""

import os
import pty
import select
import signal
import stat
import subprocess
import unittest

from accord_program import BIN, DATA, ProgramTest, main


class Programs(ProgramTest):
    def test_each_verb_of_the_surface_is_a_link_beside_accord(self):
        surface = self.ok("accord", "help", "--output", "json").json()
        for verb in surface["verbs"]:
            if "-" not in verb["name"]:
                continue
            self.assertTrue((BIN / verb["name"]).exists(), verb["name"])
            page = self.ok(verb["name"], "--help")
            self.assertEqual(page.text, self.ok("accord", "help", verb["name"]).text)
            self.assertIn("Exit codes:", page.text)

    def test_the_name_that_it_is_called_by_picks_the_verb(self):
        link = self.scratch.path / "get-sip-domain"
        link.symlink_to(BIN / "accord")
        other = self.scratch.path / "something"
        other.symlink_to(BIN / "accord")
        self.ok("new-management-store", "--store", "s.db", "--sip-domain", "a.example")
        call = subprocess.run([link, "--store", "s.db", "--output", "csv"], cwd=self.scratch.path,
                              env=self.scratch.env, capture_output=True, check=False)
        self.assertEqual(call.stdout, b"Identity,Name,IsDefault\na.example,a.example,True\n")
        call = subprocess.run([other], cwd=self.scratch.path, env=self.scratch.env, capture_output=True, check=False)
        self.assertEqual(call.returncode, 2)

    def test_a_full_or_closed_standard_output_is_an_error(self):
        self.ok("new-management-store", "--store", "s.db", "--sip-domain", "a.example")
        with open("/dev/full", "wb") as full:
            call = subprocess.run([BIN / "get-sip-domain", "--store", "s.db"], cwd=self.scratch.path,
                                  env=self.scratch.env, stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(call.returncode, 1)
        self.assertIn(b"standard output cannot be written", call.stderr)
        for words in (["accord", "help"], ["get-sip-domain", "--store", "s.db"], ["accord", "--version"],
                      ["get-sip-domain", "--help"]):
            call = subprocess.run(["sh", "-c", '"$@" >&-', "sh", BIN / words[0], *words[1:]], cwd=self.scratch.path,
                                  env=self.scratch.env, capture_output=True, check=False)
            self.assertEqual(call.returncode, 1, (words, call))
            self.assertIn(b"standard output cannot be written", call.stderr, words)

    def test_a_reader_that_went_away_is_an_error_and_no_signal(self):
        reading, writing = os.pipe()
        os.close(reading)
        call = subprocess.run([BIN / "accord", "help", "--output", "json"], cwd=self.scratch.path,
                              env=self.scratch.env, stdout=writing, stderr=subprocess.PIPE, check=False)
        os.close(writing)
        self.assertEqual(call.returncode, 1)
        self.assertIn(b"standard output cannot be written", call.stderr)

    def test_a_closed_standard_error_loses_words_only(self):
        self.ok("new-management-store", "--store", "s.db", "--sip-domain", "a.example")
        call = subprocess.run(["sh", "-c", '"$@" 2>&-', "sh", BIN / "get-sip-domain", "b.example", "--store", "s.db"],
                              cwd=self.scratch.path, env=self.scratch.env, capture_output=True, check=False)
        self.assertEqual(call.returncode, 3)
        # What takes the place of a closed stream must not be the store.
        before = self.digest("s.db")
        subprocess.run(["sh", "-c", '"$@" 2>&- >&- <&-', "sh", BIN / "get-sip-domain", "b.example", "--store", "s.db"],
                       cwd=self.scratch.path, env=self.scratch.env, check=False)
        self.assertEqual(before, self.digest("s.db"))

    def test_a_write_with_closed_streams_never_writes_words_into_the_store(self):
        self.ok("new-management-store", "--store", "s.db", "--sip-domain", "a.example")
        subprocess.run(["sh", "-c", '"$@" 2>&- >&- <&-', "sh", BIN / "new-sip-domain", "b.example", "--store", "s.db",
                        "--verbose"], cwd=self.scratch.path, env=self.scratch.env, check=False)
        self.assertEqual(self.ok("get-sip-domain", "--store", "s.db", "--output", "value", "--property", "Name").text,
                         "a.example\nb.example\n")

    def test_a_closed_standard_input_is_an_error_where_it_is_read(self):
        self.scratch.issuer("s.db")
        call = subprocess.run(["sh", "-c", '"$@" <&-', "sh", BIN / "test-oauth-token", "-", "--store", "s.db"],
                              cwd=self.scratch.path, env=self.scratch.env, capture_output=True, check=False)
        self.assertIn(call.returncode, (1, 2), call)
        self.assertTrue(call.stderr)

    def test_what_is_no_regular_file_is_written_to_and_not_replaced(self):
        self.scratch.issuer("s.db")
        call = self.ok("export-certificate", "--store", "s.db", "--type", "OAuthTokenIssuer", "--output-file", "/dev/stdout")
        self.assertTrue(call.out.startswith(b"-----BEGIN CERTIFICATE-----"))
        self.ok("export-certificate", "--store", "s.db", "--type", "OAuthTokenIssuer", "--output-file", "/dev/null")
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))
        pipe = self.scratch.path / "pipe"
        os.mkfifo(pipe)
        reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
        self.ok("export-auth-metadata", "--store", "s.db", "--output-file", pipe)
        self.assertIn(b"litwareinc.com", reader.communicate(timeout=10)[0])
        self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))

    def test_the_caller_s_umask_and_environment_change_nothing(self):
        strange = {"OPENSSL_CONF": "/nonexistent.cnf", "LC_ALL": "de_DE.UTF-8", "LANG": "tr_TR.UTF-8", "TZ": "Asia/Tokyo",
                   "https_proxy": "http://127.0.0.1:1", "TERM": "dumb", "COLUMNS": "3", "ACCORD_NOW": "2000-01-01"}
        call = self.run_program("new-management-store", "--store", "d/s.db", "--sip-domain", "a.example", env=strange)
        self.assertEqual(call.code, 0, call)
        self.assertEqual((self.scratch.path / "d/s.db").stat().st_mode & 0o777, 0o600)
        self.assertEqual((self.scratch.path / "d").stat().st_mode & 0o777, 0o700)
        plain = self.ok("get-oauth-configuration", "--store", "d/s.db")
        odd = self.ok("get-oauth-configuration", "--store", "d/s.db", env=strange)
        self.assertEqual(plain.out, odd.out)

    def test_a_password_may_come_through_a_descriptor(self):
        self.ok("new-management-store", "--store", "s.db", "--sip-domain", "a.example")
        with open(DATA / "password", "rb") as file:
            os.set_inheritable(file.fileno(), True)
            call = subprocess.run([BIN / "import-certificate", "--store", "s.db", "--path", DATA / "cert-modern.pfx",
                                   "--password-fd", str(file.fileno())], cwd=self.scratch.path, env=self.scratch.env,
                                  capture_output=True, pass_fds=[file.fileno()], check=False)
        self.assertEqual(call.returncode, 0, call.stderr)
        call = self.run_program("import-certificate", "--store", "s.db", "--path", DATA / "cert-modern.pfx", "--password-fd", "77")
        self.assertNotIn(call.code, (0, 5), call)

    def test_a_signal_ends_it_with_nothing_changed(self):
        self.scratch.issuer("s.db")
        before = self.digest("s.db")
        process = subprocess.Popen([BIN / "new-partner-application", "a", "--store", "s.db", "--application-identifier",
                                    "a", "--realm", "r", "--application-trust-level", "full", "--certificate-file-data", "-"],
                                   cwd=self.scratch.path, env=self.scratch.env, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        select.select([], [], [], 0.3)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
        self.assertIn(process.returncode, (143, -signal.SIGTERM))
        self.assertEqual(before, self.digest("s.db"))


class Terminal(ProgramTest):
    """Questions, on a terminal."""

    def talk(self, words, answers, program=None):
        """Answers each question as it comes; returns what stood on the terminal, and the exit code."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.scratch.path)
            os.execve(program or BIN / words[0], [str(BIN / words[0]), *map(str, words[1:])], self.scratch.env)
        seen = b""
        answers = list(answers)
        while True:
            try:
                ready, _, _ = select.select([terminal], [], [], 30)
                chunk = os.read(terminal, 4096) if ready else b""
            except OSError:
                chunk = b""
            if not chunk:
                break
            seen += chunk
            if answers and (seen.rstrip().endswith(b'"Y"):') or b"assword" in seen):
                os.write(terminal, answers.pop(0) + b"\n")
        _, status = os.waitpid(child, 0)
        os.close(terminal)
        return seen.replace(b"\r\n", b"\n"), os.waitstatus_to_exitcode(status)

    def setUp(self):
        super().setUp()
        self.ok("new-management-store", "--store", "s.db", "--sip-domain", "a.example")
        self.ok("new-sip-domain", "b.example", "--store", "s.db")

    def names(self):
        return self.ok("get-sip-domain", "--store", "s.db", "--property", "Name", "--output", "value").text.split()

    def test_no_changes_nothing_and_yes_does_it(self):
        words = ["remove-sip-domain", "b.example", "--store", "s.db", "--confirm"]
        seen, code = self.talk(words, [b"n"])
        self.assertEqual(code, 9, seen)
        self.assertEqual(self.names(), ["a.example", "b.example"])
        seen, code = self.talk(words, [b"y"])
        self.assertEqual(code, 0, seen)
        self.assertEqual(self.names(), ["a.example"])

    def test_an_empty_answer_is_the_default_and_help_asks_again(self):
        seen, code = self.talk(["remove-sip-domain", "b.example", "--store", "s.db", "--confirm"], [b"?", b""])
        self.assertEqual(code, 0, seen)
        self.assertEqual(seen.count(b"[Y] Yes"), 2, seen)

    def test_others_may_write_while_a_question_waits(self):
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.scratch.path)
            os.execve(BIN / "remove-sip-domain",
                      ["remove-sip-domain", "b.example", "--store", "s.db", "--confirm"], self.scratch.env)
        seen = b""
        while not seen.rstrip().endswith(b'"Y"):'):
            seen += os.read(terminal, 4096)
        self.ok("new-sip-domain", "c.example", "--store", "s.db", timeout=5)
        os.write(terminal, b"y\n")
        try:
            while os.read(terminal, 4096):
                pass
        except OSError:
            pass
        _, status = os.waitpid(child, 0)
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0)
        self.assertEqual(self.names(), ["a.example", "c.example"])

    def talk_in_shell(self, line, answers):
        """A line of a shell on a terminal, so that a verb's standard input is a pipe and the terminal is there."""
        return self.talk(["sh", "-c", line], answers, program="/bin/sh")

    PIPELINE = ("get-sip-domain --store s.db --where 'IsDefault -eq $false' --output jsonl |"
                " remove-sip-domain - --store s.db")

    def test_answers_come_from_the_terminal_where_standard_input_holds_records(self):
        for name in ("c.example", "d.example", "e.example"):
            self.ok("new-sip-domain", name, "--store", "s.db")
        seen, code = self.talk_in_shell(self.PIPELINE, [b"n", b"y", b"l"])
        self.assertEqual(code, 0, seen)
        self.assertEqual(self.names(), ["a.example", "b.example", "d.example", "e.example"], seen)
        self.assertIn(b"3 of 4 left as they were.", seen)
        seen, code = self.talk_in_shell(self.PIPELINE, [b"a"])
        self.assertEqual(code, 0, seen)
        self.assertEqual(self.names(), ["a.example"], seen)

    def test_a_script_whose_input_is_no_terminal_is_not_asked(self):
        seen, code = self.talk_in_shell("remove-sip-domain b.example --store s.db --confirm < /dev/null", [])
        self.assertEqual(code, 9, seen)
        self.assertNotIn(b"[Y] Yes", seen)

    def test_a_password_is_asked_for_without_echo(self):
        seen, code = self.talk(["import-certificate", "--store", "s.db", "--path", DATA / "cert-modern.pfx", "--password",
                                "-", "--property", "Thumbprint", "--output", "value"], [b"Pa55word"])
        self.assertEqual(code, 0, seen)
        self.assertNotIn(b"Pa55word", seen)
        self.assertIn(b"6054F68093BB8AE3A43979ED1FD57C649A850586", seen)


if __name__ == "__main__":
    main()
