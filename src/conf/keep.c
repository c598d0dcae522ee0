/* Passwords put away: see keep.h. */
#include "conf/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/keyring.h"
#include "base/process.h"
#include "base/text.h"
#include "conf/secret.h"

int keep_in_kernel(const struct account *a, struct span secret, struct error *error)
{
	struct buf name;
	int result;

	buf_init(&name, SECRET_NAME_MAX);
	secret_key_name(a, &name);
	if (buf_failed(&name))
		result = error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				   "the name of the user or of the relay is too long for the "
				   "kernel's keyring");
	else
		result = keyring_write(name.data, secret, error);
	buf_clear(&name);
	return result;
}

int keep_on_desktop(const struct account *a, struct span secret, struct error *error)
{
	const char *user = account_user(a) ? account_user(a) : "";
	const char *const words[] = {"secret-tool", "store", "--label=pennypost", "service",
				     "smtp",        "host",  secret_host(a),      "user",
				     user,          NULL};

	if (process_feed_words(words, secret_environment, secret, SECRET_COMMAND_TIME, error))
		return error_prefix(
			error,
			"secret-tool cannot put the password into the desktop's keyring");
	return 0;
}

bool keep_has_tool(const char *path)
{
	bool found = false;

	while (*path && !found) {
		size_t len = strcspn(path, ":");
		struct buf file;

		buf_init(&file, 4096);
		buf_add(&file, path, len);
		buf_add_string(&file, "/secret-tool");
		found = !buf_failed(&file) && file.data[0] == '/' &&
			access(file.data, X_OK) == 0;
		buf_clear(&file);
		path += len + (path[len] == ':');
	}
	return found;
}

int keep_in_file(const char *path, struct span secret, struct error *error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int number = errno;

	if (fd < 0)
		return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, number,
				       "cannot create %s", TEXT_SHOW(span_of(path)));
	number = file_write_all(fd, secret.data, secret.len) || file_write_all(fd, "\n", 1) ||
				 fsync(fd)
			 ? errno
			 : 0;
	close(fd);
	if (!number)
		return 0;
	unlink(path);
	return error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, number, "cannot write %s",
			       TEXT_SHOW(span_of(path)));
}
