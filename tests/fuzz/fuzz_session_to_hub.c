/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the hub makes of a session that was taken over: its own way of opening
 * a datagram. The hub packs a request again to hash it, into as many bytes as
 * a datagram can have.
 */
#include "fuzz.h"

#include "ipc.h"
#include "ipc.pb-c.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	ProtobufCMessage *m = NULL;
	enum kith_code code = ipc_unpack(
	    &kith__ipc__session_to_hub__descriptor, bytes, length, &m);

	if (code != KITH_OK) {
		PROMISE(m == NULL);
		return 0;
	}
	PROMISE(protobuf_c_message_get_packed_size(m) <= length);
	ipc_message_wipe(&m);
	return 0;
}
