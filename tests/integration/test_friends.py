# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a friend request and of a friendship."""

from kith_client import refused, uuid7


def ended(client, request_id):
    return client.wait_event("friend_request_ended",
                             where=lambda e: e.id == request_id).outcome


def outcome(server, name):
    return server.pb.FriendRequestEnded.Outcome.Value(name)


def test_request_and_acceptance_reach_both(shared):
    one, other = shared.person(), shared.person()
    asked = one.change("send_friend_request", name=other.name)
    assert asked.to.id == other.id and getattr(asked, "from").id == one.id
    for client in (one, other):
        seen = client.wait_event("friend_request")
        assert seen.id == asked.id
        assert getattr(seen, "from").name == one.name
        assert seen.to.name == other.name
    other.change("accept_friend_request", id=asked.id)
    conversations = set()
    for client, friend in ((one, other), (other, one)):
        assert ended(client, asked.id) == outcome(shared, "ACCEPTED")
        conversation = client.wait_event("friend_added").conversation
        assert conversation.peer.name == friend.name
        assert conversation.friends and conversation.last_number == 0
        assert conversation.first_kept == 1
        conversations.add(conversation.id)
    assert len(conversations) == 1
    with refused("ALREADY"):
        one.change("send_friend_request", name=other.name)


def test_both_ask_at_the_same_time(shared):
    one, other = shared.person(), shared.person()
    asked = one.change("send_friend_request", name=other.name)
    done = other.change("send_friend_request", name=one.name)
    assert done == shared.pb.Done()
    for client in (one, other):
        assert ended(client, asked.id) == outcome(shared, "ACCEPTED")
        assert client.wait_event("friend_added").conversation.friends


def test_reject_then_ask_again(shared):
    one, other = shared.person(), shared.person()
    asked = one.change("send_friend_request", name=other.name)
    other.change("reject_friend_request", id=asked.id)
    for client in (one, other):
        assert ended(client, asked.id) == outcome(shared, "REJECTED")
    with refused("NOT_FOUND"):
        other.change("accept_friend_request", id=asked.id)
    again = one.change("send_friend_request", name=other.name)
    assert again.id != asked.id


def test_cancel(shared):
    one, other = shared.person(), shared.person()
    asked = one.change("send_friend_request", name=other.name)
    one.change("cancel_friend_request", id=asked.id)
    for client in (one, other):
        assert ended(client, asked.id) == outcome(shared, "CANCELLED")
    with refused("NOT_FOUND"):
        other.change("accept_friend_request", id=asked.id)


def test_only_the_right_person_decides(shared):
    one, other, stranger = (shared.person() for _ in range(3))
    asked = one.change("send_friend_request", name=other.name)
    for client, verb in (
            (one, "accept_friend_request"), (one, "reject_friend_request"),
            (other, "cancel_friend_request"),
            (stranger, "accept_friend_request"),
            (stranger, "reject_friend_request"),
            (stranger, "cancel_friend_request")):
        with refused("NOT_FOUND"):
            client.change(verb, id=asked.id)
    for wrong in (0, asked.id + 100000, 2**63, 2**64 - 1):
        with refused("NOT_FOUND", "MALFORMED"):
            other.change("accept_friend_request", id=wrong)
    other.change("accept_friend_request", id=asked.id)


def test_refused_requests(shared):
    one = shared.person()
    with refused("NOT_FOUND"):
        one.change("send_friend_request", name="no-such-person")
    with refused("FORBIDDEN"):
        one.change("send_friend_request", name=one.name)
    with refused("BAD_NAME", "NOT_FOUND"):
        one.change("send_friend_request", name="Not A Name")
    other = shared.person()
    one.change("send_friend_request", name=other.name)
    with refused("ALREADY"):
        one.change("send_friend_request", name=other.name)


