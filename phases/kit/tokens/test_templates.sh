#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Who includes a template without one of its hooks is told by the compiler which one is missing.
set -euo pipefail
cd "$PHASEBENCH_SOURCE_DIR/phases"
[ "$PHASEBENCH_SANITIZED" = 0 ] || exit 77 # the same sources

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree_sitter="$PHASEBENCH_SOURCE_DIR/corpora/grammars/node_modules/tree-sitter/vendor/tree-sitter/lib/include"
compile() { # source
  gcc -std=gnu11 -fsyntax-only -I p1 -I . -I "$tree_sitter" "$1" > "$work/log" 2>&1
}

# 1. p1's cursor as it is, then without one hook after the other: every "static inline" that the template asks for.
template=kit/tokens/token_cursor_template.h
mapfile -t hooks < <(sed -n 's/^TOKEN_HOOK([^,]*, \(token_[a-z_]*\),.*/\1/p' "$template")
[ ${#hooks[@]} -ge 16 ] || fail "found only ${#hooks[@]} hooks in $template"
compile p1/cursor.c || fail "p1/cursor.c does not compile: $(cat "$work/log")"
for hook in "${hooks[@]}"; do
  sed "s/\b$hook(const struct token_cursor \*c\|\b$hook(const struct p1_at/hidden_&/" p1/cursor.c > "$work/cursor.c"
  if compile "$work/cursor.c"; then fail "compiles without $hook"; fi
  grep -q "error: .*$hook" "$work/log" || fail "the compiler does not name $hook: $(cat "$work/log")"
  grep -q "token_cursor_template.h" "$work/log" || fail "$hook is not missed by the template: $(cat "$work/log")"
done
sed 's/uint32_t token_block_of(/uint64_t token_block_of(/' p1/cursor.c > "$work/cursor.c"
if compile "$work/cursor.c"; then fail "compiles with a hook of another type"; fi
grep -q "the hook must be uint32_t token_block_of(" "$work/log" || fail "another type: $(cat "$work/log")"

# 2. Macros, and templates in the wrong order.
expect() { # text that the compiler says, then the source on standard input
  cat > "$work/source.c"
  if compile "$work/source.c"; then fail "compiles: $(cat "$work/source.c")"; fi
  grep -q "#error .*$1" "$work/log" || fail "the compiler does not say \"$1\": $(cat "$work/log")"
}
expect "define the hook TOKEN_AT," <<< '#include "kit/tokens/token_cursor_types_template.h"'
sed 's/define TOKEN_AT_COPY(/define HIDDEN(/' p1/cursor.c | expect "define the hook TOKEN_AT_COPY"
expect "include token_cursor_types_template.h" <<< '#include "kit/tokens/token_cursor_template.h"'
expect "include token_cursor_template.h" <<< '#include "kit/tokens/token_walk_template.h"'
echo "each of ${#hooks[@]} functions and two macros is missed by name"
