/* The server: order, syntax, limits, both ways in for a message, and what ends one. */
#include "smtp/server.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "test.h"

static struct server_options options;
static struct buf said;  /* replies */
static struct buf taken; /* messages: "sender>recipient,recipient|text" each */
static int refusal;      /* what the handler answers instead of 250 */
static size_t reads;     /* pieces that it reads, 0: all */
static enum server_end end;

static void show_envelope(const struct server_envelope *e)
{
	buf_printf(&taken, "%s>", e->sender.text);
	for (size_t i = 0; i < e->recipients.count; i++)
		buf_printf(&taken, "%s%s", i > 0 ? "," : "", e->recipients.items[i]);
	if (e->wishes.notify || e->wishes.ret || e->wishes.envelope_id)
		buf_printf(&taken, "(%u,%d,%s)", e->wishes.notify, (int)e->wishes.ret,
			   e->envelope_id);
	buf_add_char(&taken, '|');
}

static void take(void *context, const struct server_envelope *e, server_next *next,
		 void *source, struct answer *a)
{
	size_t before = taken.len;
	struct span piece;
	struct error error = {0};
	size_t count = 0;
	int got = 0;

	(void)context;
	show_envelope(e);
	while ((reads == 0 || count++ < reads) && (got = next(source, &piece, &error)) > 0)
		buf_add_span(&taken, piece);
	if (got < 0) {
		buf_truncate(&taken, before);
		answer_from_error(a, &error);
	} else {
		answer_set(a, refusal ? refusal : 250, refusal ? NULL : "2.0.0", "done");
	}
}

/* Writes input to fd, step bytes at a time, in a child. */
static pid_t talk(int fd, struct span input, size_t step)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	for (size_t i = 0; i < input.len; i += step)
		if (file_write_all(fd, input.data + i,
				   input.len - i < step ? input.len - i : step))
			break;
	_exit(0);
}

static void hold(struct span input, size_t step)
{
	struct server_handler handler = {take, NULL, NULL};
	int in[2], out = file_temporary(NULL);
	pid_t child;

	buf_reset(&said);
	buf_reset(&taken);
	if (out < 0 || pipe(in))
		abort();
	child = talk(in[1], input, step);
	close(in[1]);
	end = server_run(&options, &handler, in[0], out);
	close(in[0]);
	waitpid(child, NULL, 0);
	if (lseek(out, 0, SEEK_SET) || file_read_all(out, &said))
		abort();
	close(out);
}

/* The codes of said, each reply once: "220 250 221". */
static const char *codes(void)
{
	static char text[4096];
	size_t len = 0;

	for (size_t i = 0; i + 4 < said.len && len < sizeof(text) - 8;) {
		const char *lf = memchr(said.data + i, '\n', said.len - i);

		if (said.data[i + 3] == ' ')
			len += (size_t)snprintf(text + len, 8, "%s%.3s", len > 0 ? " " : "",
						said.data + i);
		i = lf ? (size_t)(lf + 1 - said.data) : said.len;
	}
	text[len] = '\0';
	return text;
}

static void reset_options(bool strict)
{
	options = (struct server_options){
		.name = "here.example",
		.strict = strict,
		.recipients_max = 3,
		.size_max = 1000,
		.deadline = CLOCK_NEVER,
	};
	refusal = 0;
	reads = 0;
}

/* Holds the session whole and byte by byte. */
static void session(const char *input, const char *wanted, const char *messages)
{
	for (size_t step = 1; step < 2000; step += 1998) {
		hold(span_of(input), step);
		if (strcmp(codes(), wanted) != 0 || strcmp(taken.data, messages) != 0)
			printf("# of \"%s\"\n", input);
		CHECK_STR(codes(), wanted);
		CHECK_STR(taken.data, messages);
	}
}

#define HELLO    "EHLO me\r\n"
#define ENVELOPE HELLO "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"

