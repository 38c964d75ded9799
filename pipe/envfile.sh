{ __bitbucket_token_set=$- __bitbucket_token_id=@ID@; set +vx; } 2>/dev/null
# Made by the pipe. Load it with "." in any POSIX shell: it exports the variables at its end and, before that, puts
# a filter between the shell and the log that replaces the token by ***. Every name here starts with
# __bitbucket_token_; what is needed only while loading is unset again.
set +aCefu
@FILTER@
@EXPORTS@
@REMOVE@
for __bitbucket_token_flag in a C e f u v x; do
  case $__bitbucket_token_set in
    *"$__bitbucket_token_flag"*) __bitbucket_token_again=${__bitbucket_token_again-}$__bitbucket_token_flag ;;
  esac
done
# In one command, so that nothing is traced after the trace is on again.
eval "unset __bitbucket_token_set __bitbucket_token_id __bitbucket_token_flag __bitbucket_token_again
${__bitbucket_token_again+set -$__bitbucket_token_again}"
