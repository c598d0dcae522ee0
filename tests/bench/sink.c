/*
 * A relay that throws mail away and counts how it came, for tests/bench/run.
 *
 *	sink CERTIFICATE KEY
 *
 * listens on two ports of 127.0.0.1, prints "PORT TLSPORT" (the second speaks TLS from the
 *first byte) and then a line for each connection, with the sender's local part to tell whose it
 *was:
 *
 *	SENDER recipients N bytes N reads N waits N records N full N
 *
 * A client that calls itself "seven" is not offered 8BITMIME. reads are calls of recv() or
 *gnutls_record_recv() that gave something, waits are those times that there was nothing to
 *read; records and full count the TLS records of the message, and those of them that were as
 *long as one can be. One connection at a time; ends at the end of its standard input. It
 *believes any password and makes no attempt at strictness: tests/relay does that.
 */
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IN_MAX = 256 * 1024, OUT_MAX = 64 * 1024, RECORD_MAX = 16384, IDLE = 30000 };

struct sink {
	int fd;
	gnutls_session_t tls; /* NULL: in clear */
	char in[IN_MAX];
	size_t len; /* bytes in it */
	char out[OUT_MAX];
	size_t out_len;
	bool in_data;
	bool over;
	unsigned prompts; /* lines that are still to come of an AUTH exchange */
	char sender[64];
	unsigned long long recipients, bytes, reads, waits, records, full;
};

static gnutls_certificate_credentials_t credentials;
static gnutls_datum_t ticket_key;

static bool wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, IDLE) > 0;
}

static void flush(struct sink *s)
{
	size_t at = 0;

	while (at < s->out_len) {
		ssize_t n = s->tls ? gnutls_record_send(s->tls, s->out + at, s->out_len - at)
				   : send(s->fd, s->out + at, s->out_len - at, MSG_NOSIGNAL);

		if (n > 0)
			at += (size_t)n;
		else if (s->tls ? n != GNUTLS_E_AGAIN && n != GNUTLS_E_INTERRUPTED
				: errno != EAGAIN && errno != EINTR)
			break;
		else if (!wait_for(s->fd, POLLOUT))
			break;
	}
	s->over |= at < s->out_len;
	s->out_len = 0;
}

static void say(struct sink *s, const char *text)
{
	size_t len = strlen(text);

	if (s->out_len + len > OUT_MAX)
		flush(s);
	memcpy(s->out + s->out_len, text, len);
	s->out_len += len;
}

/* One recv(), or one record. Returns its length, 0 at the end, -1 when there is nothing yet. */
static ssize_t receive(struct sink *s)
{
	size_t room = IN_MAX - s->len;
	ssize_t n;

	if (!s->tls) {
		n = recv(s->fd, s->in + s->len, room, 0);
		return n >= 0 ? n : errno == EAGAIN || errno == EINTR ? -1 : 0;
	}
	n = gnutls_record_recv(s->tls, s->in + s->len, room < RECORD_MAX ? room : RECORD_MAX);
	if (n < 0)
		return n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED ? -1 : 0;
	s->records += s->in_data;
	s->full += s->in_data && n == RECORD_MAX;
	return n;
}

/* Answers, then reads more. */
static void fill(struct sink *s)
{
	ssize_t n = receive(s);

	if (n < 0) {
		flush(s);
		s->waits++;
		if (!s->over && !wait_for(s->fd, POLLIN))
			s->over = true;
		return;
	}
	if (n == 0)
		s->over = true;
	s->reads++;
	s->len += (size_t)n;
}

static void drop(struct sink *s, size_t len)
{
	memmove(s->in, s->in + len, s->len - len);
	s->len -= len;
}

/* Throws the message away up to its end. The CRLF of the DATA line still stands in front of it.
 */
static void take_data(struct sink *s)
{
	static const char end[] = "\r\n.\r\n";
	char *found = memmem(s->in, s->len, end, sizeof(end) - 1);
	size_t keep = s->len < 4 ? s->len : 4;

	if (!found) {
		s->bytes += s->len - keep;
		drop(s, s->len - keep);
		fill(s);
		return;
	}
	s->bytes += (size_t)(found - s->in);
	drop(s, (size_t)(found - s->in) + sizeof(end) - 1);
	s->in_data = false;
	say(s, "250 2.0.0 thrown away\r\n");
}

