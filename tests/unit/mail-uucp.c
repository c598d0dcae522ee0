/* From lines of UUCP. */
#include "mail/uucp.h"

#include "test.h"

static struct buf path;

/* The reverse-path of lines separated by "|"; "" for none. */
static const char *of(const char *lines)
{
	struct uucp u;

	uucp_init(&u);
	buf_clear(&path);
	buf_init(&path, UUCP_PATH_MAX);
	while (*lines) {
		size_t len = strcspn(lines, "|");

		if (!uucp_feed(&u, (struct span){lines, len}))
			return "(no line)";
		lines += len + (lines[len] == '|');
	}
	uucp_path(&u, &path);
	uucp_clear(&u);
	return path.data;
}

static void lines_become_a_path(void)
{
	static const struct {
		const char *lines, *path;
	} cases[] = {
		{"", ""},
		{"From joe Mon Jan  1 00:00:00 2024", "joe"},
		{"From joe Mon Jan  1 00:00:00 2024 remote from a", "a!joe"},
		{"From joe date remote from a|>From ann date remote from b", "a!b!ann"},
		{"From joe date remote from a|>From ann date", "a!ann"},
		{"From joe date remote from a.example", "joe@a.example"},
		{"From joe date remote from a|>From ann date remote from b.example",
		 "ann@b.example"},
		{"From b!joe date remote from a.example", "a.example!b!joe"},
		{"From joe@b.example date remote from a", "joe@b.example"},
		{"From <> date remote from a.example", "<>"},
		{"From joe remote from x remote from y z\r", "y!joe"},
		{"From joe remote from ", "joe"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_STR(of(cases[i].lines), cases[i].path);
}

static void other_lines_are_none(void)
{
	CHECK_STR(of("From: joe"), "(no line)");
	CHECK_STR(of("From : joe"), "(no line)");
	CHECK_STR(of("from joe x"), "(no line)");
	CHECK_STR(of(">>From joe x"), "(no line)");
	CHECK_STR(of("Subject: x"), "(no line)");
}

static void paths_are_bounded(void)
{
	struct uucp u;
	char line[] = "From joe date remote from abcdefghijklmnopqrstuvwxyz";

	uucp_init(&u);
	for (int i = 0; i < 100; i++)
		CHECK(uucp_feed(&u, span_of(line)));
	buf_clear(&path);
	buf_init(&path, UUCP_PATH_MAX);
	CHECK(!uucp_path(&u, &path));
	uucp_clear(&u);
}

int main(void)
{
	buf_init(&path, 1);
	TEST_RUN(lines_become_a_path);
	TEST_RUN(other_lines_are_none);
	TEST_RUN(paths_are_bounded);
	buf_clear(&path);
	return test_done();
}