static void sends(void)
{
	reset_options(true);
	session(ENVELOPE "DATA\r\nx: y\r\n\r\n..dot\r\n.\r\nQUIT\r\n",
		"220 250 250 250 354 250 221", "a@b>c@d|x: y\r\n\r\n.dot\r\n");
	session(ENVELOPE "DATA\r\n.\r\nQUIT\r\n", "220 250 250 250 354 250 221", "a@b>c@d|");
	session("HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<@x:c@d>\r\nRCPT TO:\"e "
		"f\"@g\r\nDATA\r\nx\r\n.\r\n"
		"MAIL from: z@y\r\nrcpt to: c@d\r\ndata\r\ny\r\n.\r\n",
		"220 250 250 250 250 354 250 250 250 354 250",
		">c@d,\"e f\"@g|x\r\nz@y>c@d|y\r\n");
}

static void takes_chunks(void)
{
	reset_options(true);
	session(ENVELOPE "BDAT 6\r\na\r\nb\r\nBDAT 5 LAST\r\n.\r\nc\nQUIT\r\n",
		"220 250 250 250 250 550 221", "");
	session(ENVELOPE
		"BDAT 6\r\na\r\nb\r\nNOOP\r\nBDAT 0\r\nBDAT 6 last\r\n.\r\nc\r\nQUIT\r\n",
		"220 250 250 250 250 250 250 250 221", "a@b>c@d|a\r\nb\r\n.\r\nc\r\n");
	session(ENVELOPE "BDAT 0 LAST\r\nQUIT\r\n", "220 250 250 250 250 221", "a@b>c@d|");
	/* Nobody asked for it, and it is no command all the same. */
	session("EHLO x\r\nBDAT 6\r\nQUIT\r\nBDAT 4 LAST\r\nabcdQUIT\r\n",
		"220 250 503 503 221", "");
	session(ENVELOPE "BDAT 3\r\na\r\nRSET\r\nBDAT 2 LAST\r\nabQUIT\r\n",
		"220 250 250 250 250 250 503 221", "");
	session(ENVELOPE "BDAT 3\r\na\r\nBDAT 1\r\n\nRSET\r\nBDAT 2 LAST\r\nabQUIT\r\n",
		"220 250 250 250 250 250 250 503 221", "");
	session(ENVELOPE "BDAT x\r\nQUIT\r\n", "220 250 250 250 501", "");
	session(ENVELOPE "BDAT 3\r\na\r\nBDAT 1 FIRST\r\nQUIT\r\n", "220 250 250 250 250 501",
		"");
	session(HELLO "MAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<c@d>\r\nDATA\r\n"
		      "BDAT 4 LAST\r\n\n\r\r.QUIT\r\n",
		"220 250 250 250 503 250 221", "a@b>c@d|\n\r\r.");
}

/* Only CRLF "." CRLF ends what began with CRLF; a socket takes no other CR or LF at all. */
static void cannot_be_smuggled(void)
{
	static const char *const ends[] = {
		"\n.\n", "\n.\r\n", "\r\n.\n",   "\r.\r",     "\r\n.\r",     "\r.\r\n",
		"\n.\r", "\r.\n",   "\n\n.\r\n", "\r\r\n.\n", "\r\n.\r\r\n", "\r\n.\r.\r\n",
	};
	char input[500], wanted[500];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(input, sizeof(input),
			 ENVELOPE "DATA\r\nx%sMAIL FROM:<evil@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"
				  "y\r\n.\r\nQUIT\r\n",
			 ends[i]);
		reset_options(true);
		session(input, "220 250 250 250 354 550 221", "");
		reset_options(false);
		hold(span_of(input), 2000);
		CHECK_STR(codes(), "220 250 250 250 354 250 221");
		snprintf(wanted, sizeof(wanted), "a@b>c@d|x%.*s", 2, ends[i]);
		CHECK(strncmp(taken.data, wanted, 10) == 0);
		CHECK(strstr(taken.data, "MAIL FROM:<evil@b>\r\n") != NULL);
	}
	reset_options(true);
	session(HELLO "MAIL FROM:<a@b>\nRCPT TO:<c@d>\r\nNOOP\rQUIT\r\nQUIT\r\n",
		"220 250 500 503 500 221", "");
}

