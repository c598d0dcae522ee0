#!/usr/bin/env bats
# Whom a message is from, where the relay takes only addresses of its own.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD XDG_CONFIG_HOME=$PWD/config
	unset PENNYPOST_RELAY PENNYPOST_PASSWORD_FILE CREDENTIALS_DIRECTORY
	mkdir -p config/pennypost
	ln -s "$PENNYPOST" sendmail
	relay_start relay --plain
	count=0
}

teardown() {
	relay_stop
}

# configure: standard input behind what leads to the relay.
configure() {
	{
		printf '%s\n' defaults 'host 127.0.0.1' "port $relay_port" 'domain host.example.org' \
			'syslog off' 'queue off'
		cat
	} >config/pennypost/config
}

# sent SENDER: standard input is taken, and arrives with that reverse-path; its header is in head.
sent() {
	local sender=$1
	shift
	run ./sendmail "$@" bob@example.net
	echo "$output"
	[ "$status" -eq 0 ]
	count=$((count + 1))
	cat "relay/$count.envelope"
	grep -qx "from: <$sender>" "relay/$count.envelope"
	tr -d '\r' <"relay/$count.message" | sed '/^$/,$d' >head
	cat head
}

@test "cron's mail leaves under the account's address, and answers find who wrote it" {
	configure <<-END
		account default
		from robot@example.org
		align_from on
	END
	sent robot@example.org -FCronDaemon -i -oem <<-END
		From: root (Cron Daemon)
		Subject: Cron

		output
	END
	grep -qx 'From: Cron Daemon <robot@example.org>' head
	grep -qx 'X-Original-From: root (Cron Daemon)' head
	sent robot@example.org -i -f ann@host.example.org <<-END
		From: "Ann, at home" <ann@host.example.org>
		Subject: hi

		text
	END
	grep -qx 'From: "Ann, at home" <robot@example.org>' head
	grep -qx 'Reply-To: "Ann, at home" <ann@host.example.org>' head
	[ "$(grep -c '^From:' head)" -eq 1 ]
	sent robot@example.org -i -f ann@host.example.org <<-END
		From: ann@host.example.org
		Reply-To:
		Subject: an empty field is none, and there is one at most

		text
	END
	[ "$(grep '^Reply-To' head)" = 'Reply-To: ann@host.example.org' ]
	sent robot@example.org -i -f ann@host.example.org < <(printf 'From: ann@host.example.org (%060000d)\n\ntext\n' 0)
	grep -qx 'From: robot@example.org' head
	sent '' -i -f '<>' <<-END
		From: Mail Delivery <MAILER-DAEMON@host.example.org>

		report
	END
	grep -qx 'From: Mail Delivery <robot@example.org>' head
}

@test "without align_from nobody's name changes" {
	configure <<-END
		account default
		from robot@example.org
	END
	sent ann@host.example.org -f ann@host.example.org <<-END
		From: Ann <ann@host.example.org>

		text
	END
	grep -qx 'From: Ann <ann@host.example.org>' head
	run ! grep -q '^Reply-To' head
}

@test "the login is whom to align with, where there is no other address" {
	configure <<-END
		account default
		user robot@example.org
		auth off
		align_from on
	END
	sent robot@example.org -f x@host.example.org <<-END
		From: x@host.example.org

		text
	END
	grep -qx 'From: robot@example.org' head
	printf '%s\n' 'host 127.0.0.1' 'align_from on' >config/pennypost/config
	run ./sendmail bob@example.net </dev/null
	[ "$status" -eq 78 ]
	[[ $output == *'align_from on needs an address'* ]]
}

@test "each user his own address: %U, and a map" {
	configure <<-END
		account default
		from %U@users.example.org
	END
	sent "$(id -un)@users.example.org" <<-END
		Subject: x

		text
	END
	printf '%s\n' "$(id -un): Some.Body@example.com" 'www-data: web@example.com' >map
	configure <<-END
		account default
		from shared@example.org
		sender_map ~/map
	END
	sent Some.Body@example.com <<-END
		Subject: x

		text
	END
	grep -qx 'From: Some.Body@example.com' head
	sent web@example.com -f www-data <<-END
		From: www-data (Cron Daemon)

		text
	END
	grep -qx 'From: Cron Daemon <web@example.com>' head
	sent other@host.example.org -f other <<-END
		From: other

		text
	END
	chmod 666 map
	run ./sendmail bob@example.net </dev/null
	[ "$status" -eq 78 ]
	[[ $output == *map* ]]
}

@test "several patterns choose an account, and so does an address with a detail" {
	configure <<-END
		account one
		from one@example.org, one+*@example.com *@*.one.example
		from_full_name One

		account two
		from two@example.org
		from_full_name Two

		account default : two
	END
	for address in one@example.org one+x@example.com x@y.one.example one+cron@example.org; do
		sent "$address" -f "$address" <<<$'Subject: x\n\ntext'
		grep -qx "From: One <$address>" head
	done
	for address in two+cron@example.org other@example.com; do
		sent "$address" -f "$address" <<<$'Subject: x\n\ntext'
		grep -qx "From: Two <$address>" head
	done
}
