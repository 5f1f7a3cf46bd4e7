#!/bin/bash
# Checks every configuration with spin, two at a time ($MODEL_JOBS), and prints a table. Needs spin and gcc. --deep: larger ones, too. Exit 0: all as
# expected.
here=$(cd "$(dirname "$0")" && pwd); work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
export here work
# expected | model | mode | flags   (mode: safety = assertions and end states; cycle = no cycle at all; assert = assertions only)
cat > "$work/list" <<'L'
pass|failover|safety|-DNC=3
pass|receipts|safety|-DNC=3
pass|receipts|cycle|-DNC=2
pass|failover|cycle|-DNC=2
pass|receipts|safety|-DNC=2
pass|receipts|safety|-DNC=2 -DE_NO_LOCK
pass|failover|safety|-DNC=2
pass|failover|safety|-DNC=2 -DE_FENCED_OLD -DE_SYNC -DW_EPOCH -DW_GATE -DW_OLD_REPLICA
FAIL|receipts|safety|-DNC=2 -DW_REFUSAL
FAIL|receipts|safety|-DNC=2 -DW_REFUSAL -DSEMANTIC
FAIL|receipts|safety|-DNC=2 -DW_DOUBLED -DSEMANTIC
FAIL|failover|assert|-DNC=2 -DW_EPOCH -DSEMANTIC
FAIL|failover|assert|-DNC=2 -DW_EPOCH -DSEMANTIC -DE_FENCED_OLD
FAIL|failover|assert|-DNC=2 -DW_EPOCH -DSEMANTIC -DE_SYNC
FAIL|failover|assert|-DNC=2 -DW_GATE
FAIL|failover|assert|-DNC=2 -DW_GATE -DE_FENCED_OLD
FAIL|failover|assert|-DNC=2 -DW_OLD_REPLICA -DSEMANTIC
FAIL|failover|assert|-DNC=3 -DW_OLD_REPLICA -DSEMANTIC -DNEGONLY
FAIL|failover|assert|-DNC=2 -DW_FENCE_UNBOUND
FAIL|receipts|assert|-DNC=2 -DM_ON_CONFLICT -DSEMANTIC
FAIL|receipts|assert|-DNC=2 -DM_TELL_NO_RECEIPT -DSEMANTIC
FAIL|receipts|assert|-DNC=2 -DM_REFUSAL_ANY -DSEMANTIC
FAIL|receipts|assert|-DNC=2 -DM_NO_FENCE -DSEMANTIC
FAIL|receipts|assert|-DNC=2 -DM_INDOUBT_LOOKUP -DSEMANTIC
FAIL|receipts|assert|-DNC=2 -DM_TOKEN_EARLY -DSEMANTIC
FAIL|receipts|assert|-DNC=2 -DM_NO_GATE -DSEMANTIC
FAIL|receipts|safety|-DNC=2 -DM_NO_TIMEOUT
FAIL|failover|assert|-DNC=2 -DM_LOST_NO_FENCE
FAIL|failover|assert|-DNC=2 -DM_LOST_NO_FENCE -DSEMANTIC -DW_EPOCH
FAIL|failover|assert|-DNC=2 -DM_EPOCH_IGNORED -DSEMANTIC
FAIL|failover|assert|-DNC=2 -DM_OLD_ANSWER -DSEMANTIC
pass|receipts|safety|-DNC=2 -DUNDECIDED
pass|failovers|safety|-DNC=2
pass|failovers|safety|-DNC=2 -DUNDECIDED
pass|epochs|safety|
pass|keys|safety|
pass|keys_failover|safety|
FAIL|receipts|assert|-DNC=2 -DSEMANTIC -DUNDECIDED -DM_UNDECIDED_FINAL
FAIL|receipts|assert|-DNC=2 -DSEMANTIC -DUNDECIDED -DM_NOTHING_IS_NEVER
FAIL|failovers|assert|-DNC=2 -DUNDECIDED -DM_UNDECIDED_FINAL
FAIL|failovers|assert|-DNC=2 -DUNDECIDED -DM_OUTCOME_OLD
FAIL|failovers|assert|-DNC=2 -DUNDECIDED -DM_NOTHING_IS_NEVER
FAIL|failovers|assert|-DNC=2 -DM_EPOCH_AT_MOST
FAIL|failovers|assert|-DNC=2 -DM_LOST_OF_OLD
FAIL|epochs|assert|-DM_DO_UPDATE
FAIL|epochs|assert|-DM_OWN_NUMBER
FAIL|epochs|assert|-DM_SERVE_UNCOMMITTED
FAIL|epochs|assert|-DM_NO_CHECK
FAIL|epochs|assert|-DREACH
FAIL|keys|assert|-DM_KEY_LATER
FAIL|keys|assert|-DM_KEY_DO_NOTHING
FAIL|keys|assert|-DM_FIRST_RECEIPT
FAIL|keys|assert|-DM_FENCE_TAKES_KEY
FAIL|keys|assert|-DREACH_BOTH
FAIL|keys|assert|-DREACH_NEXT
FAIL|keys_failover|assert|-DM_KEY_LATER
FAIL|keys_failover|assert|-DM_LOST_TAKES_KEY
FAIL|keys_failover|assert|-DM_EPOCH_AT_MOST
FAIL|keys_failover|assert|-DREACH_KEPT
FAIL|keys_failover|assert|-DREACH_AGAIN
L
if [ "${1:-}" = --deep ]; then
	cat >> "$work/list" <<'L'
