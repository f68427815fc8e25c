/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "hub.h"
#include "hub_request.h"

/*
 * The delivered and read marks of one batch, coalesced: however many requests
 * raise the marks of one person in one conversation, one row is written and
 * one event is told, after everything else in the batch.
 */
struct marks;

struct marks *marks_new(void);
void marks_free(struct marks **marks);

/* A REQUEST_MARK; it stays the batch's. Its code is set by marks_run(). */
void marks_add(struct marks *marks, struct request *request);

/* Writes them and answers each request. Only a broken store is returned. */
enum kith_code marks_run(struct marks *marks, struct hub *hub);
