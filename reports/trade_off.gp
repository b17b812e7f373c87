# SPDX-License-Identifier: MIT
# Bytes a line against ns a node, one point a combination; the line joins those that no other beats on both axes.
TERMINAL = ARG1; OUT = ARG2; WIDTH = int(ARG3); HEIGHT = int(ARG4); TITLE = ARG5
DATA = ARG6; REPORTS = ARG8
LEFT = real(word(ARG9, 1)); RIGHT = real(word(ARG9, 2)); LO = real(word(ARG9, 3)); HI = real(word(ARG9, 4))
load REPORTS . "/common.gp"

set label 10 TITLE at screen 0.5, 1 - 22.0 / HEIGHT center
set lmargin at screen 0.09
set rmargin at screen 0.97
set tmargin at screen 1 - 78.0 / HEIGHT
set bmargin at screen 62.0 / HEIGHT
set logscale xy
set xrange [LEFT:RIGHT]
set yrange [LO:HI]
set mxtics 10
set mytics 10
digit_text(x) = x < 1 ? sprintf("%g", x) : grouped(x)
set for [p = -2:9] xtics add (power_text(p) 10.0 ** p)
set for [p = -2:9] ytics add (power_text(p) 10.0 ** p)
set for [p = -2:9] ytics add (digit_text(2 * 10.0 ** p) 2 * 10.0 ** p)
set for [p = -2:9] ytics add (digit_text(5 * 10.0 ** p) 5 * 10.0 ** p)
if (RIGHT / LEFT < 2000) {
  set for [p = -2:9] xtics add (digit_text(2 * 10.0 ** p) 2 * 10.0 ** p)
  set for [p = -2:9] xtics add (digit_text(5 * 10.0 ** p) 5 * 10.0 ** p)
}
set xlabel "bytes a line of code at rest (less is better; logarithmic)"
set ylabel "ns a node, walking all trees (less is better; logarithmic)"
set grid xtics ytics mxtics mytics linetype 1 linecolor rgb PALE, linetype 1 linecolor rgb "#eeeeee"
set key at screen 0.09, 1 - 44.0 / HEIGHT left top horizontal Left reverse samplen 1
on(x) = column("on_frontier") > 0 ? x : NaN
off(x) = column("on_frontier") > 0 ? NaN : x
set datafile missing NaN
plot \
  DATA using (on(column("bytes_per_line"))):(column("walk_ns_per_node")) with steps linecolor rgb BLUE notitle, \
  DATA using (off(column("bytes_per_line"))):(column("walk_ns_per_node")) \
    with points pointtype 7 pointsize 1 linecolor rgb "#888888" title "another is as good or better on both axes", \
  DATA using (on(column("bytes_per_line"))):(column("walk_ns_per_node")) \
    with points pointtype 7 pointsize 1.6 linecolor rgb BLUE title "none is", \
  DATA using (on(column("bytes_per_line"))):(column("walk_ns_per_node") * (1 + 0.07 * (int($0) % 3))):(cut(strcol("name"), 32)) \
    with labels left offset 1, 0.7 notitle
set output