pass|receipts|safety|-DNC=3 -DUNDECIDED
pass|failovers|safety|-DNC=3
pass|failovers|safety|-DNC=3 -DUNDECIDED
L
fi
for o in 1 2 3 4; do echo "FAIL|failovers|assert|-DNC=2 -DREACH=$o"; done >> "$work/list"
for o in 1 2 3 4 5 6; do echo "FAIL|receipts|assert|-DNC=2 -DREACH=$o"; done >> "$work/list"
for o in 1 2 3 4; do echo "FAIL|failover|assert|-DNC=2 -DREACH=$o"; done >> "$work/list"
one() {
	IFS='|' read -r want model mode flags <<< "$2"
	d="$work/$1"; mkdir "$d"; cd "$d" || exit 1; cp "$here/$model.pml" .
	spin $flags -a "$model.pml" > log 2>&1
	case $mode in
	safety) gcc -w -O2 -DSAFETY -o pan pan.c && ./pan -m100000 -w25 > out 2>&1 ;;
	assert) gcc -w -O1 -DSAFETY -o pan pan.c && ./pan -m100000 -w22 -E > out 2>&1 ;;
	cycle)  gcc -w -O2 -DNP -o pan pan.c && ./pan -m100000 -w24 -l > out 2>&1 ;;
	esac
	errors=$(sed -n 's/.*errors: \([0-9]*\)$/\1/p' out 2>/dev/null)
	states=$(awk '/states, stored/ {print $1}' out 2>/dev/null)
	if grep -q 'max search depth too small\|out of memory' out 2>/dev/null; then got=incomplete
	elif [ "$errors" = 0 ]; then got=pass; elif [ -n "$errors" ]; then got=FAIL; else got=broken; fi
	why=$(sed -n 's/^pan:1: \(.*\) (at depth.*/\1/p' out 2>/dev/null | cut -c1-60)
	[ "$got" = "$want" ] && ok=ok || ok=UNEXPECTED
	printf '%s|%-13s %-6s %-62s %9s  %-4s %-10s %s\n' "$1" "$model" "$mode" "$flags" "$states" "$got" "$ok" "$why" > row
	rm -f pan pan.*
}
export -f one
awk '{printf "%03d\n%s\n", NR, $0}' "$work/list" | xargs -d '\n' -n 2 -P "${MODEL_JOBS:-2}" bash -c 'one "$0" "$1"'
printf '%-13s %-6s %-62s %9s  %-4s\n' model check flags states verdict
cat "$work"/*/row | sort | cut -d'|' -f2-
! cat "$work"/*/row | grep -q UNEXPECTED && [ "$(cat "$work"/*/row | wc -l)" = "$(wc -l < "$work/list")" ]
