# SPDX-License-Identifier: MIT
# Memory above `start` by owner at `purged`: on the left in MiB, on the right as shares,
# so that a combination that holds little can be read too. What is below zero (less
# than at `start`) is drawn as nothing; the table has it.
TERMINAL = ARG1; OUT = ARG2; WIDTH = int(ARG3); HEIGHT = int(ARG4); TITLE = ARG5
DATA = ARG6; REPORTS = ARG8
MOST = real(word(ARG9, 1)); ROWS = int(word(ARG9, 2)); HEAPS = int(word(ARG9, 3)); LINES = real(word(ARG9, 4))
load REPORTS . "/common.gp"

MIB = 1048576.0
# Columns: 1 name, 2 note, then the heaps, then other heaps, overhead, files, grammars, program,
# unexplained, total.
FIRST = 3
LAST = 2 + HEAPS + 6
TOTAL = LAST + 1
kind(i) = i - FIRST < HEAPS ? area_colour(i - FIRST) : word("#777777 #bbbbbb #9ad0c2 #8c6d46 #e3d7c5 #000000", i - FIRST - HEAPS + 1)
y(i) = ROWS - 1 - i
positive(x) = x > 0 ? x : 0
before(i) = i == FIRST ? 0 : (sum [j = FIRST:i - 1] positive(column(j)))
all(n) = sum [j = FIRST:LAST] positive(column(j))
said(total) = total == total ? short(total / MIB) . " MiB, " . short(total / LINES) . " B/line" : ""

set multiplot
set label 10 TITLE at screen 0.5, 1 - 22.0 / HEIGHT center
set yrange [-0.6:ROWS - 0.4]
set style fill solid 1.0 border rgb "#ffffff"
set ytics scale 0
set xtics nomirror
set grid xtics linetype 1 linecolor rgb PALE
set tmargin at screen 1 - 50.0 / HEIGHT
set bmargin at screen 62.0 / HEIGHT

set lmargin at screen 0.19
set rmargin at screen 0.43
set xrange [0:MOST]
# Four round steps, digits in groups.
POWER = 10 ** floor(log10(MOST / 4))
STEP = MOST / 4 / POWER >= 5 ? 5 * POWER : MOST / 4 / POWER >= 2 ? 2 * POWER : POWER
set xtics nomirror ("0" 0)
set for [i = 1:20] xtics add (STEP * i >= 10 ? grouped(STEP * i) : sprintf("%g", STEP * i) STEP * i)
set xlabel "MiB of RSS above start"
set key at screen 0.83, 1 - 50.0 / HEIGHT left top vertical Left reverse samplen 1 spacing 1.2
plot for [i = FIRST:LAST] DATA using (before(i) / MIB):(y($0)):(before(i) / MIB):((before(i) + positive(column(i))) / MIB):(y($0) - 0.33):(y($0) + 0.33) \
    with boxxyerror fillcolor rgb kind(i) title cut(columnheader(i), 24), \
  DATA using (1e-9):(y($0)):ytic(cut(strcol("name"), 32)) with points pointtype 0 notitle, \
  DATA using (0):(y($0)):(note_of(strcol("note"), 72)) with labels left offset 1, 0 notitle

unset label 10
set lmargin at screen 0.60
set rmargin at screen 0.81
set xrange [0:100]
unset xtics
set xtics nomirror 20 textcolor rgb INK
set format x "%.0f"
set xlabel "share of it, %"
unset key
set ytics format ""
plot for [i = FIRST:LAST] DATA using (100 * before(i) / all(0)):(y($0)):(100 * before(i) / all(0)):(100 * (before(i) + positive(column(i))) / all(0)):(y($0) - 0.33):(y($0) + 0.33) \
    with boxxyerror fillcolor rgb kind(i) notitle, \
  DATA using (0):(y($0)):(said(column(TOTAL))) with labels right offset -1.5, 0 notitle
unset multiplot
set output
