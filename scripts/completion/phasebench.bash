# SPDX-License-Identifier: MIT
# Completion of phasebench's command lines in bash: source this file, or install it as
# share/bash-completion/completions/phasebench. Commands, options, corpora and stages are asked of the
# program that is being typed, so that nothing here is out of date. zsh runs it by bashcompinit.

# Words of the command table of `phasebench --help`.
_phasebench_commands() {
  "$1" --help 2>/dev/null | awk '/^commands:/ { on = 1; next } !NF { on = 0 } on { print $1 }'
}

# The subcommands that the usage lines of a command name: "corpus list", "store build|open".
_phasebench_subcommands() {
  "$1" "$2" --help 2>/dev/null | awk -v command="$2" '
    !NF { exit }
    { for (i = 1; i < NF; i++) if ($i == command && $(i - 1) == "phasebench" && $(i + 1) ~ /^[a-z|]+$/) {
        n = split($(i + 1), names, "|"); for (j = 1; j <= n; j++) print names[j] } }'
}

# The options of COMMAND [SUBCOMMAND]: those of its usage lines, and, where the help is of this subcommand alone,
# of lines that begin with one.
_phasebench_options() {
  "$@" --help 2>/dev/null | awk -v sub_command="${3-}" '
    !NF { body = 1 }
    !body && sub_command != "" && /phasebench/ && index($0, " " sub_command " ") == 0 { shared = 1; next }
    body { if (shared || $0 !~ /^  -/) next; sub(/^  /, ""); sub(/  .*/, "") }
    { while (match($0, /--[a-z][a-z-]*/)) { print substr($0, RSTART, RLENGTH); $0 = substr($0, RSTART + RLENGTH) } }
    END { print "--help" }' | sort -u
}

_phasebench_corpora() { "$1" corpus list 2>/dev/null | awk 'NR > 1 { print $1 }'; }
_phasebench_stages() { "$1" stages 2>/dev/null | awk '/^[a-z]/ { print $1 }'; }
_phasebench_settings() { "$1" stages 2>/dev/null | awk '/^ / { sub(/=.*/, "="); print $1 }'; }
_phasebench_baselines() { "$1" baseline list 2>/dev/null | awk '/ lines / { print $1 }'; }

# Offers the lines of standard input that begin with $1, with $2 put before them.
_phasebench_offer() {
  local candidate
  while IFS= read -r candidate; do
    case $candidate in "$1"*) COMPREPLY+=("${2-}$candidate") ;; esac
  done
}

# What bash alone has: "nospace", "filenames".
_phasebench_as() {
  if type compopt >/dev/null 2>&1; then compopt -o "$1" 2>/dev/null; fi
  return 0
}

_phasebench_files() { # -f or -d, word
  _phasebench_offer "$2" < <(compgen "$1" -- "$2")
  _phasebench_as filenames
}

# Combinations, "baseline,p1+p2": the last name, with what is before it.
_phasebench_combinations() { # program option word
  local last=${3##*[,+]} alone=${3##*,}
  _phasebench_as nospace
  _phasebench_offer "$last" "${3%"$last"}" < <(_phasebench_stages "$1")
  [ "$2" = --combos ] && [ "$alone" = "$last" ] || return 0
  _phasebench_offer "$last" "${3%"$last"}" < <(printf '%s\n' cumulative each leave-one-out all)
}

_phasebench_value() { # program command option word
  case $3 in
    --corpus) _phasebench_offer "$4" < <(_phasebench_corpora "$1") ;;
    --profile) _phasebench_offer "$4" < <(printf '%s\n' strict stock; [ "$2" != run ] || echo both) ;;
    --checkpoint) _phasebench_offer "$4" < <(printf '%s\n' purged served) ;;
    --trees) _phasebench_offer "$4" < <(printf '%s\n' sexp json) ;;
    --policy)
      _phasebench_offer "$4" < <(printf '%s\n' corpus=refuse corpus=per-line corpus=ignore
        printf '%s\n' {machine,version,settings}={refuse,ignore-times,ignore}) ;;
    --combos | --stages) _phasebench_combinations "$1" "$3" "$4" ;;
    --set)
      _phasebench_as nospace
      _phasebench_offer "$4" < <(_phasebench_settings "$1") ;;
    --dir | --results) _phasebench_files -d "$4" ;;
    --output | -o | --json | --markdown | --junit | --config | --claims | --ledger | --estimate)
      _phasebench_files -f "$4" ;;
  esac # others: a number, a pattern, a name that is new
}