/* Who speaks LF is understood where he is no stranger. */
static void hears_lf(void)
{
	reset_options(false);
	session("EHLO me\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA\nx: y\n\n..z\n.\nQUIT\n",
		"220 250 250 250 354 250 221", "a@b>c@d|x: y\n\n.z\n");
	session("MAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA\nx\r\n.\r\nQUIT\n",
		"220 250 250 354 250 221", "a@b>c@d|x\r\n");
	session(ENVELOPE "DATA\r\nx\ny\n.\nz\r\n.\r\nQUIT\r\n", "220 250 250 250 354 250 221",
		"a@b>c@d|x\ny\n.\nz\r\n");
}

static void keeps_order(void)
{
	reset_options(true);
	session("MAIL FROM:<a@b>\r\nEHLO x\r\nRCPT TO:<c@d>\r\nDATA\r\nMAIL FROM:<a@b>\r\n"
		"MAIL FROM:<a@b>\r\nDATA\r\nRSET\r\nRCPT TO:<c@d>\r\nQUIT\r\nNOOP\r\n",
		"220 503 250 503 503 250 503 503 250 503 221", "");
	session(ENVELOPE "EHLO again\r\nDATA\r\nQUIT\r\n", "220 250 250 250 250 503 221", "");
	session(HELLO
		"VRFY a\r\nVRFY\r\nHELP\r\nEXPN x\r\nSTARTTLS\r\nAUTH PLAIN\r\nBLAH\r\n\r\n"
		"NOOP x\r\nRSET x\r\nEHLO\r\nHELO\r\nQUIT now\r\nDATA x\r\nQUIT\r\n",
		"220 250 252 501 214 502 502 502 500 500 250 501 501 501 501 501 221", "");
}

static void takes_any_login_where_it_shall(void)
{
	reset_options(true);
	options.any_login = true;
	session("AUTH PLAIN AGEAYg==\r\n" HELLO
		"AUTH PLAIN\r\nAGEAYg==\r\nAUTH LOGIN\r\nMAIL FROM:<a@b> AUTH=<>\r\n"
		"AUTH LOGIN\r\nQUIT\r\n",
		"220 503 250 334 235 503 250 503 221", "");
	CHECK(strstr(said.data, "AUTH PLAIN LOGIN\r\n"));
	session(HELLO "AUTH LOGIN\r\n\r\n%\r\nAUTH LOGIN YQ==\r\n*\r\nAUTH X\r\nQUIT\r\n",
		"220 250 334 334 501 334 501 504 221", "");
	session(HELLO "AUTH LOGIN\r\n", "220 250 334", "");
	reset_options(true);
	session(HELLO "QUIT\r\n", "220 250 221", "");
	CHECK(!strstr(said.data, "AUTH"));
}

