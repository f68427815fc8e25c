# SPDX-License-Identifier: GPL-3.0-or-later
"""Cursors: catching up, snapshots, and going live without a seam."""

import os

import pytest

from kith_client import refused, uuid7
from kith_server import unique_name


def test_catching_up_after_absence(shared):
    one, other, conversation = shared.two_friends()
    other.close()
    for n in range(150):
        one.send_text(conversation, f"while away {n}")
    one.request("set_typing", conversation_id=conversation, typing=True)
    back = shared.back(other, live=False)
    events = back.catch_up(limit=40)
    messages = [e.message for e in events
                if e.WhichOneof("body") == "message"]
    assert [m.content.text for m in messages] == \
        [f"while away {n}" for n in range(150)]
    # and then live, nothing twice
    one.send_text(conversation, "now")
    back.events.clear()
    assert back.wait_event("message").content.text == "now"


def test_cursor_moves_over_what_belongs_to_others(shared):
    watcher = shared.person()
    one, _, conversation = shared.two_friends()
    newest = one.send_text(conversation, "not for the watcher").sequence
    page = watcher.request("catch_up", epoch=watcher.cursor[0],
                           sequence=watcher.cursor[1])
    assert not page.events and not page.more
    assert page.sequence >= newest


def test_no_seam_between_catching_up_and_live(shared):
    """Messages keep coming while a device catches up and becomes live."""
    one, other, conversation = shared.two_friends()
    start = other.cursor
    requests = []
    for n in range(300):
        requests.append(one.send(
            "send_message", uuid7(), conversation_id=conversation,
            content=shared.pb.Content(text=str(n))))
        if n == 150:
            device = shared.device(other, live=False)
            device.cursor = start
            device.catch_up(limit=7)
    for request in requests:
        one.answer(request)
    seen = [device.wait_event("message").number for _ in range(300)]
    assert seen == list(range(1, 301))


def test_nothing_is_pushed_before_the_connection_is_live(shared):
    one, other, conversation = shared.two_friends()
    device = shared.device(other, live=False)
    one.send_text(conversation, "not yet")
    assert not device.pump(0.3)  # it would be an event too early
    device.snapshot()
    one.send_text(conversation, "not yet either")
    assert not device.pump(0.3)
    device.catch_up()
    assert [m.number for m in (e.message for e in device.events)] == [2]


def test_snapshot_tells_the_state(shared):
    one, friend, conversation = shared.two_friends()
    former, asked, asking = (shared.person() for _ in range(3))
    old = shared.befriend(one, former)
    one.send_text(old, "farewell")
    one.change("remove_friend", user_id=former.id)
    one.change("send_friend_request", name=asked.name)
    asking.change("send_friend_request", name=one.name)
    friend.send_text(conversation, "unread")
    whole = shared.device(one, live=False).snapshot()
    views = {c.peer.name: c for c in whole.conversations}
    assert set(views) == {friend.name, former.name}
    assert views[friend.name].friends and not views[former.name].friends
    assert views[friend.name].id == conversation
    assert views[friend.name].unread == 1
    assert views[friend.name].online and not views[former.name].online
    assert views[former.name].last_message.content.text == "farewell"
    assert {m.user_id for m in views[friend.name].marks} == \
        {one.id, friend.id}
    assert {m.user_id for m in views[former.name].marks} == {one.id}
    requests = {(getattr(r, "from").name, r.to.name)
                for r in whole.friend_requests}
    assert requests == {(one.name, asked.name), (asking.name, one.name)}


def test_snapshot_and_events_tell_the_same(shared):
    """From a snapshot or from the first event: the same state."""
    one, friend, conversation = shared.two_friends()
    for n in range(5):
        one.send_text(conversation, str(n))
    friend.request("mark_read", conversation_id=conversation, number=3)
    replayed = shared.device(one, live=False)
    replayed.cursor = (replayed.greeting.epoch, 0)
    events = replayed.catch_up()
    kinds = [e.WhichOneof("body") for e in events]
    assert kinds.count("message") == 5 and "friend_added" in kinds
    marks = [e.mark for e in events if e.WhichOneof("body") == "mark"
             and e.mark.user_id == friend.id]
    view = shared.device(one, live=False).snapshot().conversations[0]
    told = next(m for m in view.marks if m.user_id == friend.id)
    assert max(m.read for m in marks) == told.read == 3
    assert max(m.delivered for m in marks) == told.delivered


