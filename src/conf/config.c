/*
 * Reading configuration files: see config.h. The file is a sequence of lines; a section is
 * filled line by line into one account that joins the list when the next section begins. Who
 * may have written a file is asked of the open descriptor before the first line counts.
 */
#include "conf/config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/chars.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "conf/expand.h"
#include "conf/keys.h"
#include "conf/secret.h"

enum { EVAL_TIMEOUT = 60 * 1000 };

/* A file being read, and the one that includes it. */
struct frame {
	struct frame *up;
	const char *path;
	struct stat st;
	int line;
	unsigned short file; /* as in struct account_word */
	int depth;
	bool checked;   /* it is a file whose owner and mode were looked at */
	bool evaluated; /* the present line came from eval */
	bool secret;    /* it holds a password */
};

enum section { SECTION_NONE, SECTION_DEFAULTS, SECTION_ACCOUNT };

struct reader {
	struct config *config;
	enum config_trust trust;
	enum section section;
	struct account defaults;
	struct account current;
	size_t first; /* the accounts of this load begin here */
	size_t size;  /* of the files read so far */
	struct frame *frame;
	bool placed; /* the error says where it is */
};

static int reader_line(struct reader *r, struct span line, struct error *error);

static int config_error(struct error *error, const char *text)
{
	return error_set(error, ERROR_LOCAL, STAGE_CONFIG, "%s", text);
}

/* The account of this name among those from `first` on. */
static const struct account *find_from(const struct config *c, size_t first, const char *name)
{
	for (size_t i = first; i < c->count; i++)
		if (strcmp(c->accounts[i].name, name) == 0)
			return &c->accounts[i];
	return NULL;
}

static int config_add(struct config *c, struct account *a, struct error *error)
{
	struct account *accounts;
	size_t cap;

	if (c->count == CONFIG_ACCOUNTS_MAX)
		return config_error(error, "there are more than 4096 accounts");
	if (c->count == c->cap) {
		cap = c->cap ? c->cap * 2 : 4;
		accounts = reallocarray(c->accounts, cap, sizeof(*accounts));
		if (!accounts)
			return error_set_memory(error);
		c->accounts = accounts;
		c->cap = cap;
	}
	c->accounts[c->count++] = *a;
	*a = (struct account){0};
	return 0;
}

/* Ends the section: a complete account joins the list. */
static int section_end(struct reader *r, struct error *error)
{
	bool account = r->section == SECTION_ACCOUNT;

	r->section = SECTION_NONE;
	if (!account)
		return 0;
	r->placed = account_check(&r->current, error) || keys_settle(&r->current, error);
	if (r->placed)
		return error_prefix(error, "%s: account %s", r->current.origin,
				    TEXT_SHOW(span_of(r->current.name)));
	return config_add(r->config, &r->current, error);
}

static char *reader_origin(const struct reader *r)
{
	struct buf b;

	buf_init(&b, ERROR_TEXT_MAX);
	text_escape(&b, span_of(r->frame->path));
	buf_printf(&b, ":%d", r->frame->line);
	return buf_take(&b);
}

/* Begins an account with what the defaults say. */
static int account_begin(struct reader *r, struct span name, struct error *error)
{
	const struct account *known;

	r->current.name = span_dup(name);
	r->current.origin = reader_origin(r);
	if (!r->current.name || !r->current.origin ||
	    account_inherit(&r->current, &r->defaults))
		return error_set_memory(error);
	/* Only what its own words say is handed on to accounts that inherit from it. */
	account_disown(&r->current);
	r->section = SECTION_ACCOUNT;
	known = find_from(r->config, r->first, r->current.name);
	if (known)
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "the account %s was defined at %s already", TEXT_SHOW(name),
				 known->origin);
	return 0;
}

static bool name_is_sane(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (chars_is(name.data[i], CHARS_CONTROL | CHARS_BLANK))
			return false;
	return name.len > 0;
}

