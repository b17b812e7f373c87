# SPDX-License-Identifier: MIT
# RSS above start at each checkpoint, one line a combination, logarithmic.
TERMINAL = ARG1; OUT = ARG2; WIDTH = int(ARG3); HEIGHT = int(ARG4); TITLE = ARG5
DATA = ARG6; REPORTS = ARG8
LO = real(word(ARG9, 1)); HI = real(word(ARG9, 2)); COLUMNS = int(word(ARG9, 3))
load REPORTS . "/common.gp"

MIB = 1048576.0
at_least(x) = x / MIB < LO ? LO : x / MIB
set label 10 TITLE at screen 0.5, 1 - 22.0 / HEIGHT center
set lmargin at screen 0.09
set rmargin at screen 0.76
set tmargin at screen 1 - 45.0 / HEIGHT
set bmargin at screen 62.0 / HEIGHT
set logscale y
set yrange [LO:HI]
set xrange [-0.4:6.4]
set ytics scale 0.5
set mytics 10
set for [p = -2:9] ytics add (power_text(p) 10.0 ** p)
if (HI / LO <= 2000) {
  set for [p = -2:9] ytics add (sprintf("%g", 2 * 10.0 ** p) 2 * 10.0 ** p)
  set for [p = -2:9] ytics add (sprintf("%g", 5 * 10.0 ** p) 5 * 10.0 ** p)
}
set xlabel sprintf("checkpoint (values of %g MiB and less lie on the lower edge)", LO)
set ylabel "MiB of RSS above start (logarithmic)"
set grid ytics mytics xtics linetype 1 linecolor rgb PALE, linetype 1 linecolor rgb "#eeeeee"
set xtics scale 0
set key at screen 0.775, 1 - 45.0 / HEIGHT left top vertical Left reverse samplen 2 spacing 1.5
plot for [i = 3:COLUMNS + 2] DATA using 0:(at_least(column(i))):xtic(1) \
  with linespoints linewidth 2 pointsize 1.4 pointtype shape(i - 3) linecolor rgb line_colour(i - 3) title cut(columnheader(i), 32)
set output
