# First come the forms of the token, then what is to be masked, and @ID@ after each. Whatever stretch of 16 or more
# bytes is a piece of a form becomes ***, and so does a whole form that is shorter.
function short(text,   i, at, out) {
  for (i = 1; i <= shorts; i++) {
    out = ""
    while (at = index(text, form[i])) {
      out = out substr(text, 1, at - 1) "***"
      text = substr(text, at + length(form[i]))
    }
    text = out text
  }
  return text
}
BEGIN { ORS = "" }
state == 4 {
  # That was not yet the end.
  if (ended) print "@ID@\n"
  n = length($0)
  ended = substr($0, n - @LENGTH@) == "@ID@"
  if (ended) n -= @LENGTH@ + 1
  from = 1
  # Some awks measure a text whenever they cut it, so a long line is read in parts.
  for (p = 1; p + 15 <= n && longest; p += 6000) {
    text = n > 6004 ? substr($0, p, 6004) : $0
    last = length(text) - 4
    for (i = 1; i <= last; i += 12) {
      if (substr(text, i, 5) in five) at = p + i - 1
      else continue
      if (at < from) continue
      start = at - 11 < from ? from : at - 11
      while (start <= at && !(start + 15 <= n && index(all, substr($0, start, 16)))) start++
      if (start > at) continue
      # What other pieces overlap with this one is masked with it.
      end = start + 1
      for (k = start; k < end && k + 15 <= n; k++) {
        if (!index(all, substr($0, k, 16))) continue
        # The longest piece that begins here.
        low = 16
        high = 1 + (longest < n - k + 1 ? longest : n - k + 1)
        while (high - low > 1) {
          middle = int((low + high) / 2)
          if (index(all, substr($0, k, middle))) low = middle
          else high = middle
        }
        end = k + low
        k = end - 16
      }
      before = substr($0, from, start - from)
      print shorts ? short(before) : before
      print "***"
      from = end
    }
  }
  text = from == 1 && !ended ? $0 : substr($0, from, n - from + 1)
  print shorts ? short(text) : text
  if (!ended) {
    if (nul && RT != "\n") printf "%c", 0
    else print "\n"
  }
  fflush()
  next
}
state == 0 && $0 == "@ID@" { state = 1; next }
state == 0 {
  n = length($0)
  if (n < 16) { form[++shorts] = $0; next }
  if (index(all, $0)) next
  all = all "\n" $0
  if (longest < n) longest = n
  # Wherever a piece of 16 bytes stands, one of every twelfth five bytes of the log is within it.
  for (p = 1; p <= n; p += 500) {
    text = substr($0, p, 504)
    for (i = length(text) - 4; i > 0; i--) five[substr(text, i, 5)]
  }
  next
}
# "x", NUL, "y": some awks hold NUL bytes; for that of busybox, a NUL ends a line, and RT tells; others lose the rest.
state == 1 && /^x..?y$/ { state = 3; next }
state == 1 && $0 == "x" && RT == "" { state = 2; next }
state == 2 && $0 == "y" && RT == "\n" { nul = 1; state = 3; next }
state == 3 { state = 4; next }
{ exit 1 }
