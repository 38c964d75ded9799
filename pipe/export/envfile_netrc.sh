    # Whether a file of logins has one for that host, or for all, as has_login in git.py finds out. On Windows it has another name.
    __bitbucket_token_netrc() {
      (
        unset IFS
        set -f
        for __bitbucket_token_file in .netrc ${OS:+_netrc}; do
          __bitbucket_token_file=${HOME:?}/$__bitbucket_token_file
          [ -f "$__bitbucket_token_file" ] || continue
          __bitbucket_token_after=
          for __bitbucket_token_word in $(
            command head -c 65536 "$__bitbucket_token_file" | LC_ALL=C command tr 'A-Z"\r\000' 'a-z   ' |
              LC_ALL=C command sed '/^[[:blank:]]*#/d'
          ); do
            case $__bitbucket_token_after:$__bitbucket_token_word in
              machine:"$1" | :default) exit 0 ;;
              :machine | :login | :password | :account | :macdef) __bitbucket_token_after=$__bitbucket_token_word ;;
              *) __bitbucket_token_after= ;;
            esac
          done
        done
        exit 1
      ) 2>/dev/null || return
      echo "bitbucket-token: .netrc has a login for $1, which git passes over, but git-lfs does not; see docs/git.md." >&2
    }
