/* Media types: see media_type.h. */
#include "mail/media_type.h"

#include <stdlib.h>
#include <string.h>

#include "base/chars.h"

struct ending {
	const char *ending;
	const char *type;
};

/* In the order of strcmp(3). */
static const struct ending endings[] = {
	{"7z", "application/x-7z-compressed"},
	{"aac", "audio/aac"},
	{"apk", "application/vnd.android.package-archive"},
	{"avi", "video/x-msvideo"},
	{"avif", "image/avif"},
	{"bin", "application/octet-stream"},
	{"bmp", "image/bmp"},
	{"bz2", "application/x-bzip2"},
	{"c", "text/x-c"},
	{"cer", "application/pkix-cert"},
	{"conf", "text/plain"},
	{"cpp", "text/x-c++"},
	{"crt", "application/x-x509-ca-cert"},
	{"css", "text/css"},
	{"csv", "text/csv"},
	{"deb", "application/vnd.debian.binary-package"},
	{"diff", "text/x-diff"},
	{"doc", "application/msword"},
	{"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	{"eml", "message/rfc822"},
	{"epub", "application/epub+zip"},
	{"exe", "application/vnd.microsoft.portable-executable"},
	{"flac", "audio/flac"},
	{"gif", "image/gif"},
	{"gpg", "application/octet-stream"},
	{"gz", "application/gzip"},
	{"h", "text/x-c"},
	{"heic", "image/heic"},
	{"htm", "text/html"},
	{"html", "text/html"},
	{"ico", "image/vnd.microsoft.icon"},
	{"ics", "text/calendar"},
	{"ini", "text/plain"},
	{"iso", "application/octet-stream"},
	{"java", "text/x-java"},
	{"jpeg", "image/jpeg"},
	{"jpg", "image/jpeg"},
	{"js", "text/javascript"},
	{"json", "application/json"},
	{"jsonl", "application/jsonl"},
	{"log", "text/plain"},
	{"m4a", "audio/mp4"},
	{"m4v", "video/mp4"},
	{"markdown", "text/markdown"},
	{"md", "text/markdown"},
	{"mid", "audio/midi"},
	{"mkv", "video/matroska"},
	{"mov", "video/quicktime"},
	{"mp3", "audio/mpeg"},
	{"mp4", "video/mp4"},
	{"mpeg", "video/mpeg"},
	{"mpg", "video/mpeg"},
	{"odp", "application/vnd.oasis.opendocument.presentation"},
	{"ods", "application/vnd.oasis.opendocument.spreadsheet"},
	{"odt", "application/vnd.oasis.opendocument.text"},
	{"oga", "audio/ogg"},
	{"ogg", "audio/ogg"},
	{"ogv", "video/ogg"},
	{"opus", "audio/ogg"},
	{"otf", "font/otf"},
	{"p7m", "application/pkcs7-mime"},
	{"patch", "text/x-diff"},
	{"pcap", "application/vnd.tcpdump.pcap"},
	{"pdf", "application/pdf"},
	{"pem", "application/x-pem-file"},
	{"php", "text/x-php"},
	{"pl", "text/x-perl"},
	{"png", "image/png"},
	{"ppt", "application/vnd.ms-powerpoint"},
	{"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
	{"ps", "application/postscript"},
	{"py", "text/x-python"},
	{"rar", "application/vnd.rar"},
	{"rpm", "application/x-rpm"},
	{"rtf", "application/rtf"},
	{"sh", "text/x-shellscript"},
	{"sql", "application/sql"},
	{"svg", "image/svg+xml"},
	{"tar", "application/x-tar"},
	{"tex", "text/x-tex"},
	{"text", "text/plain"},
	{"tgz", "application/gzip"},
	{"tif", "image/tiff"},
	{"tiff", "image/tiff"},
	{"toml", "application/toml"},
	{"tsv", "text/tab-separated-values"},
	{"ttf", "font/ttf"},
	{"txt", "text/plain"},
	{"vcf", "text/vcard"},
	{"wasm", "application/wasm"},
	{"wav", "audio/x-wav"},
	{"weba", "audio/webm"},
	{"webm", "video/webm"},
	{"webp", "image/webp"},
	{"woff", "font/woff"},
	{"woff2", "font/woff2"},
	{"xls", "application/vnd.ms-excel"},
	{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	{"xml", "application/xml"},
	{"xz", "application/x-xz"},
	{"yaml", "application/yaml"},
	{"yml", "application/yaml"},
	{"zip", "application/zip"},
	{"zst", "application/zstd"},
};

enum { ENDING_MAX = 10 };

static int compare(const void *key, const void *row)
{
	return strcmp(key, ((const struct ending *)row)->ending);
}

const char *media_type_of(struct span name)
{
	const char *dot = name.len > 0 ? memrchr(name.data, '.', name.len) : NULL;
	size_t len = dot ? (size_t)(name.data + name.len - dot - 1) : 0;
	char ending[ENDING_MAX + 1] = "";
	const struct ending *found;

	if (len == 0 || len > ENDING_MAX || memchr(dot, '\0', len))
		return NULL;
	for (size_t i = 0; i < len; i++)
		ending[i] = chars_lower(dot[1 + i]);
	found = bsearch(ending, endings, sizeof(endings) / sizeof(endings[0]),
			sizeof(endings[0]), compare);
	return found ? found->type : NULL;
}

static bool is_token_char(char c)
{
	return chars_is(c, CHARS_GRAPHIC) && !strchr("()<>@,;:\\\"/[]?=", c);
}

/* Takes a token off *text. Returns its length. */
static size_t take_token(struct span *text)
{
	size_t len = 0;

	while (len < text->len && is_token_char(text->data[len]))
		len++;
	text->data += len;
	text->len -= len;
	return len;
}

static void take_blanks(struct span *text)
{
	while (text->len > 0 && chars_is(*text->data, CHARS_BLANK)) {
		text->data++;
		text->len--;
	}
}

static bool take_char(struct span *text, char c)
{
	if (text->len == 0 || *text->data != c)
		return false;
	text->data++;
	text->len--;
	return true;
}

/* quoted-string, in printable ASCII and blanks. */
static bool take_quoted(struct span *text)
{
	size_t i = 1;

	while (i < text->len && text->data[i] != '"') {
		if (text->data[i] == '\\')
			i++;
		if (i >= text->len || !chars_is(text->data[i], CHARS_GRAPHIC | CHARS_BLANK))
			return false;
		i++;
	}
	if (i >= text->len)
		return false;
	text->data += i + 1;
	text->len -= i + 1;
	return true;
}

/* ";" attribute "=" value. Says which attribute. */
static bool take_parameter(struct span *text, struct span *attribute)
{
	if (!take_char(text, ';'))
		return false;
	take_blanks(text);
	attribute->data = text->data;
	attribute->len = take_token(text);
	if (attribute->len == 0 || !take_char(text, '='))
		return false;
	if (text->len > 0 && *text->data == '"') {
		if (!take_quoted(text))
			return false;
	} else if (take_token(text) == 0) {
		return false;
	}
	take_blanks(text);
	return true;
}

/* type "/" subtype, and blanks. */
static bool take_type(struct span *text)
{
	if (take_token(text) == 0 || !take_char(text, '/') || take_token(text) == 0)
		return false;
	take_blanks(text);
	return true;
}

bool media_type_is_valid(struct span text)
{
	struct span attribute;

	if (!take_type(&text))
		return false;
	while (text.len > 0)
		if (!take_parameter(&text, &attribute))
			return false;
	return true;
}

bool media_type_is(struct span text, const char *type)
{
	size_t len = strlen(type);

	if (!span_starts_nocase(text, type))
		return false;
	return type[len - 1] == '/' || text.len == len || !is_token_char(text.data[len]);
}

bool media_type_has(struct span text, const char *attribute)
{
	struct span found;

	if (take_type(&text))
		while (take_parameter(&text, &found))
			if (span_equals_nocase(found, attribute))
				return true;
	return false;
}
