/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Holds: for each file of this process what was written and not synced, as
 * blocks that lie over the real file. All handles of one file share them.
 * Never used but in test builds. One thread only, as the store is.
 */

#include "crash_vfs.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "mem.h"

#define BLOCK_BYTES 4096

struct block {
	sqlite3_int64 offset; /* in the file, a multiple of BLOCK_BYTES */
	UT_hash_handle hh;
	unsigned char bytes[BLOCK_BYTES];
};

struct overlay {
	char *path;
	unsigned int handles;
	struct block *blocks;
	bool dirty;
	sqlite3_int64 size; /* while dirty: where our writes end */
	/*
	 * While dirty: from here on the real file's bytes are gone, because
	 * they were cut off. Negative: nothing was.
	 */
	sqlite3_int64 real_end;
	struct overlay *next;
};

struct handle {
	sqlite3_file base;
	struct overlay *overlay; /* NULL: passed through */
	/* The real handle follows in the same allocation. */
};

static sqlite3_vfs *real_vfs;
static struct overlay *overlays;
static size_t held_blocks;

size_t
crash_vfs_held(void)
{
	return held_blocks * BLOCK_BYTES;
}

static sqlite3_file *
real_of(sqlite3_file *file)
{
	return (sqlite3_file *)((struct handle *)file + 1);
}

/* ---- overlays -------------------------------------------------------- */

static struct overlay *
overlay_of(const char *path)
{
	struct overlay *o;

	for (o = overlays; o != NULL; o = o->next)
		if (strcmp(o->path, path) == 0)
			break;
	if (o == NULL) {
		o = MEM_NEW(struct overlay);
		o->path = mem_dup_string(path);
		o->real_end = -1;
		o->next = overlays;
		overlays = o;
	}
	o->handles++;
	return o;
}

static void
drop_block(struct overlay *o, struct block *block)
{
	HASH_DEL(o->blocks, block);
	free(block);
	held_blocks--;
}

static void
overlay_clean(struct overlay *o)
{
	struct block *block, *next;

	HASH_ITER (hh, o->blocks, block, next) {
		drop_block(o, block);
	}
	o->dirty = false;
	o->real_end = -1;
}

static void
overlay_release(struct overlay *o)
{
	struct overlay **place;

	if (--o->handles > 0)
		return;
	overlay_clean(o);
	for (place = &overlays; *place != o; place = &(*place)->next)
		;
	*place = o->next;
	free(o->path);
	free(o);
}

/* The size that the file would have if all were written. */
static int
size_of(sqlite3_file *file, sqlite3_int64 *size_r)
{
	struct overlay *o = ((struct handle *)file)->overlay;
	int rc;

	if (o != NULL && o->dirty && o->real_end >= 0) {
		*size_r = o->size;
		return SQLITE_OK;
	}
	rc = real_of(file)->pMethods->xFileSize(real_of(file), size_r);
	if (rc == SQLITE_OK && o != NULL && o->dirty && o->size > *size_r)
		*size_r = o->size;
	return rc;
}

/* The real file's bytes, as far as they still count, then zeros. */
static int
read_real(sqlite3_file *file, unsigned char *bytes, sqlite3_int64 length,
    sqlite3_int64 offset)
{
	struct overlay *o = ((struct handle *)file)->overlay;
	sqlite3_file *real = real_of(file);
	sqlite3_int64 wanted = length;
	int rc;

	memset(bytes, 0, (size_t)length);
	if (o->real_end >= 0 && offset + wanted > o->real_end)
		wanted = o->real_end - offset;
	if (wanted <= 0)
		return SQLITE_OK;
	rc = real->pMethods->xRead(real, bytes, (int)wanted, offset);
	return rc == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : rc;
}

static struct block *
find_block(struct overlay *o, sqlite3_int64 offset)
{
	struct block *block;

	HASH_FIND(hh, o->blocks, &offset, sizeof(offset), block);
	return block;
}

static int
need_block(sqlite3_file *file, sqlite3_int64 offset, struct block **block_r)
{
	struct overlay *o = ((struct handle *)file)->overlay;
	struct block *block = find_block(o, offset);
	int rc = SQLITE_OK;

	if (block == NULL) {
		block = MEM_NEW(struct block);
		block->offset = offset;
		rc = read_real(file, block->bytes, BLOCK_BYTES, offset);
		if (rc != SQLITE_OK) {
			free(block);
			return rc;
		}
		HASH_ADD(hh, o->blocks, offset, sizeof(block->offset), block);
		held_blocks++;
	}
	*block_r = block;
	return rc;
}

static void
make_dirty(struct overlay *o)
{
	if (o->dirty)
		return;
	o->dirty = true;
	o->size = 0;
	o->real_end = -1;
}

/* ---- writing out ----------------------------------------------------- */

