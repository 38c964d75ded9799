# The forms of the token come from the file $ARGV[0], what is to be masked from the file or FIFO $ARGV[1]. Whatever
# stretch of 16 or more bytes of it is a piece of a form becomes ***, and so does a whole form that is shorter.
($file, $log) = @ARGV;
open F, "<", $file or exit 1;
chomp(@form = <F>);
close F;
# The shell has waited for this.
open L, "<", $log or exit 1;
for (@form) {
  if (length() < 16) { push @short, quotemeta; next }
  next if index($all, $_) >= 0;
  $all .= "\n$_";
  $longest = length() if $longest < length();
  # Wherever a piece of 16 bytes stands, one of every twelfth five bytes of the log is within it.
  for $i (0 .. 4) { @five{unpack "(a5)*", substr $_, $i} = () }
}

sub short {
  my ($text) = @_;
  $text =~ s/$_/***/g for @short;
  $text;
}

# No form holds a newline, so it makes no difference how many lines there are.
sub mask {
  my ($text) = @_;
  my ($out, $from) = ("", 0);
  # In parts, for a list of all that a long line holds would need a multiple of its room.
  for (my $part = 0; $longest && $part < length $text; $part += 65532) {
    my ($at, $bytes) = ($part - 12, substr $text, $part, 65532);
    for my $five (unpack "(a5x7)*", $bytes . "\0" x (-length($bytes) % 12)) {
      $at += 12;
      next if !exists $five{$five} || $at < $from;
      my $start = 1 + rindex $text, "\n", $at;
      for ($from, $at - 11) { $start = $_ if $start < $_ }
      my $line = index $text, "\n", $at;
      $line = length $text if $line < 0;
      $start++ while $start <= $at && !piece($text, $start, 16, $line);
      next if $start > $at;
      # What other pieces overlap with this one is masked with it.
      my $end = $start + 1;
      for (my $next = $start; $next < $end; $next++) {
        next if !piece($text, $next, 16, $line);
        # The longest piece that begins here.
        my ($low, $high) = (16, 1 + ($longest < $line - $next ? $longest : $line - $next));
        while ($high - $low > 1) {
          my $middle = $low + $high >> 1;
          piece($text, $next, $middle, $line) ? ($low = $middle) : ($high = $middle);
        }
        $end = $next + $low;
        $next = $end - 16;
      }
      $out .= short(substr $text, $from, $start - $from) . "***";
      $from = $end;
    }
  }
  $out .= short(substr $text, $from);
  while (length $out) {
    my $count = syswrite STDOUT, $out;
    defined $count or exit 1;
    substr($out, 0, $count, "");
  }
}

sub piece { $_[1] + $_[2] <= $_[3] && index($all, substr $_[0], $_[1], $_[2]) >= 0 }

while (sysread L, $read, 65536) {
  $end = 1 + rindex $read, "\n";
  $end or $rest .= $read, next;
  mask($rest . substr $read, 0, $end);
  $rest = substr $read, $end;
}
mask($rest);
