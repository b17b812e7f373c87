#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every command and subcommand has a --help with usage and an example, `help COMMAND` says the same, a mistyped
# command is told what was meant, and the man page has it all and is sound roff.
set -euo pipefail

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# 1. The commands are those of the list, and `cell`, which is not for people.
"$PHASEBENCH" --help > all || fail "--help: exit code $?"
mapfile -t commands < <(awk '/^commands:/ { on = 1; next } !NF { on = 0 } on { print $1 }' all)
[ ${#commands[@]} -ge 15 ] || fail "only ${#commands[@]} commands: ${commands[*]}"
"$PHASEBENCH" help > help && cmp all help || fail "\`help\` is not \`--help\`"
"$PHASEBENCH" > /dev/null 2> none && fail "no command: exit code 0"
cmp all none || fail "without a command, the commands are not listed"

# 2. usage, example, exit code 0; nothing on standard error; lines that a terminal shows in one piece.
checked=0
check() { # command [subcommand]
  "$PHASEBENCH" "$@" --help > text 2> errors || fail "$* --help: exit code $?"
  [ ! -s errors ] || fail "$* --help says on standard error: $(cat errors)"
  head -n 1 text | grep -q "^usage: phasebench $1" || fail "$* --help begins with: $(head -n 1 text)"
  grep -qE '^examples?:' text || fail "$* --help has no example"
  sed -n '/^example/,$p' text | grep -q "phasebench $1" || fail "$* --help has an example of something else"
  awk 'length > 120 { exit 1 }' text || fail "$* --help has a line of more than 120 columns"
  "$PHASEBENCH" "$@" -h > short && cmp text short || fail "$* -h is not --help"
  "$PHASEBENCH" help "$@" > same && cmp text same || fail "help $* is not $* --help"
  checked=$((checked + 1))
}
for command in "${commands[@]}" cell; do check "$command"; done
for sub in list fetch show verify; do check corpus $sub; done
for sub in build open info verify export; do check store $sub; done
for sub in save list show; do check baseline $sub; done

# 3. Commands that there are not.
refused() { # expected text, then arguments
  local expected=$1 code=0
  shift
  "$PHASEBENCH" "$@" > out 2> errors || code=$?
  [ "$code" = 2 ] || fail "'$*': exit code $code, expected 2"
  grep -qF "$expected" errors || fail "'$*' says: $(cat errors)"
}
for pair in repotr:report stroe:store corpsu:corpus attrib:attribution rnu:run doctr:doctor hlep:help; do
  refused "did you mean '${pair#*:}'?" "${pair%:*}"
  refused "did you mean '${pair#*:}'?" help "${pair%:*}"
done
for far in xyzzy r abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz ''; do
  refused "there is no command '$far'; \`phasebench --help\`" "$far"
done
for pair in 'corpus lsit:list' 'corpus fethc:fetch' 'corpus ver:verify' 'store biuld:build' 'store opne:open' 'store exprot:export' 'baseline svae:save'; do
  read -r command word <<< "${pair%:*}"
  refused "phasebench $command: there is no subcommand '$word'; did you mean '${pair#*:}'? \`phasebench $command --help\`" \
    "$command" "$word"
done
refused "there is no subcommand 'xyzzy'; \`phasebench store --help\` lists them" store xyzzy --json
refused "\`bound\` is called \`estimate\` now" bound --corpus quick
refused "\`bound\` is called \`estimate\` now" help bound
refused "report: \`--bound\` is called \`--estimate\` now" report --bound x.json y.json -o out
refused "report: \`--bound\` is called \`--estimate\` now" report y.json -o out --bound=x.json
refused "gate: \`--treat\` is called \`--policy\` now" gate a b --treat machine=ignore
refused "expected COMMAND [SUBCOMMAND]" help run one two
refused "expected COMMAND [SUBCOMMAND]" help run --json
refused "'foo': \`run\` has no subcommands" help run foo
refused "'foo': expected a subcommand of \`store\`: build, open, info, verify, export" help store foo

# 4. The version, in both ways.
"$PHASEBENCH" version > version && "$PHASEBENCH" --version > version2 && cmp version version2 || fail "versions differ"
grep -qE '^phasebench [0-9]+\.[0-9]+\.[0-9]+' version || fail "the version is: $(cat version)"
refused "expected nothing" version 2

# 5. The man page: all sections, every help text, no warning.
"$PHASEBENCH" help --man > phasebench.1 || fail "help --man: exit code $?"
for section in NAME SYNOPSIS DESCRIPTION COMMANDS "EXIT STATUS" ENVIRONMENT FILES EXAMPLES; do
  grep -qx ".SH $section" phasebench.1 || fail "the man page has no section $section"
done
for command in "${commands[@]}" "corpus show" "store export"; do
  grep -qx ".SS $command" phasebench.1 || fail "the man page tells nothing of $command"
done
grep -qE '^\.SS (cell|baseline save)' phasebench.1 && fail "the man page has what it should not"
tools=''
if command -v groff > /dev/null; then
  groff -man -ww -Tutf8 phasebench.1 > page 2> warnings || fail "groff: exit code $?"
  [ ! -s warnings ] || fail "groff warns: $(head -n 5 warnings)"
  tools+=' groff'
  # What is printed is what the commands say, letter by letter, less what roff does with spaces.
  groff -man -Tascii -rLL=200n -P-cbou phasebench.1 | tr -s ' \n' '\n\n' > words
  "$PHASEBENCH" metrics --help | tail -n 1 | tr -s ' \n' '\n\n' > wanted
  tr '\n' ' ' < words | grep -qF -- "$(tr '\n' ' ' < wanted)" || fail "the man page has another example of metrics"
fi
if command -v mandoc > /dev/null; then
  mandoc -Tlint -W warning phasebench.1 > warnings || fail "mandoc warns: $(head -n 5 warnings)"
  tools+=' mandoc'
fi
if command -v man > /dev/null; then
  man --warnings -E UTF-8 -l -Tutf8 -Z phasebench.1 > /dev/null 2> warnings || fail "man: exit code $?: $(head -n 3 warnings)"
  [ ! -s warnings ] || fail "man warns: $(head -n 5 warnings)"
  tools+=' man'
fi
echo "$checked help texts, ${#commands[@]} commands; the man page is sound for:${tools:- none of the tools is here}"