static int account_take_base(struct reader *r, struct span name, struct error *error)
{
	char *copy = name_is_sane(name) ? span_dup(name) : NULL;
	const struct account *base = copy ? find_from(r->config, r->first, copy) : NULL;
	int result = 0;

	if (!name_is_sane(name))
		return config_error(error, "account wants names behind the colon, separated by "
					   "commas");
	if (!copy || (base && account_inherit(&r->current, base)))
		result = error_set_memory(error);
	else if (!base)
		result = error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				   "no account %s was defined before this line",
				   TEXT_SHOW(name));
	free(copy);
	return result;
}

/* account = "account" name [ ":" name *( "," name ) ] */
static int line_account(struct reader *r, struct span value, struct error *error)
{
	const char *colon = value.len > 0 ? memchr(value.data, ':', value.len) : NULL;
	struct span name = value;
	struct span bases = {0};

	if (colon) {
		name.len = (size_t)(colon - value.data);
		bases = (struct span){colon + 1, value.len - name.len - 1};
	}
	name = span_trim(name);
	if (!name_is_sane(name))
		return config_error(error, "account wants one name, without blanks");
	if (section_end(r, error) || account_begin(r, name, error))
		return -1;
	while (colon) {
		colon = bases.len > 0 ? memchr(bases.data, ',', bases.len) : NULL;
		name = bases;
		if (colon) {
			name.len = (size_t)(colon - bases.data);
			bases = (struct span){colon + 1, bases.len - name.len - 1};
		}
		if (account_take_base(r, span_trim(name), error))
			return -1;
	}
	return 0;
}

static int line_defaults(struct reader *r, struct span value, struct error *error)
{
	if (value.len > 0)
		return config_error(error, "defaults takes no argument");
	if (section_end(r, error))
		return -1;
	r->section = SECTION_DEFAULTS;
	return 0;
}

/* Who can read the password that turned out to be in it. */
static int secret_check(struct reader *r, const struct frame *f, struct error *error)
{
	struct buf warning;

	if (!f->secret)
		return 0;
	if (r->trust == CONFIG_USER && f->st.st_mode & (S_IRWXG | S_IRWXO))
		return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
				 "%s holds a password and is open to %s: chmod 600 %s",
				 TEXT_SHOW(span_of(f->path)),
				 f->st.st_mode & S_IRWXO ? "everybody" : "its group",
				 TEXT_SHOW(span_of(f->path)));
	if (r->trust == CONFIG_USER || !(f->st.st_mode & S_IROTH))
		return 0;
	buf_init(&warning, ERROR_TEXT_MAX);
	buf_printf(&warning,
		   "%s holds a password that everybody on this machine can read: "
		   "chmod o-r it, or keep the password elsewhere",
		   TEXT_SHOW(span_of(f->path)));
	return strv_add_take(&r->config->warnings, buf_take(&warning)) ? error_set_memory(error)
								       : 0;
}

static int reader_text(struct reader *r, struct span text, struct error *error)
{
	while (text.len > 0) {
		const char *end = memchr(text.data, '\n', text.len);
		struct span line = {text.data, end ? (size_t)(end - text.data) : text.len};
		size_t used = line.len + (end != NULL);

		r->frame->line++;
		text = (struct span){text.data + used, text.len - used};
		if (reader_line(r, line, error))
			return -1;
	}
	return 0;
}

/* Files beyond the last number share it: they are named wrongly, and read all the same. */
static int frame_number(struct reader *r, struct frame *f, struct error *error)
{
	struct strv *files = &r->config->files;

	if (files->count < USHRT_MAX && strv_add(files, span_of(f->path)))
		return error_set_memory(error);
	f->file = (unsigned short)files->count;
	return 0;
}

