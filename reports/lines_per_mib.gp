# SPDX-License-Identifier: MIT
# Lines per MiB by combination, at `purged` and `served`, with the claims. Points on a
# logarithmic axis, not bars: a bar's length means nothing there.
TERMINAL = ARG1; OUT = ARG2; WIDTH = int(ARG3); HEIGHT = int(ARG4); TITLE = ARG5
DATA = ARG6; MARKS = ARG7; REPORTS = ARG8
LO = real(word(ARG9, 1)); HI = real(word(ARG9, 2)); ROWS = int(word(ARG9, 3)); MARK_COUNT = int(word(ARG9, 4))
load REPORTS . "/common.gp"

set label 10 TITLE at screen 0.5, 1 - 22.0 / HEIGHT center
set lmargin at screen 0.23
set rmargin at screen 0.80
set tmargin at screen 1 - 118.0 / HEIGHT
set bmargin at screen 62.0 / HEIGHT
set logscale x
set xrange [LO:HI]
set yrange [-0.6:ROWS - 0.4]
set xtics scale 0.5
set mxtics 10
set for [p = -2:9] xtics add (power_text(p) 10.0 ** p)
# A short axis needs more words: LO and HI are 1, 2 or 5 times a power of ten, so that
# three of those are on an axis of a factor of 4 or more; one of 4 or less gets even steps.
digit_text(x) = x < 1 ? sprintf("%g", x) : grouped(x)
if (HI / LO <= 200) {
  set for [p = -2:9] xtics add (digit_text(2 * 10.0 ** p) 2 * 10.0 ** p)
  set for [p = -2:9] xtics add (digit_text(5 * 10.0 ** p) 5 * 10.0 ** p)
}
if (HI / LO < 4.01) {
  STEP = 10.0 ** floor(log10(HI / 1.001))
  STEP = HI / STEP > 3 ? STEP : HI / LO < 2.5 ? STEP / 5 : STEP / 2
  set for [i = int(LO / STEP + 0.5):int(HI / STEP + 0.5)] xtics add (digit_text(i * STEP) i * STEP)
}
set xlabel "lines of source per MiB of RSS above start (more is better; logarithmic)"
set grid xtics mxtics linetype 1 linecolor rgb PALE, linetype 1 linecolor rgb "#eeeeee"
set ytics scale 0
set key at screen 0.23, 1 - 44.0 / HEIGHT left top vertical Left reverse samplen 1 spacing 1.2
set label 1 "at rest" at screen 0.89, 1 - 98.0 / HEIGHT right textcolor rgb BLUE
set label 2 "in service" at screen 0.98, 1 - 98.0 / HEIGHT right textcolor rgb RED

y(i) = ROWS - 1 - i
# Notes begin a little inside: gnuplot drops a label that stands on the axis's lower end.
OFF_SCALE = LO / 10
PURGED = "lines_per_mib@purged"
SERVED = "lines_per_mib@served"
plot \
  DATA using (OFF_SCALE):(y($0)):ytic(cut(strcol("name"), 32)) with points pointtype 0 notitle, \
  MARKS using (column("lines_per_mib")):(y(column("row")) - 0.34):(0):(0.68) \
    with vectors nohead linewidth 2.5 linecolor rgb BLACK title (MARK_COUNT > 0 ? "claimed (reductions: of the baseline measured here)" : ""), \
  DATA using (column(PURGED)):(y($0) + 0.15):(column(PURGED.".min")):(column(PURGED.".max")) \
    with xerrorbars pointtype 7 pointsize 1.4 linecolor rgb BLUE title "at rest (purged)", \
  DATA using (column(SERVED)):(y($0) - 0.15):(column(SERVED.".min")):(column(SERVED.".max")) \
    with xerrorbars pointtype 9 pointsize 1.5 linecolor rgb RED title "in service (served)", \
  DATA using (HI):(y($0)):(grouped(column(PURGED))) with labels right offset screen 0.09, 0 textcolor rgb BLUE notitle, \
  DATA using (HI):(y($0)):(grouped(column(SERVED))) with labels right offset screen 0.18, 0 textcolor rgb RED notitle, \
  DATA using (LO * 1.001):(y($0)):(note_of(strcol("note"), 90)) with labels left offset 1, 0 textcolor rgb BLACK notitle
set output
