/* One command: see command.h. */
#include "cmd/command.h"

#include "cmd/batch.h"
#include "cmd/config_check.h"
#include "cmd/configure.h"
#include "cmd/context_load.h"
#include "cmd/doctor.h"
#include "cmd/help.h"
#include "cmd/import.h"
#include "cmd/listen.h"
#include "cmd/newaliases.h"
#include "cmd/queue_check.h"
#include "cmd/queue_list.h"
#include "cmd/queue_show.h"
#include "cmd/queue_steer.h"
#include "cmd/resolve.h"
#include "cmd/run_queue.h"
#include "cmd/serve.h"
#include "cmd/server_info.h"
#include "cmd/show_config.h"
#include "cmd/submit.h"
#include "cmd/trust_relay.h"
#include "cmd/verify_address.h"

int cmd_run(struct context *x, int inherited)
{
	struct error error;

	/* These read no configuration, or see to it themselves. */
	switch (x->options.mode) {
	case MODE_HELP: return cmd_help(stdout, &error) ? context_fail(x, &error) : 0;
	case MODE_VERSION: return cmd_version(stdout, &error) ? context_fail(x, &error) : 0;
	case MODE_DOCTOR: return cmd_doctor(x);
	case MODE_QUEUE_CHECK: return cmd_queue_check(x);
	case MODE_QUEUE_RUN: return cmd_run_queue(x);
	case MODE_SERVE: return cmd_serve(x);
	case MODE_IMPORT: return cmd_import(x);
	case MODE_CONFIGURE: return cmd_configure(x);
	case MODE_LISTEN: return cmd_listen(x, inherited);
	default: break;
	}
	if (context_load(x, &error))
		return context_fail(x, &error);
	switch (x->options.mode) {
	case MODE_BATCH: return cmd_batch(x);
	case MODE_CONFIG_CHECK: return cmd_config_check(x);
	case MODE_NEWALIASES: return cmd_newaliases(x);
	case MODE_RESOLVE: return cmd_resolve(x);
	case MODE_QUEUE_LIST: return cmd_queue_list(x);
	case MODE_QUEUE_SHOW: return cmd_queue_show(x);
	case MODE_QUEUE_STEER: return cmd_queue_steer(x);
	case MODE_SHOW_CONFIG: return cmd_show_config(x);
	case MODE_SERVER_INFO: return cmd_server_info(x);
	case MODE_TRUST_RELAY: return cmd_trust_relay(x);
	case MODE_VERIFY_ADDRESS: return cmd_verify_address(x);
	default: return cmd_submit(x);
	}
}