def test_unfriending_keeps_the_past_and_stops_writing(shared):
    one, other, conversation = shared.two_friends()
    one.send_text(conversation, "before")
    other.wait_event("message")
    one.change("remove_friend", user_id=other.id)
    for client, friend in ((one, other), (other, one)):
        removed = client.wait_event("friend_removed")
        assert removed.user_id == friend.id
        assert removed.conversation_id == conversation
        with refused("NOT_FRIENDS"):
            client.send_text(conversation, "after")
        page = client.history(conversation)
        assert [m.content.text for m in page.messages] == ["before"]
    with refused("NOT_FRIENDS"):
        one.change("remove_friend", user_id=other.id)


def as_new_device(shared, person, conversation):
    """What a device without any past is told: (marks by user, unread)."""
    snapshot = shared.device(person, live=False).snapshot()
    one, = (c for c in snapshot.conversations if c.id == conversation)
    return {m.user_id: (m.delivered, m.read) for m in one.marks}, one.unread


def test_former_friends_learn_nothing_of_each_others_marks(shared):
    one, other, conversation = shared.two_friends()
    second, late = shared.device(other), shared.device(one)
    for text in ("first", "second"):
        one.send_text(conversation, text)
        for client in (one, second, late):
            client.wait_event("message")
    late.close()
    other.request("mark_delivered", conversation_id=conversation, number=1)
    for client in (one, second):
        client.wait_event("mark")
    one.change("remove_friend", user_id=other.id)
    one.wait_event("friend_removed")
    other.request("mark_read", conversation_id=conversation, number=2)
    # one's own devices hear of it, live or new, and the other's do not
    assert second.wait_event("mark").read == 2
    one.drain()
    assert not one.events
    assert as_new_device(shared, other, conversation) == \
        ({other.id: (2, 2)}, 0)
    assert as_new_device(shared, one, conversation) == ({one.id: (0, 0)}, 0)
    late = shared.back(late)
    assert [e.WhichOneof("body") for e in late.events] == ["friend_removed"]
    # as friends again each is told anew
    asked = other.change("send_friend_request", name=one.name)
    one.change("accept_friend_request", id=asked.id)
    for client in (one, late):
        marks = client.wait_event("friend_added").conversation.marks
        assert (other.id, 2) in [(m.user_id, m.read) for m in marks]
    one.send_text(conversation, "third")
    other.request("mark_read", conversation_id=conversation, number=3)
    for client in (one, second, late):
        assert client.wait_event("mark").read == 3


def test_friends_again_in_the_old_conversation(shared):
    one, other, conversation = shared.two_friends()
    one.send_text(conversation, "first")
    other.wait_event("message")
    one.change("remove_friend", user_id=other.id)
    one.wait_event("friend_removed")
    other.wait_event("friend_removed")
    asked = other.change("send_friend_request", name=one.name)
    one.change("accept_friend_request", id=asked.id)
    for client in (one, other):
        back = client.wait_event("friend_added").conversation
        assert back.id == conversation and back.last_number == 1
        assert back.last_message.content.text == "first"
    assert other.send_text(conversation, "second").number == 2


def test_late_repeat_of_accept_after_unfriending_changes_nothing(shared):
    one, other = shared.person(), shared.person()
    asked = one.change("send_friend_request", name=other.name)
    operation = uuid7()
    other.change("accept_friend_request", operation, id=asked.id)
    conversation = one.wait_event("friend_added").conversation.id
    other.wait_event("friend_added")
    one.change("remove_friend", user_id=other.id)
    other.wait_event("friend_removed")
    other.events.clear()
    # answered as the first time, and nothing happens
    other.change("accept_friend_request", operation, id=asked.id)
    other.drain()
    assert not other.events
    with refused("NOT_FRIENDS"):
        other.send_text(conversation, "hello?")


def test_request_waits_for_who_is_away(shared):
    one, other = shared.person(), shared.person()
    other.close()
    asked = one.change("send_friend_request", name=other.name)
    other = shared.back(other)
    assert other.wait_event("friend_request").id == asked.id
    fresh = shared.device(other, live=False)
    whole = fresh.snapshot()
    assert [r.id for r in whole.friend_requests] == [asked.id]
