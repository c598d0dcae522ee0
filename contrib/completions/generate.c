/*
 * Writes what completes our options in bash, zsh and fish, and the words that vim colours in
 * our configuration, from the tables that the program reads itself: "generate
 * bash|zsh|fish|vim". Runs when the program is built.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cmd/option_table.h"
#include "conf/keys.h"

/* What can stand as the value of an option. */
enum values {
	VALUES_NONE, /* the option takes none */
	VALUES_ANY,  /* nobody can guess */
	VALUES_FILE,
	VALUES_FOLDER,
	VALUES_ACCOUNT,
	VALUES_ID,
	VALUES_WORDS /* the alternatives that value_name spells out */
};

static const char *const steering[] = {"show",   "retry", "release", "remove",
				       "cancel", "hold",  NULL};

static bool is_steering(const struct options_row *row)
{
	for (size_t i = 0; row->name && steering[i]; i++)
		if (strcmp(row->name, steering[i]) == 0)
			return true;
	return false;
}

/* Whether a word of value_name can be typed as it stands. */
static bool is_word(struct span word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!islower((unsigned char)word.data[i]) &&
		    !isdigit((unsigned char)word.data[i]) && word.data[i] != '-')
			return false;
	return word.len > 0;
}

/* The next of "on|off|METHOD" that can be typed; false behind the last. */
static bool next_word(const char **rest, struct span *word)
{
	while (**rest) {
		*word = (struct span){*rest, strcspn(*rest, "|")};
		*rest += word->len + ((*rest)[word->len] == '|');
		if (is_word(*word))
			return true;
	}
	return false;
}

static enum values values_of(const struct options_row *row)
{
	const char *rest = row->value_name;
	struct span word;

	if (row->value == OPTIONS_VALUE_NONE)
		return VALUES_NONE;
	if (is_steering(row))
		return VALUES_ID;
	if (row->name && strcmp(row->name, "account") == 0)
		return VALUES_ACCOUNT;
	if (strcmp(rest, "FILE") == 0 || strncmp(rest, "FILE[", 5) == 0)
		return VALUES_FILE;
	if (strcmp(rest, "DIR") == 0)
		return VALUES_FOLDER;
	return strchr(rest, '|') && next_word(&rest, &word) ? VALUES_WORDS : VALUES_ANY;
}

/* The rows that a person may want, one after the other. */
static const struct options_row *next_row(size_t *n)
{
	const struct options_row *row;

	while ((row = options_row((*n)++)) != NULL)
		if ((row->letter || row->name) && row->help && row->who & OPTIONS_FOR_PENNYPOST)
			return row;
	return NULL;
}

static void print_words(const struct options_row *row, const char *between)
{
	const char *rest = row->value_name;
	const char *before = "";
	struct span word;

	while (next_word(&rest, &word)) {
		printf("%s%.*s", before, (int)word.len, word.data);
		before = between;
	}
}

/* Text between single quotes: of a shell, with more characters escaped by a backslash. */
static void print_quoted(const char *text, const char *escaped)
{
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			printf("%s%c", strchr(escaped, *text) ? "\\" : "", *text);
}

static const char shell_lists[] =
	"_pennypost_accounts() {\n"
	"\t\"$1\" --show-config 2>/dev/null | sed -n 's/^account *\\([^ ]*\\).*/\\1/p'\n"
	"}\n\n"
	"_pennypost_ids() {\n"
	"\t\"$1\" --list-queue --json 2>/dev/null | sed -n "
	"'s/^{\"id\":\"\\([^\"]*\\)\".*/\\1/p'\n"
	"}\n\n";

/* An option that only may have a value is followed by anything, so its words count behind "="
 * alone. */
static void bash_pattern(const struct options_row *row)
{
	const char *before = "";

	if (row->letter && row->value == OPTIONS_VALUE_REQUIRED) {
		printf("-%c", row->letter);
		before = " | ";
	}
	if (row->name && row->value == OPTIONS_VALUE_REQUIRED) {
		printf("%s--%s", before, row->name);
		before = " | ";
	}
	if (row->name)
		printf("%s--%s=", before, row->name);
}