static void reads_parameters(void)
{
	static const struct {
		const char *line, *code;
	} rows[] = {
		{"MAIL FROM:<a@b> SIZE=10 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb", "250"},
		{"MAIL FROM:<a@b>  size=10  body=7bit ", "250"},
		{"MAIL FROM:<>", "250"},
		{"MAIL FROM: <a@b>", "250"},
		{"MAIL FROM : <a@b>", "250"},
		{"MAIL FROM:<\"a>b\"@c>", "250"},
		{"MAIL FROM:<a@b>SIZE=10", "501"},
		{"MAIL FROM:<a@b", "501"},
		{"MAIL FROM:<a b@c>", "501"},
		{"MAIL FROM:<a@b,c@d>", "501"},
		{"MAIL FROM:", "501"},
		{"MAIL TO:<a@b>", "501"},
		{"MAIL <a@b>", "501"},
		{"MAIL", "501"},
		{"MAIL FROM:<a@b> SIZE=1001", "552"},
		{"MAIL FROM:<a@b> SIZE", "501"},
		{"MAIL FROM:<a@b> SIZE=", "501"},
		{"MAIL FROM:<a@b> SIZE=1x", "501"},
		{"MAIL FROM:<a@b> SIZE=99999999999999999999", "501"},
		{"MAIL FROM:<a@b> SIZE=1 SIZE=1", "501"},
		{"MAIL FROM:<a@b> BODY=9BIT", "501"},
		{"MAIL FROM:<a@b> SMTPUTF8=1", "501"},
		{"MAIL FROM:<a@b> RET=ALL", "501"},
		{"MAIL FROM:<a@b> ENVID=a+0Ab", "501"},
		{"MAIL FROM:<a@b> ENVID=a+2", "501"},
		{"MAIL FROM:<a@b> ENVID=", "501"},
		{"MAIL FROM:<a@b> AUTH=<>", "555"},
		{"MAIL FROM:<a@b> NOTIFY=NEVER", "555"},
	};
	char input[300], wanted[40];

	reset_options(true);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(input, sizeof(input), HELLO "%s\r\n", rows[i].line);
		snprintf(wanted, sizeof(wanted), "220 250 %s", rows[i].code);
		hold(span_of(input), 1000);
		if (strcmp(codes(), wanted) != 0)
			printf("# %s\n", rows[i].line);
		CHECK_STR(codes(), wanted);
	}
	session(HELLO
		"MAIL FROM:<a@b>\r\nRCPT TO:<c@d> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@d\r\n"
		"RCPT TO:<>\r\nRCPT TO:<c@d> NOTIFY=OFF\r\nRCPT TO:<c@d> ORCPT=x\r\n"
		"RCPT TO:<|x>\r\nRCPT TO:<root>\r\nRCPT TO:<e@f>\r\nRCPT TO:<g@h>\r\n",
		"220 250 250 250 501 501 501 501 250 250 452", "");
}

/* NOTIFY of all recipients together; RET and ENVID as said; and nothing of it in the next. */
static void joins_wishes(void)
{
	static const struct {
		const char *one, *two, *wanted;
	} rows[] = {
		{"", "", "a@b>c@d,e@f|x\r\n"},
		{" NOTIFY=NEVER", " NOTIFY=NEVER", "a@b>c@d,e@f(1,0,)|x\r\n"},
		{" NOTIFY=NEVER", "", "a@b>c@d,e@f(12,0,)|x\r\n"},
		{"", " NOTIFY=SUCCESS", "a@b>c@d,e@f(14,0,)|x\r\n"},
		{" NOTIFY=SUCCESS", " NOTIFY=NEVER", "a@b>c@d,e@f(2,0,)|x\r\n"},
		{" NOTIFY=DELAY", " NOTIFY=failure,delay", "a@b>c@d,e@f(12,0,)|x\r\n"},
	};
	char input[400];

	reset_options(true);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(input, sizeof(input),
			 HELLO "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>%s\r\nRCPT TO:<e@f>%s\r\n"
			       "DATA\r\nx\r\n.\r\n",
			 rows[i].one, rows[i].two);
		session(input, "220 250 250 250 250 354 250", rows[i].wanted);
	}
	session(HELLO "MAIL FROM:<a@b> RET=HDRS ENVID=q+2Br\r\nRCPT TO:<c@d>\r\nBDAT 0 LAST\r\n"
		      "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 0 LAST\r\n",
		"220 250 250 250 250 250 250 250", "a@b>c@d(0,2,q+r)|a@b>c@d|");
}

static void is_bounded(void)
{
	char line[5000];
	struct buf input;

	reset_options(true);
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	buf_init(&input, 1 << 20);
	buf_printf(&input, "%s\r\nEHLO me\r\n%s\r\nQUIT\r\n", line, line);
	session(input.data, "220 500 250 500 221", "");
	buf_reset(&input);
	buf_printf(&input, ENVELOPE "DATA\r\n%s\r\n.\r\nQUIT\r\n", line);
	session(input.data, "220 250 250 250 354 552 221", "");
	buf_reset(&input);
	buf_printf(&input, ENVELOPE "BDAT 3000\r\n%.3000sBDAT 4 LAST\r\nQUITQUIT\r\n", line);
	session(input.data, "220 250 250 250 552 503 221", "");
	buf_reset(&input);
	for (int i = 0; i < 30; i++)
		buf_add_string(&input, "x\r\n");
	hold(buf_span(&input), 1000);
	CHECK_INT(end, SERVER_LEFT);
	CHECK(strstr(said.data, "421 4.7.0") != NULL);
	hold((struct span){"NO\0OP\r\nQUIT\r\n", 13}, 100);
	CHECK_STR(codes(), "220 500 221");
	session("POST / HTTP/1.1\r\nHost: x\r\n\r\nEHLO x\r\n", "220 421", "");
	buf_clear(&input);
}

