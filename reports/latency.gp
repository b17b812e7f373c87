# SPDX-License-Identifier: MIT
# Latency of an access by class of document: a line from p50 to max, with points at p50, p90, p99 and max; one row a
# combination, a line each for hot, warm, cold, frozen.
TERMINAL = ARG1; OUT = ARG2; WIDTH = int(ARG3); HEIGHT = int(ARG4); TITLE = ARG5
DATA = ARG6; REPORTS = ARG8
LO = real(word(ARG9, 1)); HI = real(word(ARG9, 2)); ROWS = int(word(ARG9, 3))
load REPORTS . "/common.gp"

set label 10 TITLE at screen 0.5, 1 - 22.0 / HEIGHT center
set lmargin at screen 0.23
set rmargin at screen 0.86
set tmargin at screen 1 - 78.0 / HEIGHT
set bmargin at screen 72.0 / HEIGHT
set logscale x
set xrange [LO:HI]
set yrange [-0.6:ROWS - 0.4]
set mxtics 10
digit_text(x) = x < 1 ? sprintf("%g", x) : grouped(x)
set for [p = -3:9] xtics add (power_text(p) 10.0 ** p)
if (HI / LO <= 2000) {
  set for [p = -3:9] xtics add (digit_text(2 * 10.0 ** p) 2 * 10.0 ** p)
  set for [p = -3:9] xtics add (digit_text(5 * 10.0 ** p) 5 * 10.0 ** p)
}
set xlabel "microseconds an access (less is better; logarithmic): p50, p90, p99, max from left to right"
set grid xtics mxtics linetype 1 linecolor rgb PALE, linetype 1 linecolor rgb "#eeeeee"
set ytics scale 0
set key at screen 0.87, 1 - 78.0 / HEIGHT left top vertical Left reverse samplen 2 spacing 1.3
CLASSES = "hot warm cold frozen"
colour(i) = word(sprintf("%s %s %s %s", RED, ORANGE, SKY, BLUE), i)
name(i, q) = "latency." . word(CLASSES, i) . "." . q . "_ns@cell"
y(i) = ROWS - 1 - $0 + 0.3 - 0.2 * (i - 1)
at(i, q) = column(name(i, q)) / 1000
plot \
  DATA using (LO / 10):(ROWS - 1 - $0):ytic(cut(strcol("name"), 32)) with points pointtype 0 notitle, \
  for [i = 1:4] DATA using (at(i, "p50")):(y(i)):(at(i, "max") - at(i, "p50")):(0) \
    with vectors nohead linewidth 1.5 linecolor rgb colour(i) title word(CLASSES, i), \
  for [i = 1:4] DATA using (at(i, "p50")):(y(i)) with points pointtype 7 pointsize 1.2 linecolor rgb colour(i) notitle, \
  for [i = 1:4] DATA using (at(i, "p90")):(y(i)) with points pointtype 6 pointsize 1.2 linecolor rgb colour(i) notitle, \
  for [i = 1:4] DATA using (at(i, "p99")):(y(i)) with points pointtype 7 pointsize 0.8 linecolor rgb colour(i) notitle, \
  for [i = 1:4] DATA using (at(i, "max")):(y(i)) with points pointtype 6 pointsize 0.8 linecolor rgb colour(i) notitle, \
  DATA using (LO * 1.001):(ROWS - 1 - $0):(note_of(strcol("note"), 90)) with labels left offset 1, 0 textcolor rgb BLACK notitle
set output
