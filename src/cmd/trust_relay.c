/* A new key of a relay: see trust_relay.h. */
#include "cmd/trust_relay.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/pin.h"
#include "base/text.h"
#include "queue/known.h"

struct relay_key {
	char *host;
	int port;
	char pin[PIN_TEXT_SIZE];
};

/* relay-key = host ":" port "=" pin; an address with colons stands in brackets. */
static int relay_key_parse(struct relay_key *k, const char *text)
{
	const char *equals = strchr(text, '=');
	struct pins read = {.count = 0};
	struct span host;
	const char *colon = NULL;
	const char *wrong = NULL;
	char port[8] = "";

	for (const char *p = text; equals && p < equals; p++)
		if (*p == ':')
			colon = p;
	if (!colon || pins_read_keys(&read, span_of(equals + 1)) || read.count != 1 ||
	    (size_t)(equals - colon) > sizeof(port))
		return -1;
	memcpy(port, colon + 1, (size_t)(equals - colon) - 1);
	k->port = (int)strtonum(port, 1, 65535, &wrong);
	host = (struct span){text, (size_t)(colon - text)};
	if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
		host = (struct span){host.data + 1, host.len - 2};
	if (wrong || host.len == 0 || !endpoint_host_is_sane(host))
		return -1;
	pin_show(k->pin, read.list[0].digest);
	k->host = span_dup(host);
	return k->host ? 0 : -1;
}

static int relay_key_put(const struct context *x, const struct relay_key *k,
			 struct error *error)
{
	const struct spool_place place = context_spool(x, NULL);
	struct spool *queue = NULL;
	struct buf line;
	int result = spool_open(&queue, &place, true, error);

	if (result == 0)
		result = known_put(queue, k->host, k->port, k->pin, false, error);
	spool_free(queue);
	if (result)
		return -1;
	buf_init(&line, 1024);
	buf_printf(&line, "%s:%d is trusted by its key %s alone from now on", k->host, k->port,
		   k->pin);
	context_warn(x, line.data);
	buf_clear(&line);
	return 0;
}

int cmd_trust_relay(struct context *x)
{
	struct relay_key key = {.host = NULL};
	struct error error;
	int result;

	if (relay_key_parse(&key, x->options.relay_key))
		result =
			error_set(&error, ERROR_LOCAL, STAGE_USAGE,
				  "--trust-relay: \"%s\" is not HOST:PORT=sha256//BASE64, as a "
				  "message on a changed key has it",
				  TEXT_SHOW(span_of(x->options.relay_key)));
	else
		result = relay_key_put(x, &key, &error);
	free(key.host);
	return result < 0 ? context_fail(x, &error) : 0;
}
