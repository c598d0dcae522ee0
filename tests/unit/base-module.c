/* Modules: what cannot be loaded is told, and the way to a neighbour. */
#include "base/module.h"

#include "test.h"

static void what_is_not_there_is_told(void)
{
	const char *why = NULL;

	CHECK(module_load(NULL, "x", &why) == NULL);
	CHECK(why && *why);
	why = NULL;
	CHECK(module_load("/nonexistent/x.so", "x", &why) == NULL);
	CHECK(why && strstr(why, "/nonexistent/x.so"));
}

static void finds_the_neighbour(void)
{
	char out[12];

	CHECK_STR(module_beside(out, sizeof(out), "/a/b/c.so", "d.so"), "/a/b/d.so");
	CHECK_STR(module_beside(out, sizeof(out), "/a/b/c.so", "d123.s"), "/a/b/d123.s");
	CHECK(module_beside(out, sizeof(out), "/a/b/c.so", "d123.so") == NULL);
	CHECK(module_beside(out, sizeof(out), "c.so", "d.so") == NULL);
	CHECK(module_beside(out, sizeof(out), NULL, "d.so") == NULL);
}

int main(void)
{
	TEST_RUN(what_is_not_there_is_told);
	TEST_RUN(finds_the_neighbour);
	return test_done();
}
