/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The certificate's and key's bytes between the disk and the listener. Kept so
 * that a restarted listener gets the pair that was last found good, whatever
 * is on disk at that moment. Must never reach the hub, auth or the log.
 */
#include "identity.h"

#include <stdlib.h>
#include <string.h>

enum kith_code
identity_load(const struct settings *settings, struct identity *identity_r,
    struct fault *fault)
{
	struct identity i = { .certificate = NULL };
	enum kith_code code = settings_read_pem(settings->certificate, false,
	    &i.certificate, &i.certificate_length, fault);

	if (code == KITH_OK)
		code = settings_read_pem(
		    settings->private_key, true, &i.key, &i.key_length, fault);
	if (code == KITH_OK)
		code = settings_read_next_key(
		    settings, &i.next_key, &i.next_key_length, fault);
	if (code != KITH_OK) {
		identity_clear(&i);
		return code;
	}
	*identity_r = i;
	return KITH_OK;
}

void
identity_clear(struct identity *identity)
{
	/* the buffers are SETTINGS_PEM_MAX long, whatever was read */
	if (identity->key != NULL)
		explicit_bzero(identity->key, SETTINGS_PEM_MAX);
	free(identity->certificate);
	free(identity->key);
	free(identity->next_key);
	memset(identity, 0, sizeof(*identity));
}

void
identity_to_message(
    const struct identity *identity, Kith__Ipc__Settings *message)
{
	message->certificate.data = identity->certificate;
	message->certificate.len = identity->certificate_length;
	message->private_key.data = identity->key;
	message->private_key.len = identity->key_length;
	message->next_public_key.data = identity->next_key;
	message->next_public_key.len = identity->next_key_length;
}