# Does this option of the command take a value? Its help says "--option VALUE", with one space.
_phasebench_takes_value() { # option program command [subcommand]
  local option=$1
  shift
  [ "$option" != -o ] || return 0
  "$@" --help 2>/dev/null | awk -v value="(^|[ [])$option ([A-Z]|sexp)" '
    $0 ~ value { found = 1 }
    END { exit !found }'
}

# "--option=value" and "--set a.b=c" come in three words, since bash ends one at '='. The value of the option
# then is what is behind the first '=' (the first case), or all three (the second).
_phasebench_after_equals() { # program command words before '=' (two), word
  local whole=() candidate
  case $4 in
    --*) _phasebench_value "$1" "$2" "$4" "$5" ;;
    *)
      _phasebench_value "$1" "$2" "$3" "$4=$5"
      whole=("${COMPREPLY[@]}")
      COMPREPLY=()
      for candidate in "${whole[@]}"; do COMPREPLY+=("${candidate#*=}"); done ;;
  esac
}

_phasebench_positional() { # program command subcommand word
  case "$2 $3" in
    "corpus fetch" | "corpus show" | "corpus verify") _phasebench_offer "$4" < <(_phasebench_corpora "$1") ;;
    "baseline show") _phasebench_offer "$4" < <(_phasebench_baselines "$1") ;;
    "gate ")
      _phasebench_offer "$4" < <(_phasebench_baselines "$1")
      _phasebench_files -f "$4" ;;
    "store "*) _phasebench_files -d "$4" ;;
    "baseline save" | *" ") _phasebench_files -f "$4" ;;
  esac
}

_phasebench() {
  local program=${COMP_WORDS[0]} command=${COMP_WORDS[1]-} word=${COMP_WORDS[COMP_CWORD]} subcommands
  local previous=${COMP_WORDS[COMP_CWORD-1]} before=''
  local called
  COMPREPLY=()
  case $program in "~/"*) program=$HOME/${program#"~/"} ;; esac
  if [ "$COMP_CWORD" -eq 1 ] || { [ "$COMP_CWORD" -eq 2 ] && [ "$command" = help ]; }; then
    _phasebench_offer "$word" < <(_phasebench_commands "$program"
      [ "$command" = help ] || printf '%s\n' --help --version)
    return
  fi
  [ "$command" != help ] || command=${COMP_WORDS[2]}
  called=("$program" "$command")
  subcommands=$(_phasebench_subcommands "$program" "$command")
  if [ "${COMP_WORDS[1]}" = help ] ||
    { [ "$COMP_CWORD" -eq 2 ] && [ -n "$subcommands" ] && [ "${word#-}" = "$word" ]; }; then
    _phasebench_offer "$word" < <(printf '%s\n' "$subcommands")
    return
  fi
  [ -z "$subcommands" ] || called+=("${COMP_WORDS[2]}")
  [ "$COMP_CWORD" -lt 4 ] || before=${COMP_WORDS[COMP_CWORD-3]}
  if [ "$word" = = ]; then
    _phasebench_after_equals "$program" "$command" "${COMP_WORDS[COMP_CWORD-2]}" "$previous" ''
  elif [ "$previous" = = ]; then
    _phasebench_after_equals "$program" "$command" "$before" "${COMP_WORDS[COMP_CWORD-2]}" "$word"
  elif [ "${previous#-}" != "$previous" ] && _phasebench_takes_value "$previous" "${called[@]}"; then
    _phasebench_value "$program" "$command" "$previous" "$word"
  elif [ "${word#-}" != "$word" ]; then
    _phasebench_offer "$word" < <(_phasebench_options "${called[@]}")
  elif [ -n "$subcommands" ]; then
    _phasebench_positional "$program" "$command" "${COMP_WORDS[2]}" "$word"
  else
    _phasebench_positional "$program" "$command" '' "$word"
  fi
}

complete -F _phasebench phasebench
