# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending, receiving, marks, history, typing and presence."""

import time

import pytest

from kith_client import refused, uuid7


def texts(client, count, timeout=20):
    return [client.wait_event("message", timeout).content.text
            for _ in range(count)]


def test_message_arrives_everywhere(shared):
    one, other, conversation = shared.two_friends()
    second = shared.device(other)
    operation = uuid7()
    before = time.time()
    sent = one.send_text(conversation, "Grüße 👋\nzweite Zeile", operation)
    assert sent.number == 1 and sent.conversation_id == conversation
    assert abs(sent.time_us / 1e6 - before) < 60
    for client in (one, other, second):
        message = client.wait_event("message")
        assert message.number == 1 and message.sender_id == one.id
        assert message.content.text == "Grüße 👋\nzweite Zeile"
        assert message.time_us == sent.time_us
        # only the sender learns the operation
        assert message.operation == (operation if client is one else b"")


def test_message_is_on_disk_when_it_is_answered(shared):
    one, _, conversation = shared.two_friends()
    sent = one.send_text(conversation, "durable")
    rows = shared.query("SELECT number FROM message WHERE conversation_id = "
                        f"{conversation}")
    assert rows == [[str(sent.number)]]


def test_numbers_have_no_gap_and_order_is_one(shared):
    one, other, conversation = shared.two_friends()
    devices = [one, shared.device(one), other, shared.device(other)]
    waiting = []
    for turn in range(25):
        for client in devices:
            waiting.append((client, client.send(
                "send_message", uuid7(), conversation_id=conversation,
                content=shared.pb.Content(text=f"{turn}"))))
    numbers = [client.answer(request).number for client, request in waiting]
    assert sorted(numbers) == list(range(1, 101))
    for client in devices:
        mine = [number for (who, _), number in zip(waiting, numbers)
                if who is client]
        assert mine == sorted(mine), "a connection's order was changed"
    seen = [[(m.number, m.sender_id, m.content.text) for m in
             (client.wait_event("message") for _ in range(100))]
            for client in devices]
    assert seen[0] == seen[1] == seen[2] == seen[3]
    assert [number for number, _, _ in seen[0]] == list(range(1, 101))
    assert [(m.number, m.sender_id, m.content.text)
            for m in one.whole_history(conversation)] == seen[0]


def test_resent_message_is_stored_once(shared):
    one, other, conversation = shared.two_friends()
    operation = uuid7()
    first = one.send_text(conversation, "once", operation)
    assert one.send_text(conversation, "once", operation) == first
    # after a reconnect, and from another device
    assert shared.back(one).send_text(conversation, "once",
                                      operation) == first
    assert shared.device(one).send_text(conversation, "once",
                                        operation) == first
    assert [m.content.text for m in one.whole_history(conversation)] == \
        ["once"]
    other.drain()
    assert len([e for e in other.events
                if e.WhichOneof("body") == "message"]) == 1
    with refused("CONFLICT"):
        one.send_text(conversation, "twice", operation)
    with refused("CONFLICT"):
        one.change("remove_friend", operation, user_id=other.id)
    # another person may happen to use the same id
    assert other.send_text(conversation, "once", operation).number == 2


def test_resends_without_waiting(shared):
    one, _, conversation = shared.two_friends()
    operation = uuid7()
    requests = [one.send("send_message", operation,
                         conversation_id=conversation,
                         content=shared.pb.Content(text="x"))
                for _ in range(50)]
    answers = {one.answer(r).SerializeToString() for r in requests}
    assert len(answers) == 1
    assert len(one.whole_history(conversation)) == 1


def test_refused_message_consumes_nothing(shared):
    one, other, conversation = shared.two_friends()
    operation = uuid7()
    with refused("BAD_TEXT"):
        one.send_text(conversation, "", operation)
    assert one.send_text(conversation, "now with words", operation).number == 1
    assert other.send_text(conversation, "second").number == 2


