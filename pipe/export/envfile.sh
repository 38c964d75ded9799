{ __bitbucket_token_set=$- __bitbucket_token_id=@ID@; set +vx; } 2>/dev/null
# Made by the pipe. Load it with "." in any POSIX shell: it exports the variables and, if asked to, first puts a filter
# between the shell and the log that replaces the token by ***. All its names start with __bitbucket_token_.
for __bitbucket_token_one in a C e f u T; do
  case $__bitbucket_token_set in *"$__bitbucket_token_one"*) set +"$__bitbucket_token_one" ;; esac
done
# A DEBUG trap of bash sees the text of each command.
__bitbucket_token_debug=
case ${BASH_VERSION-} in ?*) __bitbucket_token_debug=$(trap -p DEBUG) && trap - DEBUG ;; esac
__bitbucket_token_how=
@STREAMS@
if [ "$__bitbucket_token_how" != redirected ]; then
@REMOVE@
@FILTER@
@EXPORTS@
@GIT@
fi
for __bitbucket_token_one in a C e f u T v x; do
  case $__bitbucket_token_set in
    *"$__bitbucket_token_one"*) __bitbucket_token_again=${__bitbucket_token_again-}$__bitbucket_token_one ;;
  esac
done
# In one command, whose parts are known before the first is run: what follows "set -x" would be traced.
# Last comes the failure, if this is one: it ends a shell with "set -e".
case $__bitbucket_token_how in redirected) __bitbucket_token_how='command false' ;; *) __bitbucket_token_how= ;; esac
eval "unset __bitbucket_token_set __bitbucket_token_id __bitbucket_token_one __bitbucket_token_debug
unset __bitbucket_token_again __bitbucket_token_how __bitbucket_token_pid
$__bitbucket_token_debug
${__bitbucket_token_again+set -$__bitbucket_token_again}
$__bitbucket_token_how"
