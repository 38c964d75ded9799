# Writes the file (or FIFO) $2 masked, each line at once, in the way $1: the first of these that the machine can do.
#   perl     takes what there is and masks it as a whole, so it costs least.
#   awk      is that of gawk or busybox, which pass NUL bytes on.
#   escaped  is any awk between two of GNU sed, which keep NUL bytes from it.
#   sed      is GNU sed alone. It knows the forms of the token, but no pieces of them.
#   any      is any awk. Those that come this far lose what stands behind a NUL byte.
# The shell goes on when a FIFO is opened, and removes the forms, so these are read before that.
__bitbucket_token_filter() {
  case $1 in
    perl) LC_ALL=C PERL5OPT='' command perl -f -C0 -e '@PERL@' "$__bitbucket_token_new/forms" "$2" 2>/dev/null ;;
    awk) __bitbucket_token_feed 000 "$2" | __bitbucket_token_awk ;;
    escaped)
      # Of the four only the last tells its status. If awk could not start, nobody may have opened the FIFO.
      __bitbucket_token_feed 000 "$2" | __bitbucket_token_sed 's/\x01/\x01\x02/g; s/\x00/\x01\x03/g' |
        __bitbucket_token_awk | __bitbucket_token_sed 's/\x01\x03/\x00/g; s/\x01\x02/\x01/g'
      [ ! -p "$2" ] ;;
    sed) __bitbucket_token_sed '' -f "$__bitbucket_token_new/script" "$2" ;;
    any) __bitbucket_token_feed 130 "$2" | __bitbucket_token_awk ;;
  esac
}

# All in one stream, at whose end no awk can mistake the last line.
__bitbucket_token_feed() {
  command cat "$__bitbucket_token_new/forms"
  command printf "%s\\nx\\$1y\\n%s\\n" @ID@ @ID@
  command cat "$2"
  command printf '%s\n' @ID@
}

# mawk needs an option to read line by line.
__bitbucket_token_awk() {
  set --
  case $(command awk -W version 2>/dev/null </dev/null) in mawk*) set -- -W interactive ;; esac
  LC_ALL=C command awk "$@" '@AWK@' 2>/dev/null
}

# GNU sed always flushes what it writes to its special file /dev/stderr. With -u it would read byte by byte.
__bitbucket_token_sed() { LC_ALL=C command sed -n -e "$@" -e 'w /dev/stderr' 2>&1 >/dev/null; }

# True if nothing but * comes out for every form of the token.
__bitbucket_token_probe() {
  case $1 in
    escaped | sed) case $(command sed --version 2>/dev/null) in *'(GNU sed)'*) ;; *) return 1 ;; esac ;;
  esac
  if [ "$1" = sed ]; then
    LC_ALL=C command sed 's|[\/.*^$[]|\\&|g
s|.*|s/&/***/g|' "$__bitbucket_token_new/forms" 2>/dev/null >"$__bitbucket_token_new/script" || return 1
  fi
  __bitbucket_token_filter "$1" "$__bitbucket_token_new/forms" >"$__bitbucket_token_new/probe" 2>/dev/null || return 1
  [ -s "$__bitbucket_token_new/probe" ] || return 1
  while IFS= read -r __bitbucket_token_line; do
    case $__bitbucket_token_line in '' | *[!*]*) return 1 ;; esac
  done <"$__bitbucket_token_new/probe"
}
