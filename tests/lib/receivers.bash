# What tests/servers.bats and tests/receivers.bats share: mail to a server whose files are in SHARE
# and whose ports are variables, for which tests/lib/servers and its kin make both. Every server knows
# ann and this password of hers.

PASSWORD='p@ss w0rd\"=+'

gone() {
	! kill -0 "$1" 2>/dev/null
}

new_id() {
	id=$BATS_TEST_NUMBER.$RANDOM$RANDOM@example.test
}

# configure SERVER AUTH: the file "config" for the SERVER that listens on the port in that variable.
configure() {
	local starttls=off
	[[ $1 != *_starttls ]] || starttls=on
	printf '%s\n' "$PASSWORD" >password
	cat >config <<-END
		defaults
		tls on
		tls_trust_file $SHARE/ca/ca.pem
		syslog off
		queue off
		account $1
		host 127.0.0.1
		port ${!1}
		tls_starttls $starttls
		auth $2
		user ann
		passwordeval cat $PWD/password
		from ann@example.test
		account default : $1
	END
	chmod 600 config
}

# compose [LINES]: the file "message": complete, so that nothing is added to it, and hard to get
# through; LINES or 1500 lines, which come to a hundred kilobytes.
compose() {
	{
		printf '%s\n' 'From: Ann <ann@example.test>' 'To: bob@example.test' \
			"Message-ID: <$id>" 'Date: Mon, 23 Nov 2026 12:00:00 +0000' \
			'Subject: through a real server'
		printf 'X-Long: '
		head -c 900 /dev/zero | tr '\0' x
		printf '\nX-Folded: one\n'
		seq -f $'\tcontinued %g times' 200
		printf '%s\n' 'MIME-Version: 1.0' 'Content-Type: text/plain; charset=utf-8' \
			'Content-Transfer-Encoding: 8bit' '' 'Grüße, ✓' '.' '..' '.x' '...and dots' \
			'From here it is no mbox' '  blanks at the end  ' ''
		seq -f 'line %g of a body that is to come through unchanged, with ünïcödé in it' "${1-1500}"
		printf '.\n\n'
	} >message
}

# find_mail BOX: sets found to the message with our Message-ID in BOX, if there is one.
find_mail() {
	found=$(grep -lrF "Message-ID: <$id>" "$SHARE/mail/$1/new" 2>/dev/null)
}

# arrived BOX: the message came to BOX within ten seconds, unchanged but for trace fields.
arrived() {
	within 10 find_mail "$1"
	[ "$(wc -l <<<"$found")" -eq 1 ]
	awk '
		body || !trace { if (body) { print; next } }
		/^$/ { body = 1 }
		/^[^ \t]/ { trace = /^(Return-Path|Received|X-Original-To|Delivered-To):/ }
		!trace { print }' "$found" >arrived
	cmp message arrived
}
