/* Parameters beyond ASCII as extended ones. */
#include "mail/parameter.h"

#include <stdlib.h>

#include "test.h"

#define UE "\303\274" /* small u with diaeresis */

static char *encode(const char *body, bool *found)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	*found = parameter_encode(&out, span_of(body));
	return buf_take(&out);
}

static void check(const char *body, const char *want)
{
	bool found;
	char *got = encode(body, &found);

	CHECK_STR(got, want);
	CHECK(found == (strcmp(body, want) != 0));
	free(got);
}

static void names_of_files_are_kept(void)
{
	check(" attachment; filename=\"" UE ".txt\"",
	      " attachment;\n\tfilename*=utf-8''%C3%BC.txt");
	check(" attachment; filename=gr" UE "n und rot.txt ; size=3",
	      " attachment;\n\tfilename*=utf-8''gr%C3%BCn%20und%20rot.txt; size=3");
	check(" image/png;\n name=\"a;\\\"" UE "\n b\"; x=y",
	      " image/png;\n\tname*=utf-8''a%3B%22%C3%BC%20b; x=y");
	check(" a; FileName = \"" UE "*'%\"", " a;\n\tFileName*=utf-8''%C3%BC%2A%27%25");
	check(" a; x=" UE "; y=" UE, " a;\n\tx*=utf-8''%C3%BC;\n\ty*=utf-8''%C3%BC");
}

static void the_rest_stays(void)
{
	check("", "");
	check(" text/plain; charset=utf-8; name=\"a\"",
	      " text/plain; charset=utf-8; name=\"a\"");
	check(" a; name=\"\344.txt\"", " a; name=\"\344.txt\"");
	check(" a; name*=utf-8''%C3%BC; name=\"" UE "\"",
	      " a; name*=utf-8''%C3%BC; name=\"" UE "\"");
	check(" a; name=\"" UE "\"; NAME*0=\"u\"", " a; name=\"" UE "\"; NAME*0=\"u\"");
	check(" a; boundary=" UE "; charset=" UE, " a; boundary=" UE "; charset=" UE);
	check(" a; " UE, " a; " UE);
	check(" a; " UE "=b", " a; " UE "=b");
	check(" a; =" UE, " a; =" UE);
	check(" a (" UE "; name=" UE ")", " a (" UE "; name=" UE ")");
	check(" \"a; name=" UE, " \"a; name=" UE);
	check(" a;;; ", " a;;; ");
	check(" a; name=\"\\", " a; name=\"\\");
}

/* A long one in pieces of whole characters. */
static void long_names_are_cut(void)
{
	char body[200] = " a; name=\"", *got;
	bool found;

	for (int i = 0; i < 45; i++)
		strlcat(body, UE, sizeof(body));
	strlcat(body, "\"; x=y", sizeof(body));
	got = encode(body, &found);
	CHECK(found);
	CHECK(strncmp(got, " a;\n\tname*0*=utf-8''%C3%BC%C3", 29) == 0);
	CHECK(strstr(got, "%BC;\n\tname*1*=%C3") != NULL);
	CHECK(strstr(got, "%BC;\n\tname*4*=%C3%BC%C3%BC%C3%BC%C3%BC%C3%BC; x=y") != NULL);
	CHECK(strstr(got, "name*5") == NULL);
	free(got);
}

static void many_are_left(void)
{
	struct buf body;
	char *got;
	bool found;

	buf_init(&body, 1 << 20);
	for (int i = 0; i < 20000; i++)
		buf_add_string(&body, "; a=" UE);
	got = encode(body.data, &found);
	CHECK(found);
	CHECK(strcmp(got + strlen(got) - 6, "; a=" UE) == 0);
	free(got);
	buf_clear(&body);
}

static void check_added(const char *value, const char *want)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	parameter_add(&out, "filename", span_of(value));
	CHECK_STR(out.data, want);
	buf_clear(&out);
}

static void values_are_added(void)
{
	char name[202] = "";

	check_added("a.txt", ";\n\tfilename=\"a.txt\"");
	check_added("a \"b\" \\c;", ";\n\tfilename=\"a \\\"b\\\" \\\\c;\"");
	check_added(UE, ";\n\tfilename*=utf-8''%C3%BC");
	check_added("=?utf-8?q?x?=", ";\n\tfilename*=utf-8''%3D%3Futf-8%3Fq%3Fx%3F%3D");
	memset(name, 'a', 201);
	{
		struct buf out;

		buf_init(&out, 1 << 20);
		parameter_add(&out, "filename", span_of(name));
		CHECK(strstr(out.data, ";\n\tfilename*0*=utf-8''aaa") == out.data);
		CHECK(strstr(out.data, "a;\n\tfilename*3*=a") != NULL);
		buf_clear(&out);
	}
}

int main(void)
{
	TEST_RUN(values_are_added);
	TEST_RUN(names_of_files_are_kept);
	TEST_RUN(the_rest_stays);
	TEST_RUN(long_names_are_cut);
	TEST_RUN(many_are_left);
	return test_done();
}
