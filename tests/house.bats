#!/usr/bin/env bats
# The rules of the house: what a machine can see of DESIGN and STYLE. Each rule is also run over a
# small tree that breaks it, so that a rule that sees nothing is seen.

load lib/common

setup() {
	cd "$ROOT"
	tree=$BATS_TEST_TMPDIR/tree
}

# plant FILE LINE...: a file of a tree with the rooms of this one.
plant() {
	mkdir -p "$tree/src" "$tree/$(dirname "$1")"
	cp "$ROOT/src/README" "$tree/src/README"
	local file=$tree/$1
	shift
	printf '%s\n' "$@" >"$file"
}

# catches RULE TEXT: the rule fails over the planted tree and says TEXT.
catches() {
	run tests/lib/house "$1" "$tree"
	[ "$status" -eq 1 ]
	[[ $output == *"$2"* ]]
}

# passes RULE
passes() {
	run tests/lib/house "$1" "$tree"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "every room includes only the rooms that src/README allows it" {
	tests/lib/house layers
}

@test "the layer rule catches a breach" {
	plant src/mail/x.c '#include "net/conn.h"'
	catches layers 'src/mail/x.c:1: "net/conn.h" is out of bounds here'
	plant src/mail/x.c '#include "base/buf.h"' '#include "mail/y.h"'
	passes layers
	plant src/smtp/x.h '#  include "deliver/y.h"'
	catches layers 'src/smtp/x.h:1: "deliver/y.h"'
}

@test "the layer rule keeps crypto a module, headers in folders and rooms on the map" {
	plant src/deliver/x.c '#include "crypto/tls.h"'
	catches layers '"crypto/tls.h" is out of bounds'
	plant src/deliver/x.c '#include "x.h"'
	catches layers 'does not name its folder'
	plant src/deliver/x.c ''
	plant src/attic/x.c ''
	catches layers 'the room attic is not in src/README'
}

@test "the layer rule keeps one door to each foreign library" {
	plant src/net/x.c '#include <gnutls/gnutls.h>'
	catches layers '<gnutls/gnutls.h> belongs to src/crypto/'
	plant src/net/x.c '#include <syslog.h>'
	catches layers '<syslog.h> belongs to'
	plant src/net/x.c '#include <netdb.h>'
	plant src/crypto/x.c '#include <gnutls/gnutls.h>'
	plant src/cmd/option.c '#include <getopt.h>'
	passes layers
	plant src/cmd/submit.c '#include <getopt.h>'
	catches layers '<getopt.h> belongs to src/cmd/option'
}

@test "no banned function is called" {
	tests/lib/house banned
}

@test "the rule of banned functions catches calls, not words" {
	plant src/base/x.c '/* strcpy(a, b) */' 'const char *x = "strcat(a)";' 'my_strcpy(a);' \
		'a->system(b);'
	passes banned
	plant src/base/x.c '' 'strcpy (a, b);'
	catches banned 'src/base/x.c:2: strcpy() is banned'
	plant src/base/x.c ''
	plant tests/unit/x.c 'x = atoi(b);'
	catches banned 'tests/unit/x.c:1: atoi() is banned'
}

@test "below cmd nothing exits, prints or reads the environment, and no code is conditional" {
	tests/lib/house quiet
}

@test "the rule of quiet catches both" {
	plant src/cmd/x.c 'exit(1);' 'printf("x");'
	plant src/base/process.c '_exit(1);'
	passes quiet
	plant src/base/x.c 'snprintf(a, b, c);' 'getenv("HOME");'
	catches quiet 'src/base/x.c:2: getenv() is for cmd alone'
	plant src/base/x.c '#ifdef __linux__'
	catches quiet 'src/base/x.c:1: conditional code'
}

@test "no function is longer than 100 lines or has more than 6 parameters" {
	tests/lib/house report | sed 's/^/# /' >&3
	tests/lib/house lengths
}

@test "the rule of lengths catches both" {
	plant src/base/x.c 'int f(int a, int b, int c, int d, int e, int f)' '{' '}'
	passes lengths
	plant src/base/x.c 'int f(int a, int b, int c,' '	int d, int e, int f, int g)' '{' '}'
	catches lengths 'src/base/x.c:1: 7 parameters: int f(int a'
	plant src/base/x.c 'void f(void)' '{' $(yes ';' | head -n 97) '}'
	passes lengths
	plant src/base/x.c 'void f(void)' '{' $(yes ';' | head -n 98) '}'
	catches lengths 'src/base/x.c:1: 101 lines: void f(void)'
}

@test "main.c is small" {
	tests/lib/house small
	plant src/main.c $(yes ';' | head -n 60)
	catches small 'src/main.c: 60 lines'
}

@test "every header compiles alone" {
	tests/lib/house alone
}

@test "the rule of headers catches one that leans on another" {
	plant src/base/x.h 'size_t x(void);'
	catches alone 'src/base/x.h: does not compile alone'
}

@test "the tree names no host that packages come from" {
	tests/lib/house hosts
}

@test "the rule of hosts catches one" {
	plant contrib/x "fetch http://deb.$(printf debian).org/debian"
	catches hosts 'contrib/x:1: names a host of packages'
}

@test "the C files look as .clang-format says" {
	find src tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror
}

@test "the manual pages pass mandoc lint" {
	run find man -name '*.[1-8]'
	[ -n "$output" ]
	mandoc -T lint -W warning $output
}

@test "the shell scripts parse" {
	for file in contrib/try contrib/check contrib/common contrib/deb contrib/install-* \
		contrib/debian/p*inst contrib/debian/p*rm tests/lib/ca; do
		sh -n "$file"
	done
	bash -n .ci/run
	bash -n tests/lib/bare
}

@test "the table of options, --help and pennypost(1) agree" {
	PENNYPOST=$PENNYPOST tests/lib/house options
}

# plant_options HELP ITEM: a table of two options, the output of --help and the manual page.
plant_options() {
	plant src/cmd/option_table.c 'static const struct options_row rows[] = {' \
		"	{'t', \"read\", NO, ALL, set_flag, AT(x), NULL, \"read them\"}," \
		"	{'A', NULL, ONE, ALL, set_nothing, 0, \"CHARACTER\", NULL}," '};'
	plant man/pennypost.1 '.Sh DESCRIPTION' "$2" '.Fl A Ar character' '.Sh ENVIRONMENT'
	plant program '#!/bin/sh' "printf '%s\n' '$1' 'Accepted for callers:' ' -A'"
	chmod +x "$tree/program"
	export PENNYPOST=$tree/program
}

@test "the rule of options catches a difference on either side" {
	plant_options '  -t, --read    read them' '.It Fl t , Fl -read'
	passes options
	plant_options '  -t, --read    read it' '.It Fl t , Fl -read'
	catches options '--help does not show: -t, --read read them'
	catches options '--help shows what the table does not have: -t, --read read it'
	plant_options '  -t, --read    read them' '.It Fl t'
	catches options 'pennypost.1 does not document --read as the table has it'
	plant_options '  -t, --read    read them' '.It Fl t Ar value , Fl -read'
	catches options 'pennypost.1 does not document -t as the table has it'
	plant_options '  -t, --read    read them' '.It Fl t , Fl -read , Fl z'
	catches options 'pennypost.1 documents -z, which the table does not have'
}

@test "the words of the configuration, their options and pennypost.conf(5) agree" {
	tests/lib/house keys
}

@test "the rule of words catches a difference on either side" {
	plant src/cmd/option_table.c ''
	plant src/conf/keys.c 'static const struct key keys[] = {' '	{"relay", set_relay, 0},' '};'
	plant man/pennypost.conf.5 '.It Ic relay Ar url'
	passes keys
	plant man/pennypost.conf.5 '.It Ic host Ar host'
	catches keys 'pennypost.conf.5 does not document relay'
	catches keys 'pennypost.conf.5 documents host, which'
	plant src/conf/keys_x.c 'const struct key keys_x[] = {' '	{"host", set_host, 0},' \
		'	{"port", set_port, 0},' '};'
	plant man/pennypost.conf.5 '.It Ic relay' '.It Ic port' '.It Ic host'
	catches keys 'pennypost.conf.5 has port where the table has host'
	rm "$tree/src/conf/keys_x.c"
	plant man/pennypost.conf.5 '.It Ic relay Ar url'
	plant src/cmd/option_table.c 'static const struct options_row rows[] = {' \
		"	{0, \"smtp-host\", ONE, OURS, set_setting, 0, \"HOST\", \"x\"}," '};'
	catches keys '--smtp-host sets no word'
}
