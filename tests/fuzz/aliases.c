/* The aliases file: its text decides where a few local names go. */
#include "conf/aliases.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What happens to recipients, and to names of a header. */
static void use(struct aliases *a, const struct aliases_use *u)
{
	struct address_list list = {0}, shown = {0};
	struct aliases_use sparing = *u;
	struct aliases_failed failed = {0};
	struct error error;

	if (address_list_parse(
		    &list, span_of("root, a, b@localhost, nobody, \\c, x@example.org"), &error))
		abort();
	for (size_t i = 0; i < list.count; i++) {
		if (aliases_show(a, u, &list.items[i], &shown) &&
		    (shown.count == 0 || shown.count > ALIASES_SHOWN_MAX))
			abort();
		address_list_clear(&shown);
	}
	if (aliases_apply(a, u, &list, &error) ? list.count != 6 : list.count == 0)
		abort();
	address_list_clear(&list);
	sparing.failed = &failed;
	if (address_list_parse(&list, span_of("root, a, b@localhost, nobody"), &error))
		abort();
	if (aliases_apply(a, &sparing, &list, &error) ? list.count != 4 : list.count == 0)
		abort();
	if (failed.names.count != failed.reasons.count || failed.names.count > 4)
		abort();
	address_list_clear(&list);
	aliases_failed_clear(&failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct local local = {0};
	struct strv warnings = {0}, trace = {0};
	const struct aliases_use u = {.local = &local, .warnings = &warnings, .trace = &trace};
	struct aliases_report report = {0};
	struct span text = {(const char *)data, size};
	struct error error;
	struct strv problems = {0};
	struct aliases *a = aliases_new("aliases", text, &problems, &error);

	if (a)
		use(a, &u);
	aliases_free(a);
	a = aliases_new("aliases", text, NULL, &error);
	if (a)
		use(a, &u);
	if (a && problems.count > 0)
		abort();
	strv_clear(&problems);
	if (aliases_check_text("aliases", text, &u, &report, &error) == 0 && !a &&
	    report.errors.count == 0)
		abort();
	aliases_free(a);
	aliases_report_clear(&report);
	strv_clear(&warnings);
	strv_clear(&trace);
	local_clear(&local);
	return 0;
}