static void bash_values(const struct options_row *row, enum values values)
{
	printf("\t");
	bash_pattern(row);
	printf(")\n\t\t");
	switch (values) {
	case VALUES_FILE:
		printf("compopt -o filenames\n\t\twords=$(compgen -f -- \"$word\")");
		break;
	case VALUES_FOLDER:
		printf("compopt -o filenames\n\t\twords=$(compgen -d -- \"$word\")");
		break;
	case VALUES_ACCOUNT:
		printf("words=$(compgen -W \"$(_pennypost_accounts \"$1\")\" -- \"$word\")");
		break;
	case VALUES_ID:
		printf("words=$(compgen -W \"all $(_pennypost_ids \"$1\")\" -- \"$word\")");
		break;
	case VALUES_WORDS:
		printf("words=$(compgen -W '");
		print_words(row, " ");
		printf("' -- \"$word\")");
		break;
	default: printf(":"); break;
	}
	printf("\n\t\t;;\n");
}

/* What there is under sendmail's names: letters, as the long names are ours. */
static void bash_sendmail(void)
{
	const struct options_row *row;

	printf("\tcase ${1##*/} in\n"
	       "\tsendmail | mailq | newaliases)\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W '");
	for (size_t n = 0; (row = options_row(n)) != NULL; n++)
		if (row->letter && row->help && row->who & OPTIONS_FOR_SENDMAIL)
			printf("-%c ", row->letter);
	printf("' -- \"$word\")\n"
	       "\t\treturn\n"
	       "\t\t;;\n"
	       "\tesac\n");
}

/* Our other names, where they are links to us and not somebody else's. */
static const char bash_names[] =
	"complete -F _pennypost pennypost\n\n"
	"_pennypost_names() {\n"
	"\tlocal name ours\n"
	"\tours=$(type -P pennypost) || return 0\n"
	"\tfor name in msmtp sendmail mailq newaliases; do\n"
	"\t\t[[ ! $(type -P \"$name\") -ef $ours ]] || complete -F _pennypost \"$name\"\n"
	"\tdone\n"
	"}\n"
	"_pennypost_names\n"
	"unset -f _pennypost_names\n";

static void print_bash(void)
{
	const struct options_row *row;
	size_t n = 0;

	printf("# Completes the options of pennypost in bash; made from its table.\n\n%s"
	       "_pennypost() {\n"
	       "\tlocal word=$2 before=$3 equals='' words=''\n"
	       "\tif [ \"$before\" = = ]; then\n"
	       "\t\tbefore=${COMP_WORDS[COMP_CWORD - 2]} equals==\n"
	       "\telif [ \"$word\" = = ]; then\n"
	       "\t\tword='' equals==\n"
	       "\tfi\n"
	       "\tCOMPREPLY=()\n",
	       shell_lists);
	bash_sendmail();
	printf("\tcase $before$equals in\n");
	while ((row = next_row(&n)) != NULL) {
		enum values values = values_of(row);

		if (row->value == OPTIONS_VALUE_REQUIRED || values == VALUES_WORDS)
			bash_values(row, values);
	}
	printf("\t*) words=$(compgen -W '");
	for (n = 0; (row = next_row(&n)) != NULL;)
		if (row->name)
			printf("--%s ", row->name);
		else
			printf("-%c ", row->letter);
	printf("' -- \"$word\") ;;\n"
	       "\tesac\n"
	       "\t[ -z \"$words\" ] || mapfile -t COMPREPLY <<<\"$words\"\n"
	       "}\n"
	       "%s",
	       bash_names);
}

static void zsh_values(const struct options_row *row)
{
	printf(":");
	print_quoted(row->value_name, "[]:\\");
	printf(":");
	switch (values_of(row)) {
	case VALUES_FILE: printf("_files"); break;
	case VALUES_FOLDER: printf("_files -/"); break;
	case VALUES_ACCOUNT: printf("{compadd -- $(_pennypost_accounts $words[1])}"); break;
	case VALUES_ID: printf("{compadd -- all $(_pennypost_ids $words[1])}"); break;
	case VALUES_WORDS:
		printf("(");
		print_words(row, " ");
		printf(")");
		break;
	default: break;
	}
}

