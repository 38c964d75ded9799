@ENGINE@
__bitbucket_token_new=
# In ksh93 a ( ) is no process of its own: the filter would be the shell's child, and "wait" would wait for it.
case $__bitbucket_token_how${KSH_VERSION-} in '' | @*)
  for __bitbucket_token_one in "${TMPDIR:-/tmp}" /tmp /var/tmp /dev/shm; do
    case $__bitbucket_token_one in /*) ;; *) continue ;; esac
    command -v rm >/dev/null 2>&1 || break
    # mkdir fails if anything of that name is there, so nobody can have prepared it.
    __bitbucket_token_new=$__bitbucket_token_one/bitbucket-token.$__bitbucket_token_pid.$__bitbucket_token_id
    if command mkdir -m 700 "$__bitbucket_token_new" 2>/dev/null; then
      command mkfifo -m 600 "$__bitbucket_token_new/out" "$__bitbucket_token_new/err" 2>/dev/null && break
      command rm -rf "$__bitbucket_token_new" 2>/dev/null || :
    fi
    __bitbucket_token_new=
  done ;;
esac

if [ -n "$__bitbucket_token_new" ]; then
  # From a file and not from an argument: arguments show in process lists.
  command cat 2>/dev/null >"$__bitbucket_token_new/forms" <<'@ID@' || :
@MASKS@
@ID@
  for __bitbucket_token_one in perl awk escaped sed any; do
    if __bitbucket_token_probe "$__bitbucket_token_one"; then
      __bitbucket_token_how=$__bitbucket_token_one
      break
    fi
  done
fi

case $__bitbucket_token_how in
  loaded | person) ;;
  '')
    echo "bitbucket-token: the log of this shell is not masked: that needs mkfifo and sed or awk." >&2
    [ -z "$__bitbucket_token_new" ] || command rm -rf "$__bitbucket_token_new" 2>/dev/null || : ;;
  *)
    # Both streams to one place: one filter, so that their lines stay in order.
    __bitbucket_token_err=err
    if [ /proc/self/fd/1 -ef /proc/self/fd/3 ] 3>&2 2>/dev/null; then __bitbucket_token_err=out; fi

    # What else is the log, as after "exec 3>&1" or "exec {BASH_XTRACEFD}>&2", goes the same way. Others than bash cannot
    # name a descriptor of two digits; those that bash keeps from 60 on are its own.
    __bitbucket_token_more=
    __bitbucket_token_close=
    for __bitbucket_token_one in /proc/self/fd/*; do
      case ${__bitbucket_token_one##*/}:${BASH_VERSION-} in [012*]:* | ??*: | [6-9]?:* | ???*:*) continue ;; esac
      if [ "$__bitbucket_token_one" -ef /proc/self/fd/1 ]; then
        __bitbucket_token_line=1
      elif [ "$__bitbucket_token_one" -ef /proc/self/fd/2 ]; then
        __bitbucket_token_line=2
      else
        continue
      fi
      __bitbucket_token_one=${__bitbucket_token_one##*/}
      __bitbucket_token_more="$__bitbucket_token_more exec $__bitbucket_token_one>&$__bitbucket_token_line;"
      __bitbucket_token_close="$__bitbucket_token_close exec $__bitbucket_token_one>&-;"
    done

    # A grandchild: not in the shell's list of jobs, and "wait" does not wait for it. It ends when the last process
    # closes its end of the FIFO, ignores what is sent to the whole group before that, holds no other file of the
    # shell open, and says that it has ended by removing the directory. A filter that could not start opens the FIFO
    # all the same, so that the shell, which waits for that below, goes on, and stops at its next line of output.
    ( (
      trap '' HUP INT QUIT TERM
      unset POSIXLY_CORRECT
      if [ -n "${BASH_VERSION-}" ]; then
        for __bitbucket_token_one in /proc/self/fd/*; do
          case ${__bitbucket_token_one##*/} in ? | *[!0-9]*) continue ;; esac
          eval "exec ${__bitbucket_token_one##*/}>&-"
        done
      fi
      if [ "$__bitbucket_token_err" = err ]; then
        (
          exec >&2 2>/dev/null
          __bitbucket_token_filter "$__bitbucket_token_how" "$__bitbucket_token_new/err" ||
            [ ! -p "$__bitbucket_token_new/err" ] || : <"$__bitbucket_token_new/err"
        ) &
      fi
      exec 2>/dev/null
      __bitbucket_token_filter "$__bitbucket_token_how" "$__bitbucket_token_new/out" ||
        [ ! -p "$__bitbucket_token_new/out" ] || : <"$__bitbucket_token_new/out"
      exec >/dev/null
      wait
      command rm -rf "$__bitbucket_token_new"
    ) </dev/null 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- & )

    # Opening a FIFO waits for its reader, and the reader opens it after it has read the forms.
    exec >"$__bitbucket_token_new/out"
    if [ "$__bitbucket_token_err" = err ]; then
      exec 2>"$__bitbucket_token_new/err"
    else
      exec 2>&1
    fi
    eval "$__bitbucket_token_more"

    # The user's own EXIT trap, if there is one. In a subshell bash and yash show that of the shell around it, which
    # does not run there, until a trap is set or reset.
    [ "$__bitbucket_token_pid" = "$$" ] || trap - WINCH
    __bitbucket_token_one=
    __bitbucket_token_keep() {
      case $2:$1 in
        *:-) ;;
        *:*__bitbucket_token_end*) __bitbucket_token_one=${__bitbucket_token_trap-} ;;
        EXIT:* | 0:*) __bitbucket_token_one=$1 ;;
      esac
    }
    case ${BASH_VERSION-} in
      '') trap ;;
      *) trap -p EXIT ;;
    esac >"$__bitbucket_token_new/trap"
    [ ! -s "$__bitbucket_token_new/trap" ] ||
      eval "$(command sed 's/^trap -- /__bitbucket_token_keep /' "$__bitbucket_token_new/trap")"
    __bitbucket_token_trap=$__bitbucket_token_one
    command rm -f "$__bitbucket_token_new/forms" "$__bitbucket_token_new/script" "$__bitbucket_token_new/probe" \
      "$__bitbucket_token_new/trap" "$__bitbucket_token_new/out" "$__bitbucket_token_new/err" || :
    # Of several filters in a row the first ends last.
    [ "${__bitbucket_token_shell-}" = "$__bitbucket_token_pid" ] || __bitbucket_token_first=$__bitbucket_token_new
    __bitbucket_token_shell=$__bitbucket_token_pid
    __bitbucket_token_path=$PATH
    __bitbucket_token_loaded="${__bitbucket_token_loaded-} $$:$__bitbucket_token_id "

    # Closes the shell's ends of the FIFOs and waits for the filters, which write the last lines now: for 2 s at most,
    # since a process left in the background may keep the FIFOs open for longer.
    __bitbucket_token_end() {
      PATH=$__bitbucket_token_path
      # The input first: mksh may keep open what it turns aside first.
      exec </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
      eval "$__bitbucket_token_close"
      for __bitbucket_token_one in 0.01 0.01 0.02 0.05 0.1 0.2 0.3 0.5 0.8; do
        [ -d "$__bitbucket_token_first" ] || break
        command sleep "$__bitbucket_token_one" || { command sleep 2; break; }
      done
    }

    # Lets the user's trap see the status of the shell. Where "exit" can be a function, it keeps that trap from
    # leaving without the wait above.
    __bitbucket_token_begin() {
      case ${BASH_VERSION:+:$SHELLOPTS:} in
        '' | *:posix:*) ;;
        *)
          eval 'exit() {
            set -- "${1-$?}"
            { set +x; } 2>/dev/null
            [ "$BASHPID" != "$__bitbucket_token_shell" ] || __bitbucket_token_end
            builtin exit "$@"
          }' ;;
      esac
      return "$1"
    }

    # A trap that the user sets from now on takes the place of this one, as does "exec PROGRAM": the filters still
    # write every line, but the shell's end no longer waits for them.
    if [ -n "$__bitbucket_token_trap" ]; then
      trap 'if { __bitbucket_token_begin "$?"; } 2>/dev/null; then eval "$__bitbucket_token_trap"
else eval "$__bitbucket_token_trap"; fi
{ set +eux; } 2>/dev/null; __bitbucket_token_end' EXIT
    else
      trap '{ set +eux; } 2>/dev/null; __bitbucket_token_end' EXIT
    fi ;;
esac
unset __bitbucket_token_new __bitbucket_token_line __bitbucket_token_err __bitbucket_token_more
unset -f __bitbucket_token_filter __bitbucket_token_feed __bitbucket_token_awk __bitbucket_token_sed
unset -f __bitbucket_token_probe __bitbucket_token_keep 2>/dev/null || :