/* Opens, checks and reads the file of the frame. */
static int reader_file(struct reader *r, struct frame *f, struct error *error)
{
	struct buf text;
	int result = -1;
	int fd = file_open(f->path, &f->st);

	if (fd < 0) {
		file_open_error(f->path, error);
		/* HOME=/dev/null, for one, leads to a path below a file. */
		if (error->number == ENOTDIR)
			error->number = ENOENT;
		return -1;
	}
	buf_init(&text, CONFIG_FILE_MAX);
	r->frame = f;
	if (frame_number(r, f, error))
		goto out;
	if (file_check_writers(f->path, &f->st, "mail and passwords", error))
		goto out;
	if (file_read_all(fd, &text)) {
		error_set_errno(error, ERROR_LOCAL, STAGE_CONFIG, errno, "cannot read %s",
				TEXT_SHOW(span_of(f->path)));
		goto out;
	}
	f->checked = true;
	r->size += text.len;
	if (r->size > CONFIG_FILE_MAX) {
		config_error(error, "the file and what it includes are larger than 4 MiB");
		goto out;
	}
	if (reader_text(r, buf_span(&text), error) || secret_check(r, f, error))
		goto out;
	result = 0;
out:
	/* The number of an error is that of opening the file, nothing else's. */
	if (result)
		error->number = 0;
	close(fd);
	buf_wipe(&text);
	r->frame = f->up;
	return result;
}

static bool frame_is_open(const struct frame *f, const struct stat *st)
{
	for (; f; f = f->up)
		if (f->st.st_dev == st->st_dev && f->st.st_ino == st->st_ino)
			return true;
	return false;
}

/* Makes the name of an included file one that is relative to the including file. */
static int include_resolve(struct reader *r, struct span value, struct buf *path,
			   struct error *error)
{
	const char *slash = strrchr(r->frame->path, '/');

	buf_init(path, CONFIG_LINE_MAX * 2);
	if (slash && value.data[0] != '/' && value.data[0] != '~')
		buf_add(path, r->frame->path, (size_t)(slash - r->frame->path) + 1);
	buf_add_span(path, value);
	if (buf_failed(path))
		return error_set_memory(error);
	return expand_home(path, r->config->home, error);
}

/* include = "include" file: its lines count as if they stood here. */
static int line_include(struct reader *r, struct span value, struct error *error)
{
	struct frame f = {.up = r->frame, .depth = r->frame->depth + 1};
	struct buf path;
	struct stat st;
	int result = -1;

	if (value.len == 0)
		return config_error(error, "include wants the name of a file");
	if (!r->frame->checked || r->frame->evaluated)
		return config_error(error, "include works only in a file");
	if (f.depth > CONFIG_INCLUDE_MAX)
		return config_error(error, "files include each other more than 8 deep");
	if (include_resolve(r, value, &path, error))
		goto out;
	f.path = path.data;
	if (stat(f.path, &st) == 0 && frame_is_open(r->frame, &st)) {
		config_error(error, "the file includes itself");
		goto out;
	}
	result = reader_file(r, &f, error);
	/* Only the outermost file may be missing without harm. */
	if (result)
		error->number = 0;
out:
	buf_clear(&path);
	return result;
}

/* eval = "eval" command: the first line of its output stands here instead. */
static int line_eval(struct reader *r, struct span value, struct error *error)
{
	char *command = span_dup(value);
	struct buf out;
	struct span line;
	int result = -1;

	buf_init(&out, CONFIG_LINE_MAX);
	if (!command)
		error_set_memory(error);
	else if (!r->frame->checked || r->frame->evaluated)
		config_error(error, "eval works only in a file");
	else if (value.len == 0)
		config_error(error, "eval wants a command");
	else if (process_capture(command, secret_environment, EVAL_TIMEOUT, &out, error))
		error_prefix(error, "eval");
	else {
		line = buf_span(&out);
		line.len = strcspn(line.data, "\n");
		r->frame->evaluated = true;
		result = reader_line(r, line, error);
		r->frame->evaluated = false;
	}
	buf_wipe(&out);
	free(command);
	return result;
}

/* A word that is obsolete is told of once, whatever the number of its lines. */
static int reader_advise(struct reader *r, const char *key, const char *advice,
			 struct error *error)
{
	struct strv *warnings = &r->config->warnings;
	struct buf text, place;
	bool known = false;