def test_large_snapshot_comes_in_pages(make_server):
    server = make_server().start()
    popular = server.person()
    count, names = 110, set()
    for _ in range(count):
        fan = server.connect()
        names.add(fan.sign_up(unique_name(), "correct horse 7").self.name)
        asked = fan.change("send_friend_request", name=popular.name)
        popular.change("accept_friend_request", id=asked.id)
        fan.close()
    device = server.device(popular, live=False)
    first = device.request("get_snapshot")
    assert first.next
    assert len(first.conversations) <= device.greeting.limits.page
    whole = device.snapshot()
    assert {c.peer.name for c in whole.conversations} == names
    assert len({c.id for c in whole.conversations}) == count


@pytest.mark.parametrize("wrong", ["epoch", "ahead", "short epoch"])
def test_foreign_cursors_need_a_snapshot(shared, wrong):
    person = shared.person()
    epoch, sequence = person.cursor
    cursor = {"epoch": (os.urandom(16), sequence),
              "ahead": (epoch, sequence + 10**9),
              "short epoch": (b"", sequence)}[wrong]
    device = shared.device(person, live=False)
    try:
        page = device.request("catch_up", epoch=cursor[0], sequence=cursor[1])
    except Exception as error:  # an epoch of another length may be malformed
        assert wrong == "short epoch" and error.code == "MALFORMED"
        return
    assert page.snapshot_needed and page.epoch == epoch
    assert not page.events
    assert not device.pump(0.2), "it must not be live"
    device.snapshot()
    device.catch_up()


def test_foreign_snapshot_page_is_refused(shared):
    with refused("MALFORMED"):
        shared.person().request("get_snapshot", **{"from": 2**64 - 1})


def test_slow_reader_loses_nothing(shared):
    """A client that does not read is held back, not flooded and not lost."""
    one, other, conversation = shared.two_friends()
    text = "x" * 4000
    requests = [one.send("send_message", uuid7(),
                         conversation_id=conversation,
                         content=shared.pb.Content(text=text))
                for _ in range(1500)]  # 6 MB, more than sockets hold
    for request in requests:
        one.answer(request, 120)
        one.events.clear()
    assert one.alive(), "the writer must not feel the slow reader"
    numbers = [other.wait_event("message", 60).number for _ in range(1500)]
    assert numbers == list(range(1, 1501))


def test_pages_that_are_asked_for_at_once_are_all_answered(shared):
    """More of them than the daemon puts for one connection at a time, by one
    who then says nothing until they are there."""
    one, other, conversation = shared.two_friends()
    for _ in range(15):  # a page of history is full with these
        one.send_text(conversation, "long " * 800)
    asked = [other.send("get_history", conversation_id=conversation)
             for _ in range(20)]
    asked += [other.send("get_snapshot") for _ in range(5)]
    sizes = [other.answer(request).ByteSize() for request in asked]
    assert min(sizes[:20]) > 40000


def test_everything_survives_a_restart(server):
    one, other, conversation = server.two_friends()
    operation = uuid7()
    sent = one.send_text(conversation, "kept", operation)
    other.request("mark_read", conversation_id=conversation, number=1)
    server.stop()
    server.start()
    again = server.back(one, live=False)
    assert again.greeting.epoch == one.cursor[0]
    assert again.send_text(conversation, "kept", operation) == sent
    events = again.catch_up()
    assert any(e.mark.read == 1 for e in events)
    back = server.back(other)
    assert [m.content.text for m in back.whole_history(conversation)] == \
        ["kept"]
