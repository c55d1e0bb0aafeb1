// Records that come in over a pipeline, one JSON object a line, as `get-* --output jsonl` writes them
// (spec/commands.md 3): each stands for one call.
#pragma once

#include <string_view>
#include <vector>

#include "lib/app/binder.h"
#include "lib/app/verb.h"

namespace accord {

struct PipedRecord {
  std::size_t line = 0;  // from 1
  RecordValues values = {};
};

// The whole stream is judged before the first call. Fails with Pipeline.Invalid, whose `line` says where: no
// JSON object, a property that the type does not have, or one that is needed and not there.
[[nodiscard]] Result<std::vector<PipedRecord>> read_records(std::string_view text, const RecordInput& input);

}  // namespace accord
