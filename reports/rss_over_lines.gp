# SPDX-License-Identifier: MIT
# RSS above start at rest over the lines of the corpus, one line a combination; both axes logarithmic,
# so that memory in proportion to lines is a straight line that rises by one decade a decade.
TERMINAL = ARG1; OUT = ARG2; WIDTH = int(ARG3); HEIGHT = int(ARG4); TITLE = ARG5
DATA = ARG6; REPORTS = ARG8
LO = real(word(ARG9, 1)); HI = real(word(ARG9, 2)); COLUMNS = int(word(ARG9, 3))
LEFT = real(word(ARG9, 4)); RIGHT = real(word(ARG9, 5))
load REPORTS . "/common.gp"

MIB = 1048576.0
at_least(x) = x / MIB < LO ? LO : x / MIB
set label 10 TITLE at screen 0.5, 1 - 22.0 / HEIGHT center
set lmargin at screen 0.09
set rmargin at screen 0.76
set tmargin at screen 1 - 45.0 / HEIGHT
set bmargin at screen 62.0 / HEIGHT
set logscale xy
set yrange [LO:HI]
set xrange [LEFT:RIGHT]
set mxtics 10
set mytics 10
set for [p = 0:12] xtics add (power_text(p) 10.0 ** p)
if (RIGHT / LEFT < 100) { # between decades, where there is room
  set for [p = 1:9] xtics add (grouped(2 * 10.0 ** p) 2 * 10.0 ** p)
  set for [p = 1:9] xtics add (grouped(5 * 10.0 ** p) 5 * 10.0 ** p)
}
set for [p = -2:9] ytics add (power_text(p) 10.0 ** p)
set xlabel "lines of code (logarithmic)"
set ylabel "MiB of RSS above start (logarithmic)"
set grid ytics mytics xtics mxtics linetype 1 linecolor rgb PALE, linetype 1 linecolor rgb "#eeeeee"
set key at screen 0.775, 1 - 45.0 / HEIGHT left top vertical Left reverse samplen 2 spacing 1.5
plot for [i = 4:COLUMNS + 3] DATA using (column(3)):(at_least(column(i))) \
  with linespoints linewidth 2 pointsize 1.4 pointtype shape(i - 4) linecolor rgb line_colour(i - 4) title cut(columnheader(i), 32)
set output
