# SPDX-License-Identifier: GPL-3.0-or-later
"""kith-admin server: what it says of a server that runs, stumbles or stands
still."""

import json
import os
import signal

from admin_tool import FAILED, admin, pair  # noqa: F401 (fixtures)
from patience import VALGRIND, wait_until


def status(server):
    return json.loads(server.admin("server", "status", "--json").stdout)


def test_people_and_messages_are_counted(server):
    assert status(server)["server"]["people_online"] == 0
    one, other, conversation = server.two_friends()
    second = server.device(one)
    told = status(server)["server"]
    assert told["people_online"] == 2 and told["connections"] == 3
    for number in range(5):
        second.send_text(conversation, f"number {number}")
    told = status(server)["server"]
    assert told["messages_since_start"] == 5
    assert told["messages_last_minute"] == 5
    assert told["batches_last_minute"] == told["batches_since_start"] > 0
    # of which one says that there is no sandbox, as under valgrind
    assert told["warnings"] == (1 if VALGRIND else 0)
    assert told["errors"] == 0
    assert len(status(server)["notices"]) == told["warnings"]
    one.close()
    second.close()
    wait_until(lambda: status(server)["server"]["connections"] == 1,
               what="their end")


def test_a_child_that_died_is_told_of(server):
    """Also the hub: what it died of is kept by who saw it."""
    server.expect_deaths = True
    for role in ("auth", "hub"):
        os.kill(server.only(role).pid, signal.SIGKILL)

        def notices(role=role):
            done = server.admin("server", "status", "--json", check=False)
            if done.returncode != 0:
                return None
            answer = json.loads(done.stdout)
            return answer["server"]["state"] == "running" and [
                n for n in answer["notices"]
                if n["text"].startswith(f"the {role} was killed by signal 9")]
        found, = wait_until(notices, what="the news")
        assert (found["level"], found["role"]) == ("error", "parent")
    # the new hub knows of both
    told = status(server)
    assert len([n for n in told["notices"] if "signal 9" in n["text"]]) == 2
    assert told["server"]["errors"] >= 2
    shown = server.admin("server", "status").stdout
    assert "the auth was killed" in shown


def test_a_reload_that_failed_is_told_of(server):
    server.set(sign_up="perhaps")
    server.process.send_signal(signal.SIGHUP)
    notice, = wait_until(
        lambda: [n for n in status(server)["notices"]
                 if "nothing was reloaded" in n["text"]], what="the news")
    assert "sign-up must be one of" in notice["text"]


def test_what_is_kept_is_bounded(server):
    server.set(sign_up="perhaps")
    seen = 0
    for number in range(40):
        server.process.send_signal(signal.SIGHUP)
        server.wait_log("nothing was reloaded", since=seen)
        seen = len(server.log())
    notices = wait_until(
        lambda: len(status(server)["notices"]) == 32 and
        status(server)["notices"], what="as many as are kept")
    times = [notice["time"] for notice in notices]
    assert times == sorted(times)
    assert status(server)["server"]["errors"] >= 40


def test_nobody_else_may_ask(server):
    """Another user than root and kithd's own gets no answer."""
    if os.getuid() != 0:
        return
    import subprocess
    done = subprocess.run(
        ["setpriv", "--reuid=64739", "--regid=64739", "--clear-groups",
         str(server.programs.kith_admin), "server", "status", "--database",
         str(server.database)], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and not done.stdout


def test_stopped_server_shows_what_its_files_say(server):
    server.person()
    before = status(server)["server"]
    server.stop()
    after = status(server)["server"]
    assert after["state"] == "stopped"
    for key in ("name", "listen", "fingerprint", "users", "configuration",
                "certificate_until", "schema_version"):
        assert after[key] == before[key], key
    assert after["version"] is None and after["connections"] is None
    done = server.admin("server", "status")
    assert "not running" in done.stderr


def test_stats_count_what_is_there(pair):
    stats = pair.json("server", "stats")["stats"]
    assert stats["up"] == 0 and stats["users_active"] == 2
    pair.run("user", "lock", "bob")
    pair.run("friend", "add", "alice", "bob")
    pair.run("invite", "create", "--host", "x.example")
    stats = pair.json("server", "stats")["stats"]
    assert (stats["users_active"], stats["users_locked"]) == (1, 1)
    assert stats["friend_links"] == stats["conversations"] == 1
    assert stats["invites"] == 1 and stats["messages"] == 0
    text = pair.run("server", "stats", "--format", "prometheus").stdout
    assert 'kith_users{state="locked"} 1\n' in text
    assert "kith_up 0\n" in text and "kith_connections" not in text


def test_stats_without_a_database(admin):
    """A scrape goes on: that nothing is there is a figure too."""
    done = admin.run("server", "stats", "--format", "prometheus")
    assert "kith_up 0\n" in done.stdout and "kith_users" not in done.stdout
    assert str(admin.database) in done.stderr
    admin.run("server", "status", expect=FAILED)
