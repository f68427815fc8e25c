/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cache's files in their folder, and how a new one takes the place of one
 * that is damaged. Must never move or delete what holds the only copy of
 * something typed:
 *
 *   cache.db.new      is filled from cache.db, which stays where it is; worth
 *                     nothing before it has all
 *   cache.db.rescued  has all, and is cache.db from then on: who finds it ends
 *                     the change of places
 *   cache.db.damaged  is what was cache.db
 */
#include "cache-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <unistd.h>

#include "client-error.h"

#define CACHE_FILE "cache.db"
#define CACHE_NEW_FILE "cache.db.new"
#define CACHE_RESCUED_FILE "cache.db.rescued"
#define CACHE_DAMAGED_FILE "cache.db.damaged"
#define LOG "-wal"
#define INDEX "-shm"

static char *
path_of (const char *folder, const char *name, const char *suffix)
{
  return g_strconcat (folder, G_DIR_SEPARATOR_S, name, suffix, NULL);
}

static gboolean
is_there (const char *folder, const char *name)
{
  g_autofree char *path = path_of (folder, name, "");

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
delete_file (const char *folder, const char *name, const char *suffix)
{
  g_autofree char *path = path_of (folder, name, suffix);

  unlink (path);
}

static void
delete_files (const char *folder, const char *name)
{
  delete_file (folder, name, "");
  delete_file (folder, name, LOG);
  delete_file (folder, name, INDEX);
}

/* What is not there need not be moved. */
static gboolean
move_file (const char *folder, const char *from, const char *to,
           const char *suffix, GError **error)
{
  g_autofree char *source = path_of (folder, from, suffix);
  g_autofree char *target = path_of (folder, to, suffix);
  g_autofree char *sentence = NULL;

  if (rename (source, target) == 0 || errno == ENOENT)
    return TRUE;
  sentence = g_strdup_printf (_ ("The local store on this computer cannot be "
                                 "moved: %s."),
                              g_strerror (errno));
  g_propagate_error (error, client_error_new (KITH_IO, sentence));
  return FALSE;
}

/*
 * Killed anywhere in it, it goes on by what is there: while there is a rescued
 * one, cache.db is the damaged one. Its log goes before the other comes: left
 * under that name it would be taken for the other's.
 */
static gboolean
change_places (const char *folder, GError **error)
{
  if (!is_there (folder, CACHE_RESCUED_FILE))
    return TRUE;
  if (is_there (folder, CACHE_FILE))
    delete_files (folder, CACHE_DAMAGED_FILE);
  if (!move_file (folder, CACHE_FILE, CACHE_DAMAGED_FILE, "", error)
      || !move_file (folder, CACHE_FILE, CACHE_DAMAGED_FILE, LOG, error))
    return FALSE;
  delete_file (folder, CACHE_FILE, INDEX);
  return move_file (folder, CACHE_RESCUED_FILE, CACHE_FILE, "", error);
}

static gboolean
fill_new (const char *folder, GError **error)
{
  g_autofree char *damaged = path_of (folder, CACHE_FILE, "");
  g_autofree char *file = path_of (folder, CACHE_NEW_FILE, "");
  g_autoptr (Cache) fresh = cache_open_file (file, error);

  return fresh != NULL && cache_rescue (fresh, damaged, error)
         && cache_seal (fresh, error);
}

Cache *
cache_open (const char *folder, GError **error)
{
  g_autofree char *file = path_of (folder, CACHE_FILE, "");

  return change_places (folder, error) ? cache_open_file (file, error) : NULL;
}

Cache *
cache_move_aside (const char *folder, GError **error)
{
  delete_files (folder, CACHE_NEW_FILE);
  if (!fill_new (folder, error)) {
    delete_files (folder, CACHE_NEW_FILE);
    return NULL;
  }
  if (!move_file (folder, CACHE_NEW_FILE, CACHE_RESCUED_FILE, "", error))
    return NULL;
  return cache_open (folder, error);
}

void
cache_delete (const char *folder)
{
  delete_files (folder, CACHE_FILE);
  delete_files (folder, CACHE_NEW_FILE);
  delete_files (folder, CACHE_RESCUED_FILE);
  delete_files (folder, CACHE_DAMAGED_FILE);
}