	buf_init(&text, ERROR_TEXT_MAX);
	buf_init(&place, ERROR_TEXT_MAX);
	buf_printf(&text, ": %s %s", key, advice);
	buf_printf(&place, "%s:%d%s", TEXT_SHOW(span_of(r->frame->path)), r->frame->line,
		   text.data);
	for (size_t i = 0; i < warnings->count; i++)
		known = known || strstr(warnings->items[i], text.data);
	buf_clear(&text);
	if (known) {
		buf_clear(&place);
		return 0;
	}
	return strv_add_take(warnings, buf_take(&place)) ? error_set_memory(error) : 0;
}

/* A word of the table: sets it in the section's account. */
static int line_key(struct reader *r, const char *key, struct buf *value, struct error *error)
{
	unsigned flags = keys_flags(key);
	struct account *a = &r->current;
	const char *advice;

	if (r->section == SECTION_NONE && account_begin(r, span_of("default"), error))
		return -1;
	if (r->section == SECTION_DEFAULTS)
		a = &r->defaults;
	if (flags & KEYS_FILE && expand_home(value, r->config->home, error))
		return error_prefix(error, "%s", key);
	if (flags & KEYS_URL && expand_home_in_url(value, r->config->home, error))
		return error_prefix(error, "%s", key);
	if (flags & KEYS_NAMES && expand_names(value, error))
		return error_prefix(error, "%s", key);
	if (flags & KEYS_SECRET && value->len > 0 && !r->frame->evaluated)
		r->frame->secret = true;
	a->here =
		(struct account_word){.file = r->frame->file, .line = (unsigned)r->frame->line};
	if (keys_set_value(a, key, value->len > 0 ? value->data : NULL, error))
		return -1;
	advice = keys_advice(key, value->data);
	return advice ? reader_advise(r, key, advice, error) : 0;
}

static int line_dispatch(struct reader *r, const char *key, struct buf *value,
			 struct error *error)
{
	static const struct {
		const char *name;
		int (*read)(struct reader *, struct span, struct error *);
	} words[] = {
		{"account", line_account},
		{"defaults", line_defaults},
		{"include", line_include},
		{"eval", line_eval},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(key, words[i].name) == 0)
			return words[i].read(r, buf_span(value), error);
	return line_key(r, key, value, error);
}

/* rest = DQUOTE *any DQUOTE / *any: msmtp's rule for commands and passwords. */
static int value_rest(struct span s, bool secret, struct buf *out, struct error *error)
{
	bool opens = s.len > 0 && s.data[0] == '"';
	bool closes = s.len > 1 && s.data[s.len - 1] == '"';

	if (opens && closes)
		s = (struct span){s.data + 1, s.len - 2};
	else if (opens && secret)
		return config_error(error,
				    "a password that begins with a quote must end with one: "
				    "put one more pair of quotes around it");
	buf_add_span(out, s);
	return 0;
}

/* quoted = DQUOTE *( any / "\" DQUOTE / "\\" ) DQUOTE [ blanks "#" *any ] */
static int value_quoted(struct span s, struct buf *out, struct error *error)
{
	size_t i = 1;

	for (; i < s.len && s.data[i] != '"'; i++) {
		if (s.data[i] == '\\' && i + 1 < s.len &&
		    (s.data[i + 1] == '"' || s.data[i + 1] == '\\'))
			i++;
		buf_add_char(out, s.data[i]);
	}
	if (i >= s.len)
		return config_error(error, "the closing quote is missing");
	s = (struct span){s.data + i + 1, s.len - i - 1};
	if (s.len > 0 && !chars_is(s.data[0], CHARS_BLANK))
		return config_error(error, "the closing quote must end the value");
	s = span_trim(s);
	if (s.len > 0 && s.data[0] != '#')
		return config_error(error,
				    "only one value can stand behind a key: quote all of it");
	return 0;
}

/* text = *any, up to a "#" that begins a word */
static void value_text(struct span s, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] == '#' && (i == 0 || chars_is(s.data[i - 1], CHARS_BLANK)))
			s.len = i;
	buf_add_span(out, span_trim(s));
}

