#include "lib/app/topics.h"

#include <array>

namespace accord {
namespace {

constexpr std::string_view kOutput =
    R"(What verbs print

Standard output carries data only. Warnings, errors, --verbose and --what-if lines go to standard error.

--output FORM (also --format) chooses:
  list    Name : value, a block a record; what a record of more than four properties prints as
  table   a line a record; what a record of four properties or fewer prints as. Of long records it shows
          what fits on a line; --property chooses others
  json    one object where the call concerns one thing, else an array
  jsonl   one object a line
  yaml    the same data as json
  csv     RFC 4180, with a header
  value   only the values, one a line: the form for $( )

--property A,B selects and orders the properties. Times are RFC 3339 in UTC.
--where 'EXPRESSION' keeps the records for which it is true (accord help where); --sort 'DaysLeft desc, Identity'
puts them in order, null first; --first N keeps the first N of what is left.
set-* and remove-* print nothing unless --pass-thru; new-* and import-* print the record that is now stored.
With --output json or jsonl an error is one JSON object on standard error:
  {"error":{"id":"…","category":"…","target":"…","message":"…","try":"…"},"exitCode":3}
)";

constexpr std::string_view kTime =
    R"(Times and durations

A point in time is written in any of these forms; without a zone it is UTC:
  2026-11-24T06:30:00Z      2026-11-24 06:30      2026-11-24      2026-11-24T07:30:00+01:00
  7/21/2015 1:00:00 PM      +30m      -5m      +2d      @1700000000      now
A duration:
  90s  4m  8h  60d  2w  5y (365 d each)      PT8H      P1DT12H
)";

constexpr std::string_view kEnvironment =
    R"(Environment variables

  ACCORD_STORE      the store to use when --store is not given
  ACCORD_KEY_FILE   the store key; default: the store's path with .key behind it
  XDG_DATA_HOME     the default store is accord/store.db in this folder …
  HOME              … or in .local/share here; that of root is /var/lib/accord/store.db
  NO_COLOR, TERM, COLUMNS   how a terminal is written to
No others are read, and none in a set-uid process. None sets the clock or relaxes a check.
)";

constexpr std::string_view kWhere =
    R"(Expressions of --where

  get-partner-application --where 'Enabled -eq $false'
  get-certificate --where 'DaysLeft -lt 60 -and Use -eq "OAuthTokenIssuer"' --sort DaysLeft
  get-partner-application --where 'Identity -like "ex*" -or Realm -in "contoso.com", "litwareinc.com"'
  get-certificate --where 'NotAfter -lt "+30d"'

Quote the whole for the shell with '…', text inside it with "…" or '…'. A name is a property; $_.Name is the same, and
braces around the whole are dropped, so that a block of Where-Object can be pasted.
  -eq -ne -lt -le -gt -ge           text without regard to case; dates, numbers and Booleans by value
  -like -notlike                    * ? [a-z]
  -match -notmatch                  a regular expression, anywhere in the text
  -in -notin                        one of 'a', 'b'
  -contains -notcontains            a list property that has this item
  -ceq, -clike …                    with regard to case
  -not !  -and -or -xor             -and, -or and -xor bind alike, from left to right, as in PowerShell: use ( )
  $true $false $null
A list property on the left is true where any of its items is.
)";

constexpr std::string_view kPipeline =
    R"(Verbs with other verbs and programs

  get-partner-application --where 'Enabled -eq $false' --output jsonl | remove-partner-application - --confirm=false
  get-partner-application --output jsonl | set-partner-application - --application-trust-level application

"-" in the place of the identity reads records, one JSON object a line. The whole stream is one transaction: an error
names its line and nothing is changed. remove verbs ask before each of several records, --confirm before any:
Yes, Yes to All, No (this one is left as it is), No to All.

  invoke-batch partners.batch --atomic          one verb a line, all or nothing
Words are quoted as in a shell, $ is not special, # begins a comment. Without --atomic each line is a change of its own.
The first line that does not end in 0 stops the batch and gives it its exit code; --error-action continue goes on.

  get-partner-application --output jsonl        one record a line, for other programs
  thumbprint=$(get-certificate --type Default --property Thumbprint --output value)
  new-oauth-token --partner exchange | test-oauth-token - --as-partner exchange
No verb waits for input in a script: a question without a terminal to ask on ends in exit code 9 and names
--confirm=false. An exact identity that is not there is exit code 3; a listing without a match is empty and 0.
)";

constexpr std::array<Topic, 5> kTopics = {{
    {"output", kOutput},
    {"time", kTime},
    {"environment", kEnvironment},
    {"pipeline", kPipeline},
    {"where", kWhere},
}};

}  // namespace

std::span<const Topic> topics() {
  return kTopics;
}

}  // namespace accord