static void zsh_option(const struct options_row *row, const char *option)
{
	printf("\t'*%s", option);
	if (option[1] == '-' && row->value == OPTIONS_VALUE_REQUIRED)
		printf("=");
	if (row->value == OPTIONS_VALUE_OPTIONAL)
		printf(option[1] == '-' ? "=-" : "-");
	printf("[");
	print_quoted(row->help, "[]:\\");
	printf("]");
	if (row->value == OPTIONS_VALUE_OPTIONAL)
		printf(":");
	if (row->value != OPTIONS_VALUE_NONE)
		zsh_values(row);
	printf("' \\\n");
}

static void print_zsh(void)
{
	const struct options_row *row;
	char option[64];
	size_t n = 0;

	printf("#compdef pennypost\n# Made from the table of its options.\n\n%s"
	       "_arguments -s -S \\\n",
	       shell_lists);
	while ((row = next_row(&n)) != NULL) {
		if (row->letter) {
			snprintf(option, sizeof(option), "-%c", row->letter);
			zsh_option(row, option);
		}
		if (row->name) {
			snprintf(option, sizeof(option), "--%s", row->name);
			zsh_option(row, option);
		}
	}
	printf("\t'*:recipient:'\n");
}

static void print_fish(void)
{
	const struct options_row *row;
	size_t n = 0;

	printf("# Completes the options of pennypost in fish; made from its table.\n"
	       "complete -c pennypost -f\n");
	while ((row = next_row(&n)) != NULL) {
		enum values values = values_of(row);

		printf("complete -c pennypost");
		if (row->letter)
			printf(" -s %c", row->letter);
		if (row->name)
			printf(" -l %s", row->name);
		if (row->value == OPTIONS_VALUE_REQUIRED)
			printf(values == VALUES_FILE || values == VALUES_FOLDER ? " -r -F"
										: " -x");
		if (values == VALUES_ACCOUNT)
			printf(" -a \"(pennypost --show-config 2>/dev/null | "
			       "string replace -rf '^account +(\\S+).*' '\\$1')\"");
		if (values == VALUES_ID)
			printf(" -a \"all (pennypost --list-queue --json 2>/dev/null | "
			       "string replace -rf '^\\{\\\"id\\\":\\\"([^\\\"]*)\\\".*' "
			       "'\\$1')\"");
		if (values == VALUES_WORDS) {
			printf(" -a '");
			print_words(row, " ");
			printf("'");
		}
		printf(" -d '");
		print_quoted(row->help, "");
		printf("'\n");
	}
}

static void print_vim(void)
{
	printf("\" The configuration of pennypost; made from the table of its words.\n"
	       "if exists('b:current_syntax')\n  finish\nendif\n"
	       "syntax case match\n"
	       "syntax match pennypostComment /\\(^\\|\\s\\)\\zs#.*/ contains=pennypostTodo\n"
	       "syntax region pennypostString start=/\"/ skip=/\\\\\"/ end=/\"/ oneline\n"
	       "syntax match pennypostError /^\\s*\\zs[^# \\t]\\S*/\n"
	       "syntax match pennypostSection "
	       "/^\\s*\\zs\\(account\\|defaults\\|include\\|eval\\)\\>/\n"
	       "syntax match pennypostKey /^\\s*\\zs\\(");
	for (size_t i = 0; keys_name(i); i++)
		printf("%s%s", i > 0 ? "\\|" : "", keys_name(i));
	printf("\\)\\ze\\(\\s\\|$\\)/\n"
	       "syntax keyword pennypostSwitch on off auto\n"
	       "highlight default link pennypostComment Comment\n"
	       "highlight default link pennypostString String\n"
	       "highlight default link pennypostError Error\n"
	       "highlight default link pennypostSection Statement\n"
	       "highlight default link pennypostKey Identifier\n"
	       "highlight default link pennypostSwitch Boolean\n"
	       "let b:current_syntax = 'pennypost'\n");
}

int main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		void (*print)(void);
	} all[] = {{"bash", print_bash},
		   {"zsh", print_zsh},
		   {"fish", print_fish},
		   {"vim", print_vim}};

	for (size_t i = 0; argc == 2 && i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(argv[1], all[i].name) == 0) {
			all[i].print();
			return ferror(stdout) || fflush(stdout) ? 1 : 0;
		}
	fprintf(stderr, "usage: generate bash|zsh|fish|vim\n");
	return 64;
}