def test_conversations_of_others_cannot_be_found(shared):
    one, other, conversation = shared.two_friends()
    one.send_text(conversation, "private")
    stranger = shared.person()
    wrong = [conversation, conversation + 100000, 0, 2**63, 2**64 - 1]
    for number in wrong:
        for verb, fields in (
                ("send_message", {"content": shared.pb.Content(text="x")}),
                ("get_history", {}), ("mark_read", {"number": 1}),
                ("mark_delivered", {"number": 1}),
                ("set_typing", {"typing": True})):
            operation = uuid7() if verb == "send_message" else b""
            with refused("NOT_FOUND", "MALFORMED"):
                stranger.request(verb, operation, conversation_id=number,
                                 **fields)
    assert not stranger.events and not stranger.typing
    assert other.alive()


def test_request_zero_is_answered_only_when_refused(shared):
    one, other, conversation = shared.two_friends()
    one.connection.send_frame(one.pack(
        "send_message", 0, uuid7(), conversation_id=conversation,
        content=shared.pb.Content(text="silently")))
    assert other.wait_event("message").content.text == "silently"
    one.drain()
    one.connection.send_frame(one.pack(
        "send_message", 0, uuid7(), conversation_id=conversation))
    with refused("BAD_TEXT", "UNSUPPORTED"):
        one.pump(20)


# --- history --------------------------------------------------------------

def test_paging_back(shared):
    one, other, conversation = shared.two_friends()
    requests = [one.send("send_message", uuid7(),
                         conversation_id=conversation,
                         content=shared.pb.Content(text=f"text {n}"))
                for n in range(1, 251)]
    for request in requests:
        one.answer(request)
    page = other.history(conversation)
    assert page.messages[-1].number == 250 and page.first_kept == 1
    assert 1 < len(page.messages) <= other.greeting.limits.page
    page = other.history(conversation, before=11, limit=4)
    assert [m.number for m in page.messages] == [7, 8, 9, 10]
    assert [m.content.text for m in page.messages] == \
        ["text 7", "text 8", "text 9", "text 10"]
    assert not other.history(conversation, before=1).messages
    assert len(other.history(conversation, limit=10**6).messages) <= \
        other.greeting.limits.page
    for limit in (0, 1, 7, 100):
        whole = other.whole_history(conversation, limit)
        assert [m.number for m in whole] == list(range(1, 251))


def test_pages_of_long_texts_fit_a_frame(shared):
    one, other, conversation = shared.two_friends()
    start = other.cursor
    for n in range(40):
        one.send_text(conversation, f"{n:02}" + "x" * 4094)
    # the client refuses a frame over the limit
    assert len(other.whole_history(conversation, 100)) == 40
    fresh = shared.back(other, live=False)
    fresh.cursor = start
    assert len([e for e in fresh.catch_up(100)
                if e.WhichOneof("body") == "message"]) == 40
    assert len(shared.device(other).whole_history(conversation)) == 40


# --- marks ----------------------------------------------------------------

def mark_of(conversation, user_id):
    return next(m for m in conversation.marks if m.user_id == user_id)


def test_marks_rise_and_reach_the_sender(shared):
    one, other, conversation = shared.two_friends()
    for n in range(5):
        one.send_text(conversation, str(n))
    other.request("mark_delivered", conversation_id=conversation, number=3)
    mark = one.wait_event("mark", where=lambda m: m.user_id == other.id)
    assert (mark.conversation_id, mark.delivered, mark.read) == \
        (conversation, 3, 0)
    other.request("mark_read", conversation_id=conversation, number=4)
    mark = one.wait_event("mark", where=lambda m: m.read == 4)
    assert mark.user_id == other.id and mark.delivered == 4
    other.drain()
    one.drain()
    one.events.clear()
    # lower ones are answered and change nothing
    other.request("mark_read", conversation_id=conversation, number=2)
    other.request("mark_delivered", conversation_id=conversation, number=1)
    one.drain()
    assert not one.events
    with refused("NOT_FOUND"):
        other.request("mark_read", conversation_id=conversation, number=6)