static int
by_offset(const struct block *a, const struct block *b)
{
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static int
write_blocks(struct overlay *o, sqlite3_file *real, sqlite3_int64 size)
{
	struct block *block, *next;
	sqlite3_int64 length;
	int rc;

	HASH_SRT(hh, o->blocks, by_offset);
	HASH_ITER (hh, o->blocks, block, next) {
		length = size - block->offset;
		if (length > BLOCK_BYTES)
			length = BLOCK_BYTES;
		if (length > 0) {
			rc = real->pMethods->xWrite(
			    real, block->bytes, (int)length, block->offset);
			if (rc != SQLITE_OK)
				return rc;
		}
		drop_block(o, block);
	}
	return SQLITE_OK;
}

/* Everything that is held goes to the real file; whoever wants it syncs. */
static int
write_out(sqlite3_file *file)
{
	struct overlay *o = ((struct handle *)file)->overlay;
	sqlite3_file *real = real_of(file);
	sqlite3_int64 size, real_size;
	int rc;

	if (o == NULL || !o->dirty)
		return SQLITE_OK;
	rc = size_of(file, &size);
	if (rc == SQLITE_OK)
		rc = real->pMethods->xFileSize(real, &real_size);
	if (rc == SQLITE_OK && o->real_end >= 0 && o->real_end < real_size) {
		rc = real->pMethods->xTruncate(real, o->real_end);
		real_size = o->real_end;
	}
	if (rc == SQLITE_OK)
		rc = write_blocks(o, real, size);
	if (rc == SQLITE_OK)
		rc = real->pMethods->xFileSize(real, &real_size);
	if (rc == SQLITE_OK && real_size < size)
		rc = real->pMethods->xTruncate(real, size);
	if (rc == SQLITE_OK)
		overlay_clean(o);
	return rc;
}

/* ---- the methods of a file ------------------------------------------- */

static int
crash_close(sqlite3_file *file)
{
	struct handle *handle = (struct handle *)file;
	int rc = write_out(file);
	int closed = real_of(file)->pMethods->xClose(real_of(file));

	if (handle->overlay != NULL)
		overlay_release(handle->overlay);
	handle->overlay = NULL;
	return rc != SQLITE_OK ? rc : closed;
}

static int
read_over(sqlite3_file *file, unsigned char *bytes, sqlite3_int64 length,
    sqlite3_int64 offset)
{
	struct overlay *o = ((struct handle *)file)->overlay;
	sqlite3_int64 skip, part;
	struct block *block;
	int rc;

	for (; length > 0; bytes += part, offset += part, length -= part) {
		skip = offset % BLOCK_BYTES;
		part =
		    BLOCK_BYTES - skip < length ? BLOCK_BYTES - skip : length;
		block = find_block(o, offset - skip);
		if (block != NULL) {
			memcpy(bytes, block->bytes + skip, (size_t)part);
			continue;
		}
		rc = read_real(file, bytes, part, offset);
		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}

static int
crash_read(sqlite3_file *file, void *bytes, int length, sqlite3_int64 offset)
{
	struct overlay *o = ((struct handle *)file)->overlay;
	sqlite3_file *real = real_of(file);
	sqlite3_int64 size, there;
	int rc;

	if (o == NULL || !o->dirty)
		return real->pMethods->xRead(real, bytes, length, offset);
	rc = size_of(file, &size);
	if (rc != SQLITE_OK)
		return rc;
	there = size > offset ? size - offset : 0;
	if (there > length)
		there = length;
	memset(bytes, 0, (size_t)length);
	rc = read_over(file, bytes, there, offset);
	if (rc == SQLITE_OK && there < length)
		rc = SQLITE_IOERR_SHORT_READ;
	return rc;
}

static int
crash_write(
    sqlite3_file *file, const void *bytes, int length, sqlite3_int64 offset)
{
	struct overlay *o = ((struct handle *)file)->overlay;
	sqlite3_file *real = real_of(file);
	const unsigned char *from = bytes;
	sqlite3_int64 end = offset + length, skip, part;
	struct block *block;
	int rc;

	if (o == NULL)
		return real->pMethods->xWrite(real, bytes, length, offset);
	make_dirty(o);
	for (; offset < end; offset += part, from += part) {
		skip = offset % BLOCK_BYTES;
		part = BLOCK_BYTES - skip < end - offset ? BLOCK_BYTES - skip
							 : end - offset;
		rc = need_block(file, offset - skip, &block);
		if (rc != SQLITE_OK)
			return rc;
		memcpy(block->bytes + skip, from, (size_t)part);
	}
	if (end > o->size)
		o->size = end;
	return SQLITE_OK;
}

static int
crash_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct overlay *o = ((struct handle *)file)->overlay;
	sqlite3_file *real = real_of(file);
	struct block *block, *next;
	sqlite3_int64 before;
	int rc;

	if (o == NULL)
		return real->pMethods->xTruncate(real, size);
	rc = size_of(file, &before);
	if (rc != SQLITE_OK)
		return rc;
	make_dirty(o);
	if (o->real_end < 0 || o->real_end > size)
		o->real_end = size < before ? size : before;
	o->size = size;
	HASH_ITER (hh, o->blocks, block, next) {
		if (block->offset >= size)
			drop_block(o, block);
		else if (block->offset + BLOCK_BYTES > size)
			memset(block->bytes + (size - block->offset), 0,
			    (size_t)(block->offset + BLOCK_BYTES - size));
	}
	return SQLITE_OK;
}

static int
crash_sync(sqlite3_file *file, int flags)
{
	int rc = write_out(file);

	if (rc != SQLITE_OK)
		return rc;
	return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int
crash_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int
crash_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int
crash_check_reserved(sqlite3_file *file, int *reserved_r)
{
	return real_of(file)->pMethods->xCheckReservedLock(
	    real_of(file), reserved_r);
}

static int
crash_control(sqlite3_file *file, int operation, void *argument)
{
	/* Would make the real file longer before its time. */
	if (operation == SQLITE_FCNTL_SIZE_HINT ||
	    operation == SQLITE_FCNTL_CHUNK_SIZE)
		return SQLITE_OK;
	return real_of(file)->pMethods->xFileControl(
	    real_of(file), operation, argument);
}

static int
crash_sector_size(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int
crash_characteristics(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int
crash_shm_map(sqlite3_file *file, int page, int page_size, int extend,
    void volatile **memory_r)
{
	return real_of(file)->pMethods->xShmMap(
	    real_of(file), page, page_size, extend, memory_r);
}

static int
crash_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	return real_of(file)->pMethods->xShmLock(
	    real_of(file), offset, count, flags);
}

static void
crash_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int
crash_shm_unmap(sqlite3_file *file, int delete)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), delete);
}

