/* The keyring of Linux: see keyring.h. */
#include "base/keyring.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char keyring_type[] = "user";

/* The number of the key, or -1 with errno. A session that a daemon or cron began does not look
 * into the user's keyring by itself. */
static long keyring_find(const char *description)
{
	long key = syscall(SYS_request_key, keyring_type, description, NULL, 0);

	if (key < 0 && errno == ENOKEY)
		key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, keyring_type,
			      description, 0);
	if (key < 0 && errno == ENOKEY) {
		long persistent = syscall(SYS_keyctl, KEYCTL_GET_PERSISTENT, -1,
					  KEY_SPEC_PROCESS_KEYRING);

		if (persistent >= 0)
			key = syscall(SYS_keyctl, KEYCTL_SEARCH, persistent, keyring_type,
				      description, 0);
		else
			errno = ENOKEY;
	}
	return key;
}

static int keyring_load(long key, struct buf *out, struct error *error)
{
	long size = syscall(SYS_keyctl, KEYCTL_READ, key, NULL, 0);
	long got;

	if (size < 0)
		return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno,
				       "the key cannot be read");
	if (buf_reserve(out, (size_t)size))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "the key is too long");
	got = syscall(SYS_keyctl, KEYCTL_READ, key, out->data + out->len, size);
	if (got < 0 || got > size)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "the key changed while it was read");
	out->len += (size_t)got;
	out->data[out->len] = '\0';
	return 1;
}

int keyring_read(const char *description, struct buf *out, struct error *error)
{
	long key = keyring_find(description);

	if (key >= 0)
		return keyring_load(key, out, error);
	switch (errno) {
	case ENOKEY: return 0;
	case EKEYEXPIRED:
	case EKEYREVOKED:
	case EKEYREJECTED:
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "the key has expired or was revoked: add it anew");
	default:
		return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno,
				       "the kernel's keyring cannot be used");
	}
}

int keyring_write(const char *description, struct span secret, struct error *error)
{
	long key = syscall(SYS_add_key, keyring_type, description, secret.data, secret.len,
			   KEY_SPEC_USER_KEYRING);

	return key >= 0 ? 0
			: error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno,
					  "the kernel's keyring cannot be used");
}
