# The shell, not a subshell of it? $$ is the same in both; what /proc says is not.
__bitbucket_token_pid=$$
if [ -r /proc/self/stat ]; then
  IFS=' ' read -r __bitbucket_token_pid __bitbucket_token_one </proc/self/stat || :
fi

case " ${__bitbucket_token_loaded-} " in
  *" $$:$__bitbucket_token_id "*)
    # Loaded before: all output of this shell goes through this filter already.
    __bitbucket_token_how=loaded ;;
  *)
    case $__bitbucket_token_set in
      *i*)
        if [ -t 0 ] && [ -t 2 ]; then
          echo "bitbucket-token: this shell talks to a person, so what it prints is not masked." >&2
          __bitbucket_token_how=person
        fi ;;
    esac ;;
esac

# Is there a redirection around the line that loads this file? After it the shell brings back the streams that it has
# put aside, and to them nothing could be masked. Until then it keeps them at 10 or above and from other programs, by the
# flag O_CLOEXEC (02000000 in octal, as proc_pid_fdinfo(5) shows it), or, in zsh, by closing them there. What users open
# is not kept so. Those that bash keeps from 60 on, and a terminal opened for job control, are the shell's own.
__bitbucket_token_told="bitbucket-token: NOT LOADED, for there is a redirection around the line that loads the token, \
and so the log could not be masked. Load it in a line of its own, without a redirection."
__bitbucket_token_last= __bitbucket_token_trace=
if [ -z "$__bitbucket_token_how" ]; then
  # All names are known before the first is opened, which puts a stream aside as well.
  for __bitbucket_token_one in "/proc/$__bitbucket_token_pid/fdinfo"/*; do
    __bitbucket_token_one=${__bitbucket_token_one##*/}
    case $__bitbucket_token_one:${BASH_VERSION-} in ?:* | *[!0-9]*:* | [6-9]?:?* | ???*:?*) continue ;; esac
    __bitbucket_token_file=/proc/$__bitbucket_token_pid/fd/$__bitbucket_token_one
    [ -e "$__bitbucket_token_file" ] && [ ! "$__bitbucket_token_file" -ef /dev/null ] || continue
    case $__bitbucket_token_set in *[im]*) [ ! "$__bitbucket_token_file" -ef /dev/tty ] || continue ;; esac
    __bitbucket_token_kept=
    while IFS= read -r __bitbucket_token_line; do
      case $__bitbucket_token_line:${ZSH_VERSION-} in
        flags:*[2367]?????[12]:*) __bitbucket_token_kept=yes ;;
        flags:*[12]:?*) __bitbucket_token_kept=maybe ;;
      esac
    done <"/proc/$__bitbucket_token_pid/fdinfo/$__bitbucket_token_one"
    case $__bitbucket_token_kept in
      '') continue ;;
      maybe)
        ! command sh -c "[ -e /proc/self/fd/$__bitbucket_token_one ]" || continue
        # While zsh traces this line, it has one copy of standard error.
        if [ "$__bitbucket_token_file" -ef /proc/self/fd/2 ]; then
          case $__bitbucket_token_set in *x*) __bitbucket_token_trace=${__bitbucket_token_trace}x ;; esac
          [ "$__bitbucket_token_trace" != x ] || continue
        fi ;;
    esac
    __bitbucket_token_how=redirected
    # Told there below, or already?
    [ ! "$__bitbucket_token_file" -ef /proc/self/fd/1 ] && [ ! "$__bitbucket_token_file" -ef /proc/self/fd/2 ] &&
      [ ! "$__bitbucket_token_file" -ef "$__bitbucket_token_last" ] || continue
    __bitbucket_token_last=$__bitbucket_token_file
    # Others than bash cannot name a descriptor of two digits. A pipe that nobody reads is not waited for.
    if [ -n "${BASH_VERSION-}" ]; then
      echo "$__bitbucket_token_told" >&"$__bitbucket_token_one"
    elif [ -p "$__bitbucket_token_file" ]; then
      echo "$__bitbucket_token_told" 1<>"$__bitbucket_token_file"
    else
      echo "$__bitbucket_token_told" >>"$__bitbucket_token_file"
    fi 2>/dev/null || :
  done
  # Without that /proc only bash can tell: it has files open that a program does not get.
  case $__bitbucket_token_one:${BASH_VERSION-} in
    '*':?*)
      for __bitbucket_token_one in 10 11 12 13 14 15 16 17 18 19; do
        [ ! -e "/dev/fd/$__bitbucket_token_one" ] || command sh -c "[ -e /dev/fd/$__bitbucket_token_one ]" ||
          __bitbucket_token_how=redirected
      done ;;
  esac
fi
case $__bitbucket_token_how in
  redirected)
    echo "$__bitbucket_token_told" 2>/dev/null || :
    [ /proc/self/fd/1 -ef /proc/self/fd/2 ] || echo "$__bitbucket_token_told" >&2 || : ;;
esac
unset __bitbucket_token_told __bitbucket_token_file __bitbucket_token_kept __bitbucket_token_line
unset __bitbucket_token_last __bitbucket_token_trace
