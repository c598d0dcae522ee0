/* What a pass knows of a relay: see pass_relay.h. */
#include "deliver/pass_relay.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "deliver/runner.h"

enum { PASS_RELAY_BROKEN_MAX = 3 }; /* sessions or workers that break in a row */

struct pass_relay *pass_relay_new(struct plan_relay *plan)
{
	struct pass_relay *relay = calloc(1, sizeof(*relay));

	if (!relay)
		return NULL;
	plan->context = relay;
	relay->plan = plan;
	return relay;
}

void pass_relay_free(struct pass_relay *relay)
{
	if (!relay)
		return;
	strv_clear(&relay->untold);
	free(relay->text);
	free(relay->sends);
	free(relay);
}

void pass_relay_stop(struct pass_relay *relay, const char *text)
{
	relay->stopped = true;
	if (!relay->text)
		relay->text = strdup(text);
}

void pass_relay_rest(struct pass_relay *relay, struct health_relay *health, const char *text)
{
	if (health)
		health_failed(health, text, arc4random(), time(NULL));
	pass_relay_stop(relay, text);
}

bool pass_relay_breaks(struct pass_relay *relay)
{
	return ++relay->broken >= PASS_RELAY_BROKEN_MAX;
}

unsigned pass_relay_workers_max(const struct pass_relay *relay)
{
	if (!relay->tested)
		return 1;
	return relay->account->connections > 0 ? (unsigned)relay->account->connections
					       : PASS_RELAY_CONNECTIONS;
}

void pass_relay_recall(struct pass_relay *relay, const struct health_relay *health)
{
	size_t most = relay->account->rate_count > 0 ? (size_t)relay->account->rate_count : 0;
	int64_t now = time(NULL);
	size_t left = most;

	if (most > 0)
		relay->sends = calloc(most, sizeof(int64_t));
	if (!relay->sends || !health)
		return;
	for (size_t i = health->send_count; i > 0; i--) {
		const struct health_sends *sends = &health->sends[i - 1];

		for (unsigned n = 0; n < sends->count && left > 0 && sends->when <= now; n++)
			relay->sends[--left] = clock_now() - (now - sends->when) * 1000;
	}
}

void pass_relay_keep(const struct pass_relay *relay, struct health_relay *health)
{
	size_t most = relay->sends ? (size_t)relay->account->rate_count : 0;
	int64_t window = (int64_t)relay->account->rate_seconds * 1000, now = clock_now();
	int64_t part = window / (HEALTH_SENDS_MAX / 2), first = 0, last = 0;
	unsigned count = 0;

	health_forget_sent(health);
	for (size_t i = 0; i < most; i++) {
		int64_t sent = relay->sends[(relay->send + i) % most];

		if (sent == 0 || now - sent >= window)
			continue;
		if (count > 0 && sent - first > part) {
			health_sent(health, time(NULL) - (now - last) / 1000, count);
			count = 0;
		}
		first = count++ == 0 ? sent : first;
		last = sent;
	}
	if (count > 0)
		health_sent(health, time(NULL) - (now - last) / 1000, count);
}

int64_t pass_relay_rate_wait(const struct pass_relay *relay)
{
	int64_t oldest = relay->sends ? relay->sends[relay->send] : 0;
	int64_t left;

	if (oldest == 0)
		return 0;
	left = oldest + relay->account->rate_seconds * (int64_t)1000 - clock_now();
	return left > 0 ? left : 0;
}

bool pass_relay_is_paused(const struct pass_relay *relay)
{
	int64_t wait = relay->plan->waiting > 0 ? pass_relay_rate_wait(relay) : 0;

	return !relay->stopped && wait > 0 && wait < RUNNER_WAIT * (int64_t)1000;
}

void pass_relay_count(struct pass_relay *relay)
{
	if (!relay->sends)
		return;
	relay->sends[relay->send] = clock_now();
	relay->send = (relay->send + 1) % (size_t)relay->account->rate_count;
}