static void ends(void)
{
	reset_options(true);
	hold(span_of(HELLO), 100);
	CHECK_INT(end, SERVER_QUIT);
	hold(span_of(ENVELOPE "DATA\r\nx\r\n"), 100);
	CHECK_INT(end, SERVER_LOST);
	CHECK_STR(taken.data, "");
	hold(span_of(ENVELOPE "DATA\r\nx\r\n.\r"), 100);
	CHECK_INT(end, SERVER_LOST);
	hold(span_of(ENVELOPE "BDAT 2\r\nabBDAT 4 LAST\r\nabc"), 100);
	CHECK_INT(end, SERVER_LOST);
	CHECK_STR(taken.data, "");
	hold(span_of(ENVELOPE "BDAT 2\r\nab"), 100);
	CHECK_INT(end, SERVER_LOST);
	refusal = 550;
	session(ENVELOPE "DATA\r\nx\r\n.\r\nDATA\r\nQUIT\r\n",
		"220 250 250 250 354 550 503 221", "a@b>c@d|x\r\n");
	/* The handler has read enough; the rest is no command. */
	reads = 1;
	hold(span_of(ENVELOPE "DATA\r\nx\r\n\r\nQUIT\r\n.\r\nNOOP\r\n"), 1);
	CHECK_STR(codes(), "220 250 250 250 354 550 250");
}

static void waits_so_long(void)
{
	int in[2];
	struct server_handler handler = {take, NULL, NULL};
	int out = file_temporary(NULL);

	reset_options(true);
	options.wait = 50;
	if (out < 0 || pipe(in))
		abort();
	CHECK(server_run(&options, &handler, in[0], out) == SERVER_LEFT);
	options.deadline = clock_in(50);
	options.wait = 0;
	CHECK(server_run(&options, &handler, in[0], out) == SERVER_LEFT);
	close(in[0]);
	close(in[1]);
	close(out);
}

static void writes_answers(void)
{
	struct answer a = {0};
	struct buf out;
	char text[1200];

	buf_init(&out, 1 << 16);
	answer_set(&a, 550, "5.1.1", "one\ntwo\r\n%s", "th\xc3\xa9");
	answer_write(&a, false, &out);
	CHECK_STR(out.data, "550-5.1.1 one\r\n550-5.1.1 two?\r\n550 5.1.1 th??\r\n");
	buf_reset(&out);
	answer_set(&a, 354, NULL, "%s", "");
	answer_write(&a, true, &out);
	CHECK_STR(out.data, "354 \r\n");
	buf_reset(&out);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	answer_set(&a, 250, "2.0.0", "%s", text);
	answer_write(&a, true, &out);
	for (const char *p = out.data; *p; p = strchr(p, '\n') + 1)
		CHECK(strchr(p, '\n') - p < 512);
	CHECK_INT(out.len, 3 * (4 + 6 + 2) + 1199);
	buf_clear(&out);
}

int main(void)
{
	buf_init(&said, 1 << 20);
	buf_init(&taken, 1 << 20);
	TEST_RUN(sends);
	TEST_RUN(takes_chunks);
	TEST_RUN(cannot_be_smuggled);
	TEST_RUN(hears_lf);
	TEST_RUN(keeps_order);
	TEST_RUN(takes_any_login_where_it_shall);
	TEST_RUN(reads_parameters);
	TEST_RUN(joins_wishes);
	TEST_RUN(is_bounded);
	TEST_RUN(ends);
	TEST_RUN(waits_so_long);
	TEST_RUN(writes_answers);
	buf_clear(&said);
	buf_clear(&taken);
	return test_done();
}
