/* What a person wrote: kept only when it is asked for, whole, for its owner alone. */
#include "cmd/written.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "test.h"

static char folder[] = "/tmp/pennypost-unit-XXXXXX";

/* What is in the file; "" when there is none. */
static const char *content(const char *path)
{
	static struct buf text;
	struct stat st;
	int fd = path ? file_open(path, &st) : -1;

	buf_clear(&text);
	buf_init(&text, 1024);
	buf_add_string(&text, "");
	if (fd >= 0) {
		CHECK_INT(file_read_all(fd, &text), 0);
		CHECK_INT((int)(st.st_mode & 0777), 0600);
		close(fd);
	}
	return text.data;
}

static void what_is_typed_is_kept_on_demand(void)
{
	const char *path;

	written_begin(folder);
	CHECK(written_keep() == NULL);
	written_add(NULL, span_of("one\n"));
	written_add(NULL, span_of("two\n"));
	path = written_keep();
	CHECK(path != NULL && strncmp(path, folder, strlen(folder)) == 0);
	CHECK_STR(content(path), "one\ntwo\n");
	CHECK(written_keep() == path);
	written_clear();
	CHECK_STR(content(path), "one\ntwo\n");
	CHECK_INT(unlink(path), 0);
	CHECK(written_keep() == NULL);
}

static void what_has_gone_is_not_kept(void)
{
	char path[256];

	written_add(NULL, span_of("nobody typed it\n"));
	CHECK(written_keep() == NULL);
	written_begin(folder);
	written_add(NULL, span_of("one\n"));
	snprintf(path, sizeof(path), "%s", written_keep());
	written_drop();
	CHECK(access(path, F_OK) != 0);
	CHECK(written_keep() == NULL);
	written_clear();
}

static void a_file_of_an_editor_is_left_or_removed(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/edited.txt", folder);
	for (int i = 0; i < 2; i++) {
		FILE *file = fopen(path, "w");

		CHECK(file && fclose(file) == 0);
		written_lies_in(path);
		CHECK_STR(written_keep(), path);
		if (i > 0)
			written_drop();
		written_clear();
		CHECK_INT(access(path, F_OK), i > 0 ? -1 : 0);
	}
}

static void half_of_it_is_never_kept(void)
{
	static char much[WRITTEN_MAX];

	written_begin(folder);
	written_add(NULL, span_of("one\n"));
	written_add(NULL, (struct span){much, sizeof(much)});
	CHECK(written_keep() == NULL);
	written_begin("/nowhere/at/all");
	written_add(NULL, span_of("one\n"));
	CHECK(written_keep() == NULL);
	written_clear();
}

int main(void)
{
	umask(077);
	CHECK(mkdtemp(folder) != NULL);
	TEST_RUN(what_is_typed_is_kept_on_demand);
	TEST_RUN(what_has_gone_is_not_kept);
	TEST_RUN(a_file_of_an_editor_is_left_or_removed);
	TEST_RUN(half_of_it_is_never_kept);
	CHECK_INT(rmdir(folder), 0);
	return test_done();
}
