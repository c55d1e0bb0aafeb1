"""Many processes on one store: no write is lost, none is refused for being late, readers see whole states."""

import json
import subprocess
import sys
import unittest
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))

from accord_program import BIN, DATA, SANITIZED, ProgramTest, main  # noqa: E402
from sweep import can_trace  # noqa: E402

WRITERS = 16
WRITES = 20
# What writer $1 does, one call a line; each line must end in 0.
WRITER = """
i=0
while [ $i -lt {rounds} ]; do
  new-sip-domain w$1-$i.example --store s.db > /dev/null || echo "$? new-sip-domain"
  new-partner-application p$1-$i --store s.db --application-identifier p$1-$i --use-oauth-server \
    --application-trust-level full > /dev/null || echo "$? new-partner-application"
  set-partner-application p$1-$i --store s.db --enabled false || echo "$? set-partner-application"
  set-oauth-configuration --store s.db --token-lifetime ${{1}}m || echo "$? set-oauth-configuration"
  remove-sip-domain w$1-$i.example --store s.db || echo "$? remove-sip-domain"
  i=$((i + 1))
done
"""
CALLS_A_ROUND = 5


class Concurrency(ProgramTest):
    def start(self, script, *words):
        return subprocess.Popen(["sh", "-c", script, "sh", *map(str, words)], cwd=self.scratch.path, env=self.scratch.env,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, processes):
        for process in processes:
            out, err = process.communicate(timeout=300)
            self.assertNotIn(SANITIZED, err)
            self.assertEqual((out, err), (b"", b""))

    def test_sixteen_writers_lose_nothing(self):
        self.ok("new-management-store", "--store", "s.db", "--sip-domain", "a.example")
        rounds = WRITES // CALLS_A_ROUND
        self.finish([self.start(WRITER.format(rounds=rounds), writer + 1) for writer in range(WRITERS)])
        partners = self.ok("get-partner-application", "--store", "s.db", "--output", "json", "--property",
                           "Identity,Enabled").json()
        expected = sorted(f"p{writer + 1}-{i}" for writer in range(WRITERS) for i in range(rounds))
        self.assertEqual(sorted(one["Identity"] for one in partners), expected)
        self.assertEqual({one["Enabled"] for one in partners}, {False})
        domains = self.ok("get-sip-domain", "--store", "s.db", "--property", "Name", "--output", "value").text
        self.assertEqual(domains, "a.example\n")

    def test_of_many_that_want_the_same_name_one_gets_it(self):
        self.ok("new-management-store", "--store", "s.db", "--sip-domain", "a.example")
        script = "new-sip-domain same.example --store s.db > /dev/null 2>&1; echo $?"
        processes = [self.start(script) for _ in range(WRITERS)]
        codes = sorted(int(process.communicate(timeout=60)[0]) for process in processes)
        self.assertEqual(codes, [0] + [4] * (WRITERS - 1))

    def test_of_many_that_make_the_same_store_one_makes_it_and_its_key_fits(self):
        script = "new-management-store --store s.db --service-name lync --sip-domain a.example > /dev/null 2>&1; echo $?"
        processes = [self.start(script) for _ in range(WRITERS)]
        codes = sorted(int(process.communicate(timeout=60)[0]) for process in processes)
        self.assertEqual(codes, [0] + [4] * (WRITERS - 1))
        self.assertEqual({path.name for path in self.scratch.path.iterdir()} - {"s.db-journal"}, {"s.db", "s.db.key"})
        self.ok("import-certificate", "--store", "s.db", "--path", DATA / "cert-p384-pair.pem")

    def test_readers_see_whole_states_while_others_write(self):
        self.ok("new-management-store", "--store", "s.db", "--sip-domain", "a.example")
        toggle = """
i=0
while [ $i -lt 15 ]; do
  set-oauth-configuration --store s.db --realm one.example --service-name exchange --confirm=false --quiet || exit
  set-oauth-configuration --store s.db --realm two.example --service-name lync --confirm=false --quiet || exit
  i=$((i + 1))
done
"""
        writers = [self.start(toggle) for _ in range(2)]
        seen = set()
        while any(writer.poll() is None for writer in writers):
            record = self.ok("get-oauth-configuration", "--store", "s.db", "--output", "json").json()
            seen.add((record["Realm"], record["ServiceName"]))
        self.finish(writers)
        allowed = {(None, None), ("one.example", "00000002-0000-0ff1-ce00-000000000000"),
                   ("two.example", "00000004-0000-0ff1-ce00-000000000000")}
        self.assertLessEqual(seen, allowed)
        self.assertGreater(len(seen), 1, json.dumps(sorted(map(str, seen))))

    def test_a_token_is_made_while_its_certificate_is_replaced(self):
        self.scratch.issuer("s.db")
        other = self.ok("import-certificate", "--store", "s.db", "--path", DATA / "cert-p384-pair.pem", "--property",
                        "Thumbprint", "--output", "value").text.strip()
        self.ok("new-partner-application", "exchange", "--store", "s.db", "--application-identifier", "exchange", "--realm",
                "contoso.com", "--application-trust-level", "full", "--certificate-file-data", DATA / "cert-other.pem")
        swap = f"""
i=0
while [ $i -lt 10 ]; do
  set-certificate --store s.db --type OAuthTokenIssuer --thumbprint {other} --confirm=false --quiet || exit
  set-certificate --store s.db --type OAuthTokenIssuer --thumbprint 6054F68093BB8AE3A43979ED1FD57C649A850586 --confirm=false --quiet || exit
  i=$((i + 1))
done
"""
        writer = self.start(swap)
        made = 0
        while writer.poll() is None:
            token = self.ok("new-oauth-token", "exchange", "--store", "s.db", "--host", "mail.contoso.com").out
            self.ok("test-oauth-token", "-", "--store", "s.db", "--as-partner", "exchange", "--host", "mail.contoso.com",
                    "--quiet", stdin=token)
            made += 1
        self.finish([writer])
        self.assertGreater(made, 0)

    def slowly(self, calls, milliseconds):
        """A prefix that has each of these system calls wait before it and after it; nothing where strace cannot."""
        if can_trace():
            return ""
        # A leak cannot be looked for while another program traces.
        options = self.scratch.env.get("ASAN_OPTIONS", "")
        self.scratch.env["ASAN_OPTIONS"] = ":".join(filter(None, [options, "detect_leaks=0"]))
        delay = 1000 * milliseconds
        return f"strace -f -qq -o /dev/null -e trace={calls} -e inject={calls}:delay_enter={delay}:delay_exit={delay}"

    def test_tokens_are_made_and_certificates_come_in_while_the_store_key_is_changed(self):
        self.scratch.issuer("s.db")
        self.ok("new-partner-application", "exchange", "--store", "s.db", "--application-identifier", "exchange", "--realm",
                "contoso.com", "--application-trust-level", "full", "--certificate-file-data", DATA / "cert-other.pem")
        change = """
i=0
while [ $i -lt 15 ]; do
  $1 update-management-store-key --store s.db --quiet --property ReencryptedKeys > /dev/null || echo "$? update"
  i=$((i + 1))
done
"""
        mint = """
while [ ! -e stop ]; do
  $1 new-oauth-token exchange --store s.db --host mail.contoso.com > /dev/null || echo "$? new-oauth-token"
  echo >> made
done
"""
        # Keys that come in are sealed while the one that they are sealed under may be on its way out.
        take_in = f"""
while [ ! -e stop ]; do
  thumbprint=$(request-certificate --store s.db --new --self-signed --key-alg P-256 --type Default --identity global \\
    --confirm=false --quiet --property Thumbprint --format value) || echo "$? request-certificate"
  export-certificate --store s.db --thumbprint $thumbprint --include-private-key --output-file a.pfx --force \\
    --password-file '{DATA}/password' || echo "$? export-certificate"
done
"""
        # Between the commit and the rename there is hardly any time, and between a reader's looks at the files less: some
        # of the processes take theirs.
        slow_change, slow_mint = self.slowly("rename", 10), self.slowly("openat", 5)
        others = [self.start(mint), self.start(mint, slow_mint), self.start(mint, slow_mint), self.start(take_in)]
        changers = [self.start(change), self.start(change, slow_change)]
        self.finish(changers)
        (self.scratch.path / "stop").touch()
        self.finish(others)
        made = len((self.scratch.path / "made").read_bytes())
        self.assertGreater(made, 20)
        self.assertFalse((self.scratch.path / "s.db.key.new").exists())
        self.ok("new-oauth-token", "exchange", "--store", "s.db", "--host", "mail.contoso.com")
        # Each of the keys opens, those that came in early and those that came in late.
        again = self.ok("update-management-store-key", "--store", "s.db", "--quiet", "--output", "json").json()
        self.assertGreater(again["ReencryptedKeys"], 3)


if __name__ == "__main__":
    assert (BIN / "accord").exists(), BIN
    main()