def test_unread_counts_in_the_snapshot(shared):
    one, other, conversation = shared.two_friends()
    for n in range(5):
        one.send_text(conversation, str(n))
    other.send_text(conversation, "mine")
    view = shared.device(other, live=False).snapshot().conversations[0]
    assert view.unread == 5 and view.last_number == 6
    assert view.last_message.content.text == "mine"
    other.request("mark_read", conversation_id=conversation, number=3)
    view = shared.device(other, live=False).snapshot().conversations[0]
    assert view.unread == 2
    assert mark_of(view, other.id).read == 3
    assert mark_of(view, one.id).read == 0
    mine = shared.device(one, live=False).snapshot().conversations[0]
    assert mine.unread == 1


def test_reading_on_one_device_shows_on_the_other(shared):
    one, other, conversation = shared.two_friends()
    second = shared.device(other)
    one.send_text(conversation, "read me")
    other.request("mark_read", conversation_id=conversation, number=1)
    mark = second.wait_event("mark", where=lambda m: m.read == 1)
    assert mark.user_id == other.id


# --- live -----------------------------------------------------------------

def test_typing_is_seen_by_the_other_only(shared):
    one, other, conversation = shared.two_friends()
    own_device = shared.device(one)
    one.request("set_typing", conversation_id=conversation, typing=True)
    seen = other.wait_live("typing", lambda t: t.typing)
    assert (seen.conversation_id, seen.user_id) == (conversation, one.id)
    one.request("set_typing", conversation_id=conversation, typing=False)
    other.wait_live("typing", lambda t: not t.typing)
    own_device.drain(0.1)
    assert not own_device.typing and not one.typing


def test_typing_needs_friends(shared):
    one, other, conversation = shared.two_friends()
    one.change("remove_friend", user_id=other.id)
    other.wait_event("friend_removed")
    with refused("NOT_FRIENDS"):
        one.request("set_typing", conversation_id=conversation, typing=True)


def test_presence_comes_and_goes(shared):
    one, other, _ = shared.two_friends()
    other.close()
    one.wait_live("presence",
                  lambda p: p.user_id == other.id and not p.online, 30)
    back = shared.back(other)
    back.wait_live("presence", lambda p: p.user_id == one.id and p.online)
    one.wait_live("presence", lambda p: p.user_id == other.id and p.online)
    view = shared.device(one, live=False).snapshot().conversations[0]
    assert view.online


def test_presence_lasts_as_long_as_one_device_is_there(shared):
    one, other, _ = shared.two_friends()
    second = shared.device(other)
    one.drain(0.1)
    one.presence.clear()
    other.close()
    one.drain(1)
    assert not one.presence
    second.close()
    one.wait_live("presence",
                  lambda p: p.user_id == other.id and not p.online, 30)


def test_strangers_see_nothing(shared):
    one, other, conversation = shared.two_friends()
    stranger = shared.person()
    one.send_text(conversation, "hello")
    one.request("set_typing", conversation_id=conversation, typing=True)
    other.wait_event("message")
    other.wait_live("typing", lambda t: t.typing)
    stranger.drain()
    assert not (stranger.events or stranger.typing or stranger.presence)


def test_presence_ends_with_the_friendship(shared):
    one, other, _ = shared.two_friends()
    one.change("remove_friend", user_id=other.id)
    other.wait_event("friend_removed")
    one.drain(0.1)
    one.presence.clear()
    other.close()
    shared.back(other)
    one.drain(1)
    assert not [p for p in one.presence
                if p.user_id == other.id and p.online]


@pytest.mark.parametrize("text", [
    "x", "\t\n x", "x" * 4096, "é" * 2048, "a" + "\u0301" * 8,
    "<b>&amp;</b> %s %n \\ ' \" ;", "\u200f\u05d0\u05d1", "🏳️‍🌈 👩‍👩‍👧‍👦"], ids=range(8))
def test_text_comes_back_exactly(shared, text):
    one, other, conversation = shared.two_friends()
    one.send_text(conversation, text)
    assert texts(other, 1) == [text]
    assert other.history(conversation).messages[0].content.text == text