/* Version 2: no memory mapping, which would pass the overlay by. */
static const sqlite3_io_methods crash_methods = {
	.iVersion = 2,
	.xClose = crash_close,
	.xRead = crash_read,
	.xWrite = crash_write,
	.xTruncate = crash_truncate,
	.xSync = crash_sync,
	.xFileSize = size_of,
	.xLock = crash_lock,
	.xUnlock = crash_unlock,
	.xCheckReservedLock = crash_check_reserved,
	.xFileControl = crash_control,
	.xSectorSize = crash_sector_size,
	.xDeviceCharacteristics = crash_characteristics,
	.xShmMap = crash_shm_map,
	.xShmLock = crash_shm_lock,
	.xShmBarrier = crash_shm_barrier,
	.xShmUnmap = crash_shm_unmap,
};

/* ---- the file system ------------------------------------------------- */

#define HELD_BACK                                         \
	(SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | \
	    SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)

static int
crash_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
    int *flags_r)
{
	struct handle *handle = (struct handle *)file;
	int rc;

	memset(handle, 0, sizeof(*handle));
	rc = real_vfs->xOpen(real_vfs, path, real_of(file), flags, flags_r);
	if (rc != SQLITE_OK)
		return rc;
	if (path != NULL && (flags & HELD_BACK) != 0)
		handle->overlay = overlay_of(path);
	handle->base.pMethods = &crash_methods;
	return SQLITE_OK;
}

static int
crash_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	return real_vfs->xDelete(real_vfs, path, sync);
}

static int
crash_access(sqlite3_vfs *vfs, const char *path, int flags, int *result_r)
{
	return real_vfs->xAccess(real_vfs, path, flags, result_r);
}

static int
crash_full_pathname(sqlite3_vfs *vfs, const char *path, int size, char *path_r)
{
	return real_vfs->xFullPathname(real_vfs, path, size, path_r);
}

static int
crash_randomness(sqlite3_vfs *vfs, int length, char *bytes)
{
	return real_vfs->xRandomness(real_vfs, length, bytes);
}

static int
crash_sleep(sqlite3_vfs *vfs, int microseconds)
{
	return real_vfs->xSleep(real_vfs, microseconds);
}

static int
crash_last_error(sqlite3_vfs *vfs, int length, char *text)
{
	return real_vfs->xGetLastError(real_vfs, length, text);
}

static int
crash_time(sqlite3_vfs *vfs, sqlite3_int64 *time_r)
{
	return real_vfs->xCurrentTimeInt64(real_vfs, time_r);
}

__attribute__((constructor)) static void
crash_vfs_begin(void)
{
	static sqlite3_vfs vfs = {
		.iVersion = 2,
		.zName = "crash",
		.xOpen = crash_open,
		.xDelete = crash_delete,
		.xAccess = crash_access,
		.xFullPathname = crash_full_pathname,
		.xRandomness = crash_randomness,
		.xSleep = crash_sleep,
		.xGetLastError = crash_last_error,
		.xCurrentTimeInt64 = crash_time,
	};

	real_vfs = sqlite3_vfs_find(NULL);
	if (real_vfs == NULL)
		abort();
	vfs.szOsFile = (int)sizeof(struct handle) + real_vfs->szOsFile;
	vfs.mxPathname = real_vfs->mxPathname;
	if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
		abort();
}
