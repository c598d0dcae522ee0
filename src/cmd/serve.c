/* SMTP on standard input and output: see serve.h. */
#include "cmd/serve.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cmd/accept.h"
#include "cmd/context_load.h"
#include "net/hostname.h"
#include "net/stream.h"
#include "smtp/server.h"

static const char serve_stranger[] =
	"554 5.7.1 who is not on this machine sends nothing by us\r\n";

enum { SERVE_RECIPIENTS = 10000, SERVE_SOCKET_RECIPIENTS = 1000 };

/* Who called us by a pipe may take what his own process may. */
struct serve_limits serve_limits(const struct options *o, bool socket)
{
	struct serve_limits l = {.recipients = SERVE_RECIPIENTS};

	if (socket)
		l = (struct serve_limits){
			.size = 100 * 1024 * 1024,
			.recipients = SERVE_SOCKET_RECIPIENTS,
			.wait = 5 * 60 * 1000, /* RFC 5321 section 4.5.3.2.7 */
			.time = 60 * 60 * 1000,
		};
	if (o->max_size)
		l.size = (uint64_t)o->max_size;
	if (o->max_recipients)
		l.recipients = (size_t)o->max_recipients;
	if (o->max_time)
		l.time = (int64_t)o->max_time * 1000;
	return l;
}

/* inetd(8) makes the client's socket standard error as well: nothing but SMTP may go there. */
static void serve_leave_stderr(void)
{
	struct stat in, error;
	int null;

	if (fstat(STDIN_FILENO, &in) || fstat(STDERR_FILENO, &error) || !S_ISSOCK(in.st_mode) ||
	    in.st_dev != error.st_dev || in.st_ino != error.st_ino)
		return;
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDERR_FILENO);
		close(null);
	}
}

/* The client, for the Received field. */
static void serve_show_peer(enum stream_peer peer, const char *address, struct buf *out)
{
	if (peer == STREAM_PEER_UNIX)
		buf_add_string(out, "localhost");
	else if (strchr(address, ':'))
		buf_printf(out, "[IPv6:%s]", address);
	else
		buf_printf(out, "[%s]", address);
}

static int serve_status(enum server_end end)
{
	switch (end) {
	case SERVER_QUIT: return EX_OK;
	case SERVER_LOST: return EX_IOERR;
	default: return EX_PROTOCOL;
	}
}

int serve_session(struct context *x, const struct serve_limits *l, int in, int out)
{
	struct buf name, address, shown;
	struct accept k;
	struct server_handler handler = {accept_message, accept_idle, &k};
	struct server_options options = {
		.any_login = x->options.catch != NULL,
		.size_max = l->size,
		.recipients_max = l->recipients,
		.wait = l->wait,
		.deadline = l->time ? clock_in(l->time) : CLOCK_NEVER,
		.stop = l->stop,
	};
	enum stream_peer peer;
	enum server_end end;

	buf_init(&name, 300);
	buf_init(&address, 300);
	buf_init(&shown, 320);
	peer = stream_peer(in, &address);
	options.strict = peer != STREAM_PEER_NONE;
	if (peer == STREAM_PEER_ELSEWHERE) {
		file_write_all(out, serve_stranger, strlen(serve_stranger));
		buf_clear(&address);
		return EX_PROTOCOL;
	}
	if (options.strict)
		serve_show_peer(peer, address.data, &shown);
	if (hostname_full(&name, false))
		hostname_short(&name);
	options.name = name.len > 0 ? name.data : "localhost";
	accept_init(&k, x, options.name, options.strict ? shown.data : NULL);
	end = server_run(&options, &handler, in, out);
	accept_clear(&k);
	buf_clear(&name);
	buf_clear(&address);
	buf_clear(&shown);
	return serve_status(end);
}

int cmd_serve(struct context *x)
{
	static const char sorry[] =
		"421 4.3.5 the configuration cannot be used: the log says why\r\n";
	struct error error;
	struct serve_limits limits;
	struct buf ignored;
	bool socket;

	serve_leave_stderr();
	if (context_load(x, &error)) {
		file_write_all(STDOUT_FILENO, sorry, strlen(sorry));
		return context_fail(x, &error);
	}
	buf_init(&ignored, 300);
	socket = stream_peer(STDIN_FILENO, &ignored) != STREAM_PEER_NONE;
	buf_clear(&ignored);
	limits = serve_limits(&x->options, socket);
	return serve_session(x, &limits, STDIN_FILENO, STDOUT_FILENO);
}