int config_read_value(struct span s, const char *key, struct buf *out, struct error *error)
{
	unsigned flags = strcmp(key, "eval") == 0 ? KEYS_REST : keys_flags(key);

	if (flags & KEYS_REST)
		return value_rest(s, flags & KEYS_SECRET, out, error);
	if (s.len > 0 && s.data[0] == '"')
		return value_quoted(s, out, error);
	value_text(s, out);
	return 0;
}

static int line_check(struct span line, struct error *error)
{
	if (line.len > CONFIG_LINE_MAX)
		return config_error(error, "the line is longer than 65536 bytes");
	for (size_t i = 0; i < line.len; i++)
		if (chars_is(line.data[i], CHARS_CONTROL) && line.data[i] != '\t')
			return error_set(error, ERROR_LOCAL, STAGE_CONFIG,
					 "the line holds a control character (0x%02X)",
					 (unsigned)(unsigned char)line.data[i]);
	return 0;
}

/* line = [ blanks ] [ key [ blanks value ] ] [ blanks "#" *any ] [ CR ] */
static int line_read(struct reader *r, struct span line, struct error *error)
{
	struct buf value;
	char *key = NULL;
	size_t len = 0;
	int result = -1;

	buf_init(&value, CONFIG_LINE_MAX);
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	if (line_check(line, error))
		return -1;
	line = span_trim(line);
	if (line.len == 0 || line.data[0] == '#')
		return 0;
	while (len < line.len && !chars_is(line.data[len], CHARS_BLANK))
		len++;
	key = span_dup((struct span){line.data, len});
	if (!key) {
		error_set_memory(error);
		goto out;
	}
	line = span_trim((struct span){line.data + len, line.len - len});
	if (config_read_value(line, key, &value, error))
		error_prefix(error, "%.*s", (int)keys_name_length(key), key);
	else if (buf_failed(&value))
		error_set_memory(error);
	else
		result = line_dispatch(r, key, &value, error);
out:
	free(key);
	buf_wipe(&value);
	return result;
}

/* An error gets the place of its line; one in an included file has its own before that. */
static int reader_line(struct reader *r, struct span line, struct error *error)
{
	struct frame *f = r->frame;

	if (line_read(r, line, error) == 0)
		return 0;
	if (f->evaluated || r->placed)
		return -1;
	return error_prefix(error, "%s:%d", TEXT_SHOW(span_of(f->path)), f->line);
}

/* Ends the last section; after a failure the accounts are as they were. */
static int reader_finish(struct reader *r, const char *path, int result, struct error *error)
{
	struct config *c = r->config;

	if (result == 0) {
		result = section_end(r, error);
		if (result && !r->placed)
			error_prefix(error, "%s", TEXT_SHOW(span_of(path)));
	}
	while (result && c->count > r->first)
		account_clear(&c->accounts[--c->count]);
	account_clear(&r->current);
	account_clear(&r->defaults);
	return result;
}

int config_load(struct config *c, const char *path, enum config_trust trust,
		struct error *error)
{
	struct reader r = {.config = c, .trust = trust, .first = c->count};
	struct frame f = {.path = path};

	return reader_finish(&r, path, reader_file(&r, &f, error), error);
}

int config_parse(struct config *c, const char *path, struct span text, struct error *error)
{
	struct frame f = {.path = path};
	struct reader r = {.config = c, .first = c->count, .frame = &f};
	int result = frame_number(&r, &f, error) || reader_text(&r, text, error) ? -1 : 0;

	return reader_finish(&r, path, result, error);
}

void config_clear(struct config *c)
{
	for (size_t i = 0; i < c->count; i++)
		account_clear(&c->accounts[i]);
	free(c->accounts);
	strv_clear(&c->files);
	strv_clear(&c->warnings);
	*c = (struct config){0};
}

const struct account *config_find(const struct config *c, const char *name)
{
	return find_from(c, 0, name);
}

const struct account *config_default(const struct config *c)
{
	const struct account *a = config_find(c, "default");

	return !a && c->count > 0 ? &c->accounts[0] : a;
}

const struct account *config_match(const struct config *c, const char *address)
{
	for (size_t i = 0; i < c->count; i++)
		if (account_has_address(&c->accounts[i], address))
			return &c->accounts[i];
	return NULL;
}