static bool handshake(struct sink *s)
{
	int result;

	if (gnutls_init(&s->tls, GNUTLS_SERVER | GNUTLS_NONBLOCK) < 0)
		return false;
	gnutls_set_default_priority(s->tls);
	gnutls_session_ticket_enable_server(s->tls, &ticket_key);
	gnutls_credentials_set(s->tls, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_int(s->tls, s->fd);
	while ((result = gnutls_handshake(s->tls)) < 0)
		if (gnutls_error_is_fatal(result) || !wait_for(s->fd, POLLIN))
			return false;
	return true;
}

static void note_sender(struct sink *s, const char *path)
{
	size_t len = strcspn(path, "@>");

	if (len >= sizeof(s->sender))
		len = sizeof(s->sender) - 1;
	memcpy(s->sender, path, len);
	s->sender[len] = '\0';
}

static void auth(struct sink *s, const char *mechanism)
{
	bool login = strncasecmp(mechanism, "LOGIN", 5) == 0;

	s->prompts = strchr(mechanism, ' ') ? login : 1u + login;
	say(s, s->prompts ? "334 \r\n" : "235 2.7.0 fine\r\n");
}

static void command(struct sink *s, const char *line)
{
	if (s->prompts > 0) {
		say(s, --s->prompts ? "334 \r\n" : "235 2.7.0 fine\r\n");
	} else if (strncasecmp(line, "RCPT TO:<", 9) == 0) {
		s->recipients++;
		say(s, "250 2.1.5 fine\r\n");
	} else if (strncasecmp(line, "EHLO ", 5) == 0) {
		say(s, "250-sink.example.org\r\n250-PIPELINING\r\n250-SIZE 0\r\n");
		if (strncasecmp(line + 5, "seven", 5) != 0)
			say(s, "250-8BITMIME\r\n");
		if (!s->tls)
			say(s, "250-STARTTLS\r\n");
		say(s, "250 AUTH PLAIN LOGIN\r\n");
	} else if (strncasecmp(line, "MAIL FROM:<", 11) == 0) {
		note_sender(s, line + 11);
		say(s, "250 2.1.0 fine\r\n");
	} else if (strncasecmp(line, "AUTH ", 5) == 0) {
		auth(s, line + 5);
	} else if (strcasecmp(line, "DATA") == 0) {
		s->in_data = true;
		say(s, "354 go on\r\n");
	} else if (strcasecmp(line, "STARTTLS") == 0 && !s->tls) {
		say(s, "220 2.0.0 now\r\n");
		flush(s);
		s->over |= !handshake(s);
	} else if (strcasecmp(line, "QUIT") == 0) {
		say(s, "221 2.0.0 bye\r\n");
		s->over = true;
	} else {
		say(s, "250 2.0.0 fine\r\n");
	}
}

/* The commands that have come whole, or more bytes. */
static void take_commands(struct sink *s)
{
	size_t at = 0;
	char *lf;

	while (!s->in_data && !s->over && (lf = memchr(s->in + at, '\n', s->len - at))) {
		char *line = s->in + at;

		at = (size_t)(lf + 1 - s->in);
		if (lf > line && lf[-1] == '\r')
			lf--;
		*lf = '\0';
		command(s, line);
	}
	if (s->in_data) {
		at -= 2;
		memcpy(s->in + at, "\r\n", 2);
	}
	drop(s, at);
	if (at == 0 && s->len == IN_MAX)
		s->over = true;
	else if (!s->over && !s->in_data)
		fill(s);
}

static void serve(int fd, bool tls)
{
	static struct sink s;
	int on = 1;

	memset(&s, 0, sizeof(s));
	s.fd = fd;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	s.over = tls && !handshake(&s);
	say(&s, "220 sink.example.org ESMTP\r\n");
	while (!s.over) {
		if (s.in_data)
			take_data(&s);
		else
			take_commands(&s);
	}
	flush(&s);
	if (s.tls) {
		gnutls_bye(s.tls, GNUTLS_SHUT_WR);
		gnutls_deinit(s.tls);
	}
	close(fd);
	printf("%s recipients %llu bytes %llu reads %llu waits %llu records %llu full %llu\n",
	       s.sender[0] ? s.sender : "-", s.recipients, s.bytes, s.reads, s.waits, s.records,
	       s.full);
}

static int listen_somewhere(unsigned *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) < 0 || listen(fd, 64) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0) {
		perror("sink");
		exit(1);
	}
	*port = ntohs(a.sin_port);
	return fd;
}

int main(int argc, char *argv[])
{
	struct pollfd p[3] = {{.fd = 0, .events = POLLIN}};
	unsigned ports[2];

	if (argc != 3 || gnutls_session_ticket_key_generate(&ticket_key) < 0 ||
	    gnutls_certificate_allocate_credentials(&credentials) < 0 ||
	    gnutls_certificate_set_x509_key_file(credentials, argv[1], argv[2],
						 GNUTLS_X509_FMT_PEM) < 0) {
		fprintf(stderr, "usage: sink CERTIFICATE KEY\n");
		return 2;
	}
	for (int i = 0; i < 2; i++)
		p[i + 1] = (struct pollfd){.fd = listen_somewhere(&ports[i]), .events = POLLIN};
	setlinebuf(stdout);
	printf("%u %u\n", ports[0], ports[1]);
	while (poll(p, 3, -1) > 0 && !p[0].revents)
		for (int i = 1; i < 3; i++) {
			int fd = p[i].revents ? accept(p[i].fd, NULL, NULL) : -1;

			if (fd >= 0)
				serve(fd, i == 2);
		}
	return 0;
}
