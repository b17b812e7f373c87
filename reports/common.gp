# SPDX-License-Identifier: MIT
# common.gp - terminal, fonts and colours of all pictures. A picture's script sets
# TERMINAL, OUT, WIDTH and HEIGHT and loads this.
#
# Colours are Okabe and Ito's, which people with any kind of colour vision can tell
# apart; shapes differ too.
if (TERMINAL eq "png") {
  set terminal pngcairo noenhanced size WIDTH, HEIGHT font "DejaVu Sans,11" linewidth 1.2 background "#ffffff"
} else {
  set terminal svg noenhanced size WIDTH, HEIGHT font "DejaVu Sans,Verdana,sans-serif,14" linewidth 1.2 background "#ffffff"
}
set output OUT
set encoding utf8
set datafile separator "\t"
set datafile missing "null"
set datafile columnheaders

BLUE = "#0072b2"
ORANGE = "#e69f00"
GREEN = "#009e73"
PINK = "#cc79a7"
SKY = "#56b4e9"
RED = "#d55e00"
YELLOW = "#f0e442"
BLACK = "#000000"
INK = "#222222"
PALE = "#dddddd"
# Yellow is for areas only: a yellow line cannot be seen on white.
area_colour(i) = word(sprintf("%s %s %s %s %s %s %s", BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW), i % 7 + 1)
line_colour(i) = word(sprintf("%s %s %s %s %s %s %s %s", BLUE, ORANGE, GREEN, PINK, SKY, RED, BLACK, "#888888"), i % 8 + 1)
shape(i) = int(word("7 5 9 11 13 4 6 8", i % 8 + 1))

# 1234567 as 1,234,567
group3(n) = n < 1000 ? sprintf("%.0f", n) : group3(int(n / 1000)) . sprintf(",%03.0f", n - 1000 * int(n / 1000))
grouped(x) = x == x ? group3(floor(x + 0.5)) : ""
# Three digits that count: 0.12, 12.3, 1,234; nothing for what is missing (NaN)
short(x) = x == x ? (x >= 100 || x <= -100 ? (x < 0 ? "-" : "") . grouped(abs(x)) : abs(x) >= 10 ? sprintf("%.1f", x) : sprintf("%.2f", x)) : ""
# At most n characters.
cut(s, n) = strlen(s) > n ? s[1:n - 3] . "..." : s
note_of(s, n) = s eq "-" ? "" : cut(s, n)
set tics textcolor rgb INK
set border linecolor rgb "#888888"

# Tic labels of a logarithmic axis: powers of ten, digits in groups.
power_text(p) = p >= 0 ? grouped(10.0 ** p) : sprintf("%g", 10.0 ** p)
