# What the two set-up scripts share: their options --store and --what-if, their lines, and how they call the verbs. It is
# sourced, and sets what they use:
# shellcheck shell=bash disable=SC2034

me=${0##*/}
lync=00000004-0000-0ff1-ce00-000000000000  # our own principal
store=()    # --store=PATH, or nothing
what_if=()  # --what-if, or nothing
ca=()       # --ca-file=PATH, or nothing

check_programs() {
  command -v get-partner-application > /dev/null && return
  printf "%s: the verbs of Accord are not on the PATH.\n  Try    : PATH=build/release/bin:\$PATH in a clone\n" "$me" >&2
  exit 1
}

usage_error() {
  printf '%s: %s\n  Try    : %s --help\n' "$me" "$1" "$me" >&2
  exit 2
}

step=     # what is being done, for the lines that are printed
scratch=  # a folder, once there is need of one

finish() {
  local status=$?
  [ -z "$scratch" ] || rm -rf "$scratch"
  if [ "$status" -ne 0 ] && [ -n "$step" ]; then
    printf "%s: stopped at step '%s' with exit code %d; it may be run again.\n" "$me" "$step" "$status" >&2
  fi
}
trap finish EXIT

# One line about a step: what was found, what was changed.
found() {
  printf '%s: %s\n' "$step" "$1"
}
changed() {
  printf '%s%s: %s\n' "${what_if[*]:+What if: }" "$step" "$1"
}

# fetch NAME SOURCE: reads a metadata document once, from a URL or a file, checks it, and keeps it for the verb that
# registers it. Its path is then in 'fetched'.
fetch() {
  local words=(--quiet --raw)
  scratch=${scratch:-$(mktemp -d)}
  fetched=$scratch/$1
  [[ ${2,,} != https://* ]] || words+=("${ca[@]}")
  get-auth-metadata "--source=$2" "${words[@]}" > "$fetched"
}

# Runs a verb that changes something.
change() {
  "$@" "${store[@]}" "${what_if[@]}" > /dev/null
}

# read_record VERB IDENTITY PROPERTIES: puts the properties into the array 'record'; false if there is no such record.
# The last of them must not be empty.
read_record() {
  local values status=0
  local command=("$1" "--identity=$2" "${store[@]}" --property "$3" --output value)
  values=$("${command[@]}" --quiet --error-action silently-continue) || status=$?
  case $status in
    0) mapfile -t record <<< "$values" ;;
    3) return 1 ;;
    *)
      "${command[@]}" > /dev/null || true  # once more, for its message
      exit "$status"
      ;;
  esac
}

# Words as one would type them.
typed() {
  local word line=
  for word; do
    [[ $word =~ ^[A-Za-z0-9_./:@%+=,-]+$ ]] || word=${word@Q}
    line+="$word "
  done
  printf '%s' "${line% }"
}

# one_change LINE...: several verbs, each as typed() writes it, as one change: all of them or none.
one_change() {
  printf '%s\n' "$@" | invoke-batch - --atomic "${store[@]}" "${what_if[@]}" > /dev/null
}

check_certificate() {
  local states use=(--type OAuthTokenIssuer --identity global)
  step='token-issuer certificate'
  states=$(get-certificate --type OAuthTokenIssuer "${store[@]}" --property State --output value)
  grep -qx Current <<< "$states" || {
    printf '%s: no token-issuer certificate is assigned. Either of these does that, once for the deployment:\n' "$me"
    printf '    %s\n' \
      "$(typed request-certificate --new --self-signed "${use[@]}" "${store[@]}")" \
      "$(typed import-certificate --path issuer.pfx --password-file password.txt "${use[@]}" "${store[@]}")"
    exit 3
  } >&2
  found 'as it should be'
}

# setting NAME WAS WANTED
setting() {
  step=$1
  if [ "$2" = "$3" ]; then
    found 'as it should be'
  else
    changed "set to '$3' (was '$2')"
  fi
}
