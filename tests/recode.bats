#!/usr/bin/env bats
# Messages made fit for a relay that does not take 8-bit bytes, long lines, NULs or lone CRs: an
# independent reader, Python's email package, finds the same parts in what arrives.

load lib/common

@test "random MIME trees have the same parts after re-encoding" {
	"$ROOT/tests/lib/recode-property" "$PENNYPOST_BUILD/tests/unit/recode-filter" 400 "$RANDOM"
}
